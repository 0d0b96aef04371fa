"""At the real names: a path is at its own host only, and what of it is on port 80.

Tencent names https addresses alone, and what its port 80 says is recorded nowhere. Here
it is a choice: pages lead to the same address by https, as links of the web are full of
`http://open.weixin.qq.com`; scripts, pictures and calls are answered as they are by
https, since profiles do name pictures by http.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask, Response, abort, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

from . import hosts
from .api.dialect import error_body, fresh_rid
from .current import addresses, named_host, world
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


def by_http(app: Flask) -> "WSGIApplication":
    """The same simulator on WeChat's port 80."""

    def answer(
        environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        asked = Request(environ)
        if asked.host.partition(":")[0].lower() != hosts.OPEN:
            return app(environ, start_response)
        with app.app_context():
            there = f"{addresses().open}{asked.full_path.rstrip('?')}"
        # What is posted is posted there again.
        code = 302 if asked.method in ("GET", "HEAD") else 307
        return redirect(there, code)(environ, start_response)

    return answer
