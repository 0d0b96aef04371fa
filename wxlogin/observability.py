"""Logs with a request id, JSON for machines and lines for people, and what they never
hold.

Two nets keep secrets out: values under a telling name are masked whatever they
are, and texts are searched for `name=value` pairs with such a name (security
rows 30, 31, 95). Our own code passes no secret to a log in the first place.
"""

import logging
import os
import re
import secrets
import sys
from collections.abc import Iterator, MutableMapping
from datetime import datetime
from functools import cache
from time import perf_counter
from typing import Any, cast

import structlog
from flask import Flask, current_app, g, has_request_context, request
from werkzeug.wrappers import Response

from wxlogin import metrics, tracing
from wxlogin.config import Settings

MASK = "•••"
_NAMES = (
    r"(?:app)?_?secret(?:_key|_previous)?|(?:js_)?code|state|(?:access|refresh)_?token|token|"
    r"id_token_hint|code_verifier|"
    r"(?:session|encryption|aes|operator|signing)_?keys?|password|authorization|"
    r"(?:set-)?cookie"
)
_SECRET_NAME = re.compile(rf"(?:.*_)?(?:{_NAMES})", re.I)
# A name begins after anything that is no letter or digit, also after an encoded
# `?` or `&`; its value ends where a query, a list or a quoted text goes on.
_PAIR = re.compile(
    rf"(?i)(?:(?<![a-z0-9])|(?<=%3f)|(?<=%26))(?<!status_)({_NAMES})"
    r"([\"']?\s*(?:[=:]|%3d)\s*[\"']?)([^\s&\"',;)}\]]+)"
)
# The values of these headers hold blanks; nothing behind them is kept.
_HEADER = re.compile(r"(?i)\b(authorization|cookie)([\"']?\s*[=:]\s*).+")
_BEARER = re.compile(r"(?i)\b(bearer\s+)[\w.~+/=-]{8,}")
# Line ends, terminal controls, directions of writing, and halves of characters.
_CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
# Asked all the time, and nothing happens there.
_UNLOGGED = (
    *("/healthz", "/readyz", "/metrics", "/auth", "/static/<path:filename>"),
    "/login/scan/<ticket>/state",
)
# What neither net has anything to find in: no blank, no quotation mark and no sign
# between a name and its value.
_HARMLESS = re.compile(r"[A-Za-z0-9_./<>-]*")
# ANSI, for a terminal that shows colours.
_COLOURS = {"debug": 2, "warning": 33, "error": 31, "critical": 31}
# What needs no quotation marks behind `name=`.
_BARE = re.compile(r"[^\s\"'=]+")
# nginx writes 32 hexadecimal digits, others a UUID.
_REQUEST_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{7,63}")
_BELIEVES = "wxlogin.believes_request_ids"
# A public, stable word of ours that happens to be called code.
_OPEN_NAMES = {"errcode", "status_code", "problem"}


