"""The one way to WeChat: pooled, verified, bounded, and silent about secrets.

Rules, and where they come from:

- One deadline over names, connect, TLS, headers and body (see `deadline`), and
  at most 256 kB of body: an endless answer must not fill the memory.
- Compressed answers are refused. None is asked for, and a small one can unpack to
  gigabytes.
- Redirects are not followed; WeChat's API sends none, and the query holds secrets.
- Certificates are verified, by the bundle requests would use, read once.
- Connecting is tried twice, or once where there is another host to ask. A request that
  may have left is never repeated here, except one that does no harm, on a pooled
  connection found dead: an authorization code can be exchanged once
  (developers.weixin.qq.com, "code ... 只能使用一次").
- No proxy is taken from the environment: the AppSecret would travel by a variable
  that was set for something else. OUTBOUND_PROXY names one; this machine, where a
  simulator is, is reached without it.
- requests and urllib3 write the whole URL, secret included, into messages and debug
  lines. Their exceptions end here, without a chain. Their loggers lose the query, for
  the whole process: a filter on a logger sees a line before any handler does, whoever
  set the level. Other users of urllib3 in the process lose their queries too, which is
  the safe side.
"""

import http.client
import logging
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import ClassVar

from requests.adapters import DEFAULT_CA_BUNDLE_PATH
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError
from urllib3.util import parse_url
from urllib3.util.ssl_ import create_urllib3_context

from wxlogin.config.host_names import is_loopback
from wxlogin.config.outbound import Proxy
from wxlogin.net import faults
from wxlogin.net.deadline import Trip
from wxlogin.net.pools import PlainPool, TlsPool

# Connections kept per host. More may be open at once; these many stay.
POOL_SIZE = 32

HEADERS = {
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "User-Agent": "wxlogin",
}
# A form is 47001, and so is a body whose type says nothing.
POST_HEADERS = {**HEADERS, "Content-Type": "application/json; charset=utf-8"}

# The loggers of urllib3 that are given a URL (urllib3 2.x).
LOGGERS = (
    "urllib3.connectionpool",
    "urllib3.connection",
    "urllib3.poolmanager",
    "urllib3.response",
    "urllib3.util.retry",
)

_NETWORK_ERRORS = (HTTPError, http.client.HTTPException, OSError, ValueError)


@dataclass(frozen=True, slots=True)
class Response:
    """An answer, whatever its status: the address without its query, and the body."""

    status_code: int
    url: str
    headers: Mapping[str, str]
    content: bytes = field(repr=False)


class Transport:
    """The connections to WeChat, shared by all threads and logins of a process.

    It holds no cookie, no token and nothing else of a login. It answers with
    the body already read; an error is a `WeChatUnavailable` whose facts say which
    `fault` it was, at which `stage`, and whether the request was `sent`: if not, an
    authorization code is as good as before.
    """

    plain: ClassVar[type[PlainPool]] = PlainPool
    tls: ClassVar[type[TlsPool]] = TlsPool

    def __init__(self, proxy: Proxy | None = None) -> None:
        """`proxy` is what all leaves by that is not for this machine."""
        self._proxy = proxy
        self._pools: dict[str, PlainPool | TlsPool] = {}
        self._tls_context: ssl.SSLContext | None = None

    def get(self, url: str, trip: Trip) -> Response:
        """GET an absolute URL; raises `WeChatUnavailable`, never anything else."""
        return self._answer(url, trip, None)

    def post(self, url: str, body: bytes, trip: Trip) -> Response:
        """POST a JSON text to an absolute URL; raises as `get`."""
        return self._answer(url, trip, body)

    def _answer(self, url: str, trip: Trip, body: bytes | None) -> Response:
        origin, target = _split(url)
        failure = self._try(origin, target, trip, body)
        if _worth_another_try(failure, trip):
            failure = self._try(origin, target, trip, body)
        if isinstance(failure, Response):
            return failure
        # Raised outside of any `except`, so that no chain leads to the URL.
        raise faults.explain(failure, trip, host=origin)

    def close(self) -> None:
        """Close idle connections. The transport can be used again afterwards."""
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            pool.close()

    def _try(
        self, origin: str, target: str, trip: Trip, body: bytes | None
    ) -> Response | Exception:
        trip.sent = False
        method, headers = ("GET", HEADERS) if body is None else ("POST", POST_HEADERS)
        try:
            raw = self._pool(origin).ask(
                method, target, trip, headers=headers, body=body
            )
            trip.stage = "body"
            return _response(raw, origin + target.partition("?")[0], trip.most_bytes)
        except _NETWORK_ERRORS as error:
            return error

    def _pool(self, origin: str) -> PlainPool | TlsPool:
        pool = self._pools.get(origin)
        if pool is None:
            # Two threads may both make one; the loser's is empty and goes.
            pool = self._pools.setdefault(origin, self.new_pool(origin))
        return pool

    def new_pool(self, url: str) -> PlainPool | TlsPool:
        """Connections to where this URL leads, kept by nobody yet."""
        place = parse_url(url)
        host = place.host or ""
        pool = self._pool_to(host, place.port, place.scheme)
        pool.way_out = None if is_loopback(host) else self._proxy
        return pool

    def _pool_to(
        self, host: str, port: int | None, scheme: str | None
    ) -> PlainPool | TlsPool:
        if scheme == "http":
            return self.plain(host, port, maxsize=POOL_SIZE)
        if self._tls_context is None:
            self._tls_context = tls_context()
        context = self._tls_context
        return self.tls(host, port, maxsize=POOL_SIZE, ssl_context=context)


