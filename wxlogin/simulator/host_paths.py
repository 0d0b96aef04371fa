"""At the real names: a path is at its own host only."""

from flask import Flask, Response, abort, request

from . import hosts
from .api.dialect import error_body, fresh_rid
from .current import named_host, world
from .refusals import ApiError


def keep_paths_at_their_hosts(app: Flask) -> None:
    """Refuse a path that WeChat does not have at the host of the request.

    A page's host has a 404, that of the calls its own error for a wrong path. Names
    that are not WeChat's have everything.
    """

    @app.before_request
    def _refuse_elsewhere() -> Response | None:
        host = named_host()
        if host not in hosts.NAMES or hosts.has(host, request.path):
            return None
        if host not in hosts.API:
            abort(404)
        error, rid = ApiError(40066), fresh_rid(world().now())
        return Response(
            error_body(error, request.path, rid, ""), content_type="text/plain"
        )