@cache
def get_logger() -> structlog.stdlib.BoundLogger:
    """Our logger. structlog's configuration belongs to the process, which may be
    somebody else's application (`wxlogin.flask`): it is neither read nor changed."""
    logger = structlog.wrap_logger(
        logging.getLogger("wxlogin"),
        processors=[*_shared(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    return cast(structlog.stdlib.BoundLogger, logger)


def request_id() -> str:
    """The id of this request, shown on error pages and in each log line.

    The one that a believed proxy gave it (`X-Request-Id`), so that its log and ours
    speak of the same; otherwise one of our own.
    """
    if not has_request_context():
        return ""
    if "request_id" not in g:
        given = request.headers.get("X-Request-Id", "")
        believed = _BELIEVES in current_app.extensions and _REQUEST_ID.fullmatch(given)
        g.request_id = given if believed else secrets.token_hex(8)
    return cast(str, g.request_id)


def redact(text: str) -> str:
    """The text with the values of telling names masked, on one line."""
    if _HARMLESS.fullmatch(text):
        return text
    flat = _CONTROL.sub(lambda match: repr(match.group())[1:-1], text)
    flat = _BEARER.sub(rf"\1{MASK}", _HEADER.sub(rf"\1\2{MASK}", flat))
    return _PAIR.sub(rf"\1\2{MASK}", flat)


def setup_logging(settings: Settings) -> None:
    """Sends our logger's lines to standard error, in our form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(log_formatter(settings))
    logger = logging.getLogger("wxlogin")
    logger.handlers[:] = [handler]
    logger.propagate = False
    logger.setLevel(settings.log_level.upper())


def log_formatter(settings: Settings) -> logging.Formatter:
    """A line an event as LOG_FORMAT says, without secrets; for the server's own log,
    too."""
    terminal = sys.stderr.isatty()
    as_text = settings.log_format == "text"
    if settings.log_format == "auto":
        as_text = terminal
    # https://no-color.org
    coloured = terminal and not os.environ.get("NO_COLOR")
    render = _Line(coloured) if as_text else _JSON
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_shared(),
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _mask,
            render,
        ],
    )


_JSON = structlog.processors.JSONRenderer(ensure_ascii=False)


class _Line:
    """`21:04:05 warning: not ready why="no answer" request_id=…`, and a traceback below
    it, on lines that nobody takes for ours: a name in it may come from outside."""

    def __init__(self, coloured: bool) -> None:
        self._coloured = coloured

    def __call__(
        self, _logger: object, _name: str, event: MutableMapping[str, Any]
    ) -> str:
        at = datetime.fromisoformat(event.pop("timestamp")).astimezone()
        level, trace = event.pop("level"), event.pop("exception", "")
        front = f"{at:%H:%M:%S} {level}:"
        if self._coloured and level in _COLOURS:
            front = f"\x1b[{_COLOURS[level]}m{front}\x1b[0m"
        line = " ".join((front, event.pop("event"), *self._facts(event)))
        return "\n    ".join((line, *filter(None, trace.split(_LINE_END))))

    def _facts(self, event: MutableMapping[str, Any]) -> Iterator[str]:
        for name, value in event.items():
            if value is not None and value != "":
                text = str(value)
                yield f"{name}={text if _BARE.fullmatch(text) else _quoted(text)}"


def _quoted(text: str) -> str:
    """In marks that do not stand in it, so that it cannot end and go on as a fact."""
    if '"' in text and "'" not in text:
        return f"'{text}'"
    return '"' + text.replace('"', r"\x22") + '"'


# As `redact` writes one.
_LINE_END = "\\n"


def _shared() -> list[Any]:
    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_request_id,
    ]


def log_requests(app: Flask, settings: Settings) -> None:
    """One line a request: the route, never the URL, which may hold a code. Also how
    long it took, for metrics."""
    if settings.trusted_proxies:
        app.extensions[_BELIEVES] = True

    @app.before_request
    def _begin() -> None:
        g.began = perf_counter()

    @app.after_request
    def _log(response: Response) -> Response:
        seconds = perf_counter() - g.get("began", perf_counter())
        metrics.REQUEST_SECONDS.at(request.endpoint or "").observe(seconds)
        rule = request.url_rule.rule if request.url_rule else None
        if rule not in _UNLOGGED:
            get_logger().info(
                "request",
                method=request.method,
                route=rule,
                status=response.status_code,
                address=request.remote_addr,
            )
        response.headers["X-Request-Id"] = request_id()
        return response


def _add_request_id(
    _logger: object, _name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    if found := request_id():
        event["request_id"] = found
    if found := tracing.trace_id():
        event["trace_id"] = found
    return event


def _mask(
    _logger: object, _name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    return {name: _masked(name, value) for name, value in event.items()}


def _masked(name: str, value: Any) -> Any:
    if name not in _OPEN_NAMES and _SECRET_NAME.fullmatch(name):
        return MASK
    if isinstance(value, dict):
        return {str(key): _masked(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(name, inner) for inner in value]
    if isinstance(value, int | float | None):
        return value
    return redact(str(value))
