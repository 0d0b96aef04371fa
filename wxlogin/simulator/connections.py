"""The simulator's connections: by TLS or without, and one deadline for each request.

A thread serves each of them, as many requests as the client sends: WeChat keeps
connections, and a new thread for each request would be half of what one costs. TLS is
spoken in that thread and not where connections are taken, so a client that never says
hello holds up nobody. A time-out per read would be no deadline: a byte a second keeps
it from ever running out.
"""

import contextlib
import io
import logging
import re
import socket
import ssl
import sys
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_log = logging.getLogger(__name__)

#: Seconds for a request, head and body together, and for TLS's hello; also those that
#: a connection waits for its next request.
_REQUEST_SECONDS = 20.0
#: Seconds for each piece of an answer.
_ANSWER_SECONDS = 60.0
#: A body up to this is read before the application sees the request.
_BODY_BYTES = 64 * 1024
_LENGTH = re.compile(r"[0-9]{1,9}")
_LATE_TEXT = (
    "请求没有在限定时间内传完，请检查网络后重试。\n"
    "The request did not arrive in time. Check your connection and try again.\n"
).encode()
_LATE = (
    b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n"
    b"Cache-Control: no-store\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(_LATE_TEXT), _LATE_TEXT)
)
#: What a client says in TLS that does not know who signed.
_DISTRUST = ("UNKNOWN_CA", "CERTIFICATE_UNKNOWN", "BAD_CERTIFICATE")


class _Reader(io.RawIOBase):
    """The socket for reading; TimeoutError once the request's time is over."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.begin()

    def begin(self) -> None:
        self._until = time.monotonic() + _REQUEST_SECONDS
        self.begun = self.late = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            self._sock.settimeout(max(self._until - time.monotonic(), 0.001))
            count = self._sock.recv_into(buffer)
        except TimeoutError:
            self.late = True
            raise
        finally:
            self._sock.settimeout(_ANSWER_SECONDS)
        if not self.begun:
            # The time before the first byte is the connection's, not the request's.
            self._until = time.monotonic() + _REQUEST_SECONDS
        self.begun = True
        return count


class _Handler(WSGIRequestHandler):
    """No access log, whose lines would hold codes and secrets; of an error its kind."""

    server: "Connections"
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        context = self.server.ssl_context
        if context is not None:
            self.request.settimeout(_REQUEST_SECONDS)
            self.request = context.wrap_socket(self.request, server_side=True)
        super().setup()
        self.rfile.close()
        self._reader = _Reader(self.connection)
        self.rfile = io.BufferedReader(self._reader)

    def finish(self) -> None:
        self.server.works(self.connection)
        super().finish()
        if isinstance(self.connection, ssl.SSLSocket):
            # A clean end of TLS, as far as the client takes it at once.
            with contextlib.suppress(OSError, ValueError):
                self.connection.settimeout(0)
                self.connection.unwrap()
            self.connection.close()

    def handle_one_request(self) -> None:
        self._reader.begin()
        self.server.waits(self.connection)
        super().handle_one_request()
        if self._reader.late and self._reader.begun:
            # Said by hand: what send_error writes depends on how far parsing came.
            self.wfile.write(_LATE)

    def run_wsgi(self) -> None:
        """Reads the body before the application does, which could not say 408."""
        length = self.headers.get("Content-Length", "0")
        chunked = "Transfer-Encoding" in self.headers
        if chunked or not _LENGTH.fullmatch(length) or int(length) > _BODY_BYTES:
            self.close_connection = True
            super().run_wsgi()
            return
        connection, self.rfile = self.rfile, io.BytesIO(self.rfile.read(int(length)))
        self.server.works(self.connection)
        try:
            self.close_connection = not self._answer()
        finally:
            self.rfile = connection

    def _answer(self) -> bool:
        """Answers the request; whether the connection can take another one."""
        said: list[Any] = []

        def start_response(status: str, headers: list[Any], _: Any = None) -> None:
            said[:] = status, headers

        answer = self.server.app(self.make_environ(), start_response)  # type: ignore[arg-type]
        try:
            status, headers = said
            return self._write(status, headers, answer)
        except OSError:
            return False  # the client has gone, or a fault says so
        except Exception:
            self.log("error", "")
            return False
        finally:
            if hasattr(answer, "close"):
                answer.close()

    def _write(
        self, status: str, headers: list[tuple[str, str]], body: Iterable[bytes]
    ) -> bool:
        given = {name.lower(): value for name, value in headers}
        bare = self.command == "HEAD" or status[:3] in ("204", "304")
        length = 0 if bare else int(given.get("content-length", -1))
        keeps = (
            not self.close_connection
            and self.request_version == self.protocol_version
            and length >= 0
            and not self.server.closing
        )
        lines = [f"{self.protocol_version} {status}"]
        lines += [f"{name}: {value}" for name, value in headers]
        lines += [f"Date: {self.date_time_string()}"]
        lines += ["Connection: close", ""] if not keeps else [""]
        written = 0
        # Head and body in one piece, as far as the body is there.
        waiting = "\r\n".join([*lines, ""]).encode("latin-1")
        for piece in body:
            self.wfile.write(waiting + (b"" if bare else piece))
            waiting = b""
            written += len(piece)
        if waiting:
            self.wfile.write(waiting)
        # A body of another length than was said would be read as the next answer.
        return keeps and (bare or written == length)

    def log_error(self, format: str, *args: Any) -> None:
        if not self._reader.late:
            super().log_error(format, *args)

    def log(self, type: str, message: str, *args: object) -> None:
        if type == "error":
            _log.error("a request to the simulator failed")


class Connections(ThreadedWSGIServer):
    """werkzeug's server on `host` and `port`; with `tls` it speaks https.

    Raises OSError, or SystemExit after a sentence of werkzeug's, where the port is
    taken.
    """

    def __init__(
        self,
        host: str,
        port: int,
        app: "WSGIApplication",
        tls: ssl.SSLContext | None,
    ) -> None:
        self._waiting: set[socket.socket] = set()
        #: Whether the port is closed: no connection is kept any more.
        self.closing = False
        super().__init__(host, port, app, _Handler)
        # Not handed to werkzeug, which would speak TLS where connections are taken.
        self.ssl_context = tls
        self._complained = False

    def waits(self, connection: socket.socket) -> None:
        """Nothing is under way on this connection."""
        self._waiting.add(connection)
        if self.closing:
            _hear_no_more(connection)

    def works(self, connection: socket.socket) -> None:
        """A request of this connection is being answered."""
        self._waiting.discard(connection)

    def server_close(self) -> None:
        self.closing = True
        super().server_close()
        for connection in list(self._waiting):
            _hear_no_more(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exception()
        if isinstance(error, ssl.SSLError):
            if not self._complained and any(w in str(error) for w in _DISTRUST):
                self._complained = True
                print(
                    "a client does not trust the simulator's certificate authority",
                    file=sys.stderr,
                    flush=True,
                )
        elif not isinstance(error, OSError):
            _log.error("a connection to the simulator failed")


def _hear_no_more(connection: socket.socket) -> None:
    """What has come is read, and then the end. TLS is not told, which would lose it."""
    with contextlib.suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RD)
