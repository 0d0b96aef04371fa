"""What machines ask: alive? ready? what may be called? is this domain yours?

VERIFY_FILES: Tencent's consoles hand out a text file such as MP_verify_XXXX.txt and
fetch it from the root of the domain, or from the path, that was entered there
(developers.weixin.qq.com/doc/service/guide/h5/auth.html). The answer has to be the
file and nothing else: no page around it, no byte-order mark, no line end that was not
there. They are served under PUBLIC_URL's path, and at the root of the host too where
the proxy sends such requests here.
"""

from collections.abc import Mapping

from flask import Blueprint, Flask, Response, current_app, jsonify
from werkzeug.wrappers import Response as AnyResponse

from wxlogin.errors import NotFound, Unready, WxloginError
from wxlogin.flows.readiness import current_readiness, init_readiness
from wxlogin.observability import get_logger, request_id
from wxlogin.service import running
from wxlogin.web import edge, shapes
from wxlogin.web.openapi import document, operation

bp = Blueprint("ops", __name__)

_CONTRACT = "wxlogin.openapi"


def init_ops(app: Flask) -> None:
    init_readiness(app)


@bp.get("/healthz")
@operation({200: shapes.Alive})
def healthz() -> Response:
    """The process answers."""
    return jsonify(shapes.Alive(status="ok"))


@bp.get("/readyz")
@operation({200: shapes.Ready, 503: shapes.NotReady})
def readyz() -> Response:
    """Can somebody sign in here now? 200 or 503, within three seconds.

    No visitor reads it: a refusal is JSON in one language. What is wrong is for the
    log, to be found by the number (security row 103).
    """
    try:
        current_readiness().ask()
    except WxloginError as error:
        return _unready(error.operator, error.facts)
    except Exception as error:
        return _unready(type(error).__name__, {})
    return jsonify(shapes.Ready(status="ready"))


def _unready(why: str, facts: Mapping[str, object]) -> Response:
    get_logger().warning("not ready", why=why, **facts)
    told = shapes.NotReady(status="unready", code="unready", request_id=request_id())
    response = jsonify(told)
    response.status_code = 503
    response.headers["Retry-After"] = str(Unready.retry_after)
    return response


@bp.get("/api/openapi.json")
@operation({200: shapes.Document})
def contract() -> AnyResponse:
    """This document."""
    made = current_app.extensions
    if _CONTRACT not in made:
        # It is the same as long as the process runs, and takes a tenth of a second.
        made[_CONTRACT] = document(current_app, running().settings)
    return edge.let_all_read(jsonify(made[_CONTRACT]))


@bp.get("/<name>.txt")
def verify_file(name: str) -> Response:
    """The verification file of this name, byte for byte. Raises NotFound."""
    content = running().settings.verify_files.get(f"{name}.txt")
    if content is None:
        raise NotFound("no verification file has this name")
    return Response(content.encode("utf-8"), mimetype="text/plain")