@cache
def shared(proxy: Proxy | None = None) -> Transport:
    """The transport of this process, by this proxy."""
    return Transport(proxy)


def tls_context() -> ssl.SSLContext:
    """TLS 1.2 or newer, names checked, against the bundle requests would use.

    Like requests it honours REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE, and beside them
    SSL_CERT_FILE and SSL_CERT_DIR; else certifi's bundle. Reading a bundle takes
    some 20 ms, so one context serves all connections.
    """
    context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
    context.check_hostname = True
    names = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
    chosen = next((os.environ[name] for name in names if os.environ.get(name)), "")
    bundle = Path(chosen or DEFAULT_CA_BUNDLE_PATH)
    if bundle.is_dir():
        context.load_verify_locations(capath=bundle)
    else:
        context.load_verify_locations(cafile=bundle)
    return context


def _split(url: str) -> tuple[str, str]:
    """`https://host:port` and the rest, which begins with a slash."""
    cut = url.index("/", url.index("://") + 3)
    return url[:cut], url[cut:]


def _response(raw: BaseHTTPResponse, url: str, most: int) -> Response:
    """The answer with its body read and its query forgotten."""
    try:
        body = read_body(raw, most)
    except BaseException:
        raw.close()
        raise
    finally:
        raw.release_conn()
    # Two headers are of use: one tells whether our clock is right, by the other the
    # picture host says that it has no picture (see `wechat.avatars`).
    headers = {name: raw.headers.get(name, "") for name in ("Date", "X-ErrNo")}
    return Response(raw.status, url, headers, body)


def read_body(raw: BaseHTTPResponse, most: int) -> bytes:
    """The whole body, of at most so many bytes. Raises a fault where it is longer, cut
    or packed."""
    if raw.headers.get("Content-Encoding", "identity") != "identity":
        raise faults.Encoded
    body = raw.read(most + 1, decode_content=False)
    if len(body) > most:
        raise faults.TooLong
    if raw.length_remaining:
        raise faults.Cut
    return body


def _worth_another_try(outcome: Response | Exception, trip: Trip) -> bool:
    if isinstance(outcome, Response) or trip.deadline.remaining() <= 0:
        return False
    if not trip.sent:
        if trip.another:
            return False
        # A certificate that was refused is refused again.
        return faults.fault_of(outcome) not in ("certificate", "tls")
    return trip.repeatable and trip.reused and trip.stage == "headers"


class WithoutQuery(logging.Filter):
    """Cuts every argument of a log line at its first question mark."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_cut(arg) for arg in record.args)
        # A traceback below such a line repeats the URL in its own words.
        record.exc_info = None
        return True


def cut_queries_from_logs() -> None:
    """Put the filter on urllib3's loggers; a second call changes nothing."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(known, WithoutQuery) for known in logger.filters):
            logger.addFilter(WithoutQuery())


def _cut(arg: object) -> object:
    text = str(arg) if isinstance(arg, BaseException) else arg
    if isinstance(text, str) and "?" in text:
        return text.partition("?")[0] + "?…"
    return text


cut_queries_from_logs()
