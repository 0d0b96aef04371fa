"""What machines ask: alive? ready? how much of what? what may be called? is this domain
yours?

VERIFY_FILES: Tencent's consoles hand out a text file such as MP_verify_XXXX.txt and
fetch it from the root of the domain, or from the path, that was entered there
(developers.weixin.qq.com/doc/service/guide/h5/auth.html). The answer has to be the
file and nothing else: no page around it, no byte-order mark, no line end that was not
there. They are served under PUBLIC_URL's path, and at the root of the host too where
the proxy sends such requests here.
"""

import hmac
import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING, cast

from flask import Blueprint, Flask, Response, current_app, jsonify, request
from werkzeug.wrappers import Response as AnyResponse

from wxlogin import metrics
from wxlogin.config.host_names import is_loopback
from wxlogin.db import db
from wxlogin.errors import KeyNeeded, NotFound, Unready, WxloginError
from wxlogin.flows.beside import Beside
from wxlogin.flows.readiness import current_readiness, init_readiness
from wxlogin.observability import get_logger, request_id
from wxlogin.service import running
from wxlogin.telling import delivery
from wxlogin.telling.outbox import Backlog
from wxlogin.web import edge, shapes
from wxlogin.web.hosts import names_this_machine
from wxlogin.web.openapi import document, operation

if TYPE_CHECKING:
    from prometheus_client.core import Metric

bp = Blueprint("ops", __name__)

_CONTRACT = "wxlogin.openapi"
_BACKLOG = "wxlogin.backlog"
# What a proxy adds: who asks is another one than who is connected to us.
_BY_A_PROXY = ("Forwarded", "Via", "X-Forwarded-For", "X-Real-Ip")


def init_ops(app: Flask) -> None:
    init_readiness(app)
    app.extensions[_BACKLOG] = Beside("backlog", app.app_context, delivery.backlog)


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


@bp.get("/metrics")
@edge.without_cookies
def read_metrics() -> Response:
    """What all workers have counted, for Prometheus. Raises KeyNeeded.

    While the database does not answer, what waits there is not told.
    """
    edge.answer_script()
    _require_reader()
    told = metrics.exposition(request.headers.get("Accept", ""), [*_readings()])
    return Response(told.text, content_type=told.media_type)


def _require_reader() -> None:
    expected = running().settings.metrics_token.get_secret_value()
    if expected:
        given = edge.bearer_token() or ""
        if not hmac.compare_digest(given.encode(), expected.encode()):
            raise KeyNeeded("METRICS_TOKEN is needed to read metrics")
        return
    proxied = any(name in request.headers for name in _BY_A_PROXY)
    here = is_loopback(request.remote_addr) and names_this_machine()
    if proxied or not here:
        raise KeyNeeded("without METRICS_TOKEN metrics are read on this machine alone")


def _readings() -> Iterator["Metric"]:
    tickets = "redis" if running().settings.redis_url else "database"
    database = db.engine.dialect.name
    runs_on = (version("wxlogin"), platform.python_version(), database, tickets)
    yield metrics.BUILD.of((runs_on, 1.0))
    try:
        waiting = cast(Beside[list[Backlog]], current_app.extensions[_BACKLOG]).ask()
    except WxloginError:
        return
    rows = [((one.way, one.site), one) for one in waiting]
    yield metrics.DELIVERIES_WAITING.of(*((at, one.count) for at, one in rows))
    yield metrics.DELIVERIES_OLDEST.of(*((at, one.oldest) for at, one in rows))


@bp.get("/<name>.txt")
def verify_file(name: str) -> Response:
    """The verification file of this name, byte for byte. Raises NotFound."""
    content = running().settings.verify_files.get(f"{name}.txt")
    if content is None:
        raise NotFound("no verification file has this name")
    return Response(content.encode("utf-8"), mimetype="text/plain")
