"""Clients that keep a server waiting: they begin and then drip a byte a second."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_POST = b"POST /logout HTTP/1.1\r\nHost: 127.0.0.1\r\n"
_GET = b"GET /static/wxlogin-widget.js HTTP/1.1\r\nHost: 127.0.0.1\r\n"
#: What a client says at once, and what it then drips.
KINDS = {
    "nothing": (b"", b""),
    "head": (_GET + b"X-A: ", b"a"),
    "line": (b"GET /", b"a"),
    "body": (_POST + b"Content-Length: 60000\r\n\r\n", b"a"),
    "large body": (_POST + b"Content-Length: 600000\r\n\r\n", b"a"),
    "chunks": (_POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
    "a chunk": (_POST + b"Transfer-Encoding: chunked\r\n\r\nffff\r\n", b"a"),
    "a large chunk": (_POST + b"Transfer-Encoding: chunked\r\n\r\nfffffff\r\n", b"a"),
    "continue": (_POST + b"Content-Length: 99\r\nExpect: 100-continue\r\n\r\n", b""),
    "reading": (_GET + b"\r\n" + (_GET + b"\r\n") * 40, b""),
    "staying": (_GET + b"Connection: close\r\n\r\n", b""),
}


class Drippers:
    """Connections of one kind or several, each opened anew when it is closed."""

    def __init__(self, host: str, port: int, count: int, kinds: list[str]) -> None:
        self._address = (host, port)
        self._kinds = [kinds[number % len(kinds)] for number in range(count)]
        self._socks: list[socket.socket | None] = [None] * count
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._drip, daemon=True)
        #: How often a connection was closed by the server.
        self.closed = 0

    def start(self) -> None:
        for number in range(len(self._kinds)):
            self._open(number)
        self._thread.start()

    def stop(self) -> None:
        self._end.set()
        self._thread.join()
        for sock in self._socks:
            if sock is not None:
                sock.close()

    @property
    def open(self) -> int:
        return sum(sock is not None for sock in self._socks)

    def _open(self, number: int) -> None:
        kind = self._kinds[number]
        sock = socket.socket()
        if kind == "reading":
            # A small window, so that the server has to keep the answers.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        sock.settimeout(5)
        try:
            sock.connect(self._address)
            sock.sendall(KINDS[kind][0])
        except OSError:
            sock.close()
            return
        sock.setblocking(False)
        self._socks[number] = sock

    def _drip(self) -> None:
        while not self._end.wait(1.0):
            for number, kind in enumerate(self._kinds):
                sock = self._socks[number]
                if sock is None or self._is_over(sock, kind):
                    self.closed += sock is not None
                    if sock is not None:
                        sock.close()
                    self._socks[number] = None
                    self._open(number)

    def _is_over(self, sock: socket.socket, kind: str) -> bool:
        """Sends the next drop; whether the server has closed the connection."""
        try:
            if KINDS[kind][1]:
                sock.send(KINDS[kind][1])
            if kind in ("staying", "reading"):
                # It has its answer, does not go, and hardly reads.
                return kind == "reading" and not sock.recv(1)
            return not sock.recv(4096)
        except BlockingIOError:
            return False
        except OSError:
            return True


@contextmanager
def dripping(host: str, port: int, count: int, *kinds: str) -> Iterator[Drippers]:
    """`count` slow clients, of each of the kinds as many as of the others."""
    drippers = Drippers(host, port, count, list(kinds or KINDS))
    drippers.start()
    try:
        yield drippers
    finally:
        drippers.stop()


def answer_to(address: tuple[str, int], *pieces: bytes, timeout: float = 30) -> bytes:
    """Everything the server says to these bytes, until it closes."""
    with socket.create_connection(address, timeout=timeout) as sock:
        for piece in pieces:
            sock.sendall(piece)
        return b"".join(iter(lambda: sock.recv(65536), b""))
