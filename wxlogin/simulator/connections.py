"""The simulator's connections: by TLS or without, and one deadline for each request.

A thread serves each of them. TLS is spoken in that thread and not where connections are
taken, so a client that never says hello holds up nobody. A time-out per read would be
no deadline: a byte a second keeps it from ever running out.
"""

import contextlib
import io
import logging
import re
import socket
import ssl
import sys
import time
from typing import Any

from flask import Flask
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

_log = logging.getLogger(__name__)

#: Seconds for a request, head and body together, and for TLS's hello.
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
        self.begun = True
        return count


class _Handler(WSGIRequestHandler):
    """No access log, whose lines would hold codes and secrets; of an error its kind."""

    server: "Connections"

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
        super().finish()
        if isinstance(self.connection, ssl.SSLSocket):
            # A clean end of TLS, as far as the client takes it at once.
            with contextlib.suppress(OSError, ValueError):
                self.connection.settimeout(0)
                self.connection.unwrap()
            self.connection.close()

    def handle_one_request(self) -> None:
        self._reader.begin()
        super().handle_one_request()
        if self._reader.late and self._reader.begun:
            # Said by hand: what send_error writes depends on how far parsing came.
            self.wfile.write(_LATE)

    def run_wsgi(self) -> None:
        """Reads the body before the application does, which could not say 408."""
        length = self.headers.get("Content-Length", "0")
        chunked = "Transfer-Encoding" in self.headers
        if chunked or not _LENGTH.fullmatch(length) or int(length) > _BODY_BYTES:
            super().run_wsgi()
            return
        connection, self.rfile = self.rfile, io.BytesIO(self.rfile.read(int(length)))
        try:
            super().run_wsgi()
        finally:
            self.rfile = connection

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
        self, host: str, port: int, app: Flask, tls: ssl.SSLContext | None
    ) -> None:
        super().__init__(host, port, app, _Handler)
        # Not handed to werkzeug, which would speak TLS where connections are taken.
        self.ssl_context = tls
        self._complained = False

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
