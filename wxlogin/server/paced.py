"""werkzeug's development server, with one deadline for each request.

It has a thread for every connection, so a slow client holds up nobody; the deadline
sees to it that the threads do not pile up. A time-out per read is none: a byte a
second keeps it from ever running out.
"""

import io
import re
import socket
import time
from typing import Any

from werkzeug.serving import WSGIRequestHandler

from wxlogin.server.bounds import BODY_BYTES, LATE, REQUEST_SECONDS

#: Seconds for each piece of an answer.
_ANSWER_SECONDS = 60.0
_LENGTH = re.compile(r"[0-9]{1,9}")


class _PacedReader(io.RawIOBase):
    """The socket for reading; TimeoutError once the request's time is over."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.begin()

    def begin(self) -> None:
        self._until = time.monotonic() + REQUEST_SECONDS
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


class PacedHandler(WSGIRequestHandler):
    """Reads each request under one deadline; too late is 408 and the end."""

    def setup(self) -> None:
        super().setup()
        self.rfile.close()
        self._reader = _PacedReader(self.connection)
        self.rfile = io.BufferedReader(self._reader)

    def handle_one_request(self) -> None:
        self._reader.begin()
        super().handle_one_request()
        if self._reader.late and self._reader.begun:
            # Said by hand: what send_error writes depends on how far parsing came.
            self.wfile.write(LATE)

    def log_error(self, format: str, *args: Any) -> None:
        if not self._reader.late:
            super().log_error(format, *args)

    def run_wsgi(self) -> None:
        """Reads the body before the application does, which could not say 408."""
        length = self.headers.get("Content-Length", "0")
        chunked = "Transfer-Encoding" in self.headers
        if chunked or not _LENGTH.fullmatch(length) or int(length) > BODY_BYTES:
            super().run_wsgi()
            return
        connection, self.rfile = self.rfile, io.BytesIO(self.rfile.read(int(length)))
        try:
            super().run_wsgi()
        finally:
            self.rfile = connection
