"""One client: what it has sent, what is on its way to it, and until when."""

import resource
import select
import socket
import time
from typing import Any, BinaryIO

from wxlogin.server.bounds import REPLY_BYTES
from wxlogin.server.incoming import Incoming
from wxlogin.server.presence import hung_up

#: Seconds that a thread waits until a slow reader has taken the rest of one piece.
_ROOM_SECONDS = 30.0
#: Descriptors for everything that is not a client: databases, logs, WeChat.
_OTHER_FILES = 256


class Reply:
    """What gunicorn takes for the client's socket: it keeps what cannot be sent yet.

    A client that reads slowly so holds its own connection and not the thread that
    answers it. An answer above REPLY_BYTES waits for room; TimeoutError after a
    while. Closing the connection is the worker's, so that no thread lingers with it.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._kept = bytearray()

    def is_gone(self) -> bool:
        """Is there nobody to answer any more? See server/presence.py."""
        return hung_up(self._sock)

    def sendall(self, data: bytes) -> None:
        self._kept += data
        if not self.flush() and len(self._kept) > REPLY_BYTES:
            self._wait_for_room()

    def send(self, data: bytes) -> int:
        self.sendall(data)
        return len(data)

    def sendfile(
        self, file: BinaryIO, offset: int = 0, count: int | None = None
    ) -> int:
        """As `socket.sendfile`; gunicorn asks for it where a file is the answer."""
        file.seek(offset)
        sent = 0
        while piece := file.read(65536 if count is None else min(65536, count - sent)):
            sent += self.send(piece)
        return sent

    def flush(self) -> bool:
        """Sends what the client takes now; whether that was everything.

        Raises OSError where it is gone.
        """
        while self._kept:
            try:
                sent = self._sock.send(self._kept)
            except BlockingIOError:
                return False
            del self._kept[:sent]
        return True

    def _wait_for_room(self) -> None:
        until = time.monotonic() + _ROOM_SECONDS
        poll = select.poll()
        poll.register(self._sock, select.POLLOUT)
        while not self.flush() and len(self._kept) > REPLY_BYTES:
            left = until - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                raise TimeoutError("the client does not read")

    def gettimeout(self) -> float:
        return 0.0

    def setblocking(self, flag: bool) -> None:
        """It never blocks."""

    def shutdown(self, how: int) -> None:
        raise OSError("the worker closes its connections")

    def close(self) -> None:
        """The worker closes it."""


class Connection:
    """A client's connection, from its opening to its end.

    `sock`, `client` and `server` are what gunicorn's `handle_request` asks for.
    """

    def __init__(self, sock: socket.socket, client: Any, server: Any, cfg: Any) -> None:
        sock.setblocking(False)
        self.raw = sock
        self.client, self.server = client, server
        self.sock = Reply(sock)
        self.incoming = Incoming(cfg, sock, client)
        #: Monotonic seconds at which the worker loses its patience.
        self.deadline = 0.0
        #: The request has begun, and the deadline is its own.
        self.in_request = False
        #: Another request may follow on the connection.
        self.keeps = False

    def close(self) -> None:
        self.raw.close()


def allowed_connections(wanted: int) -> int:
    """How many clients a worker may have; asks the system for enough descriptors."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = wanted + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < enough:
        soft = enough if hard == resource.RLIM_INFINITY else min(enough, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft >= enough or soft < 0 else max(soft - _OTHER_FILES, 16)
