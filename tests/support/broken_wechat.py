"""A WeChat of a few lines that can break in every way a network can."""

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

TOKENS = {
    "access_token": "68_access",
    "expires_in": 7200,
    "refresh_token": "68_refresh",
    "openid": "oExample0123456789_abcdefG-H",
    "scope": "snsapi_login",
    "unionid": "o6_bmasdasdsad6_2sgVt7hMZOPfL",
}
PROFILE = {
    "openid": "oExample0123456789_abcdefG-H",
    "nickname": "小明😀",
    "sex": 0,
    "language": "",
    "headimgurl": "http://thirdwx.qlogo.cn/mmopen/vi_32/ABC/132",
    "privilege": [],
    "unionid": "o6_bmasdasdsad6_2sgVt7hMZOPfL",
}


@dataclass(frozen=True)
class App:
    name: str = "web"
    appid: str = "wx0000000000000a01"
    secret: str = "MARKERsecret"
    kind: str = "website"
    secret_previous: str | None = None


class Wire:
    """The server's end of one connection."""

    def __init__(
        self, sock: socket.socket, stop: threading.Event, target: str = ""
    ) -> None:
        self.sock = sock
        self.target = target
        self._stop = stop

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def drip(self, data: bytes) -> None:
        """A byte every 30 ms, until the client has had enough or the test is over."""
        for byte in data:
            self.sock.sendall(bytes([byte]))
            if self._stop.wait(0.03):
                return

    def hang(self) -> None:
        """Say nothing until the test is over."""
        self._stop.wait(20)

    def reset(self) -> None:
        """Close with a TCP reset."""
        linger = struct.pack("ii", 1, 0)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.sock.close()


Behaviour = Callable[[Wire], None]


def head(length: int | None, status: str = "200 OK", extra: str = "") -> bytes:
    size = "" if length is None else f"Content-Length: {length}\r\n"
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\n{size}{extra}\r\n".encode()
    )


def says(body: object, status: str = "200 OK", extra: str = "") -> Behaviour:
    """Answer with bytes, or with an object as JSON in WeChat's raw UTF-8."""
    if not isinstance(body, bytes):
        body = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return lambda wire: wire.send(head(len(body), status, extra) + body)


@dataclass
class Server:
    """Plays one behaviour per request, in order; the last one stays."""

    script: list[Behaviour] = field(default_factory=lambda: [says(TOKENS)])
    #: Path and query of every request, as they came.
    targets: list[str] = field(default_factory=list)
    #: And their bodies.
    bodies: list[bytes] = field(default_factory=list)
    connections: int = 0
    #: Speak TLS in this context; do this before, at every connection.
    tls: ssl.SSLContext | None = None
    greeting: Behaviour | None = None

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def will(self, *behaviours: Behaviour) -> "Server":
        self.script = list(behaviours)
        return self

    def queries(self) -> list[dict[str, str]]:
        found = [parse_qs(urlsplit(target).query) for target in self.targets]
        return [{key: texts[0] for key, texts in query.items()} for query in found]

    def close(self) -> None:
        self._stop.set()
        # accept() is woken by shutdown; close alone leaves it waiting.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(timeout=10)

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(sock,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        sock.settimeout(10)
        try:
            with self._wrapped(sock) as stream:
                while target := self._request(stream):
                    self._next(target)(Wire(stream, self._stop, target))
        except OSError:
            pass  # the client has had enough, or a refused handshake
        finally:
            sock.close()

    def _wrapped(self, sock: socket.socket) -> socket.socket:
        if self.greeting:
            self.greeting(Wire(sock, self._stop))
        return self.tls.wrap_socket(sock, server_side=True) if self.tls else sock

    def _request(self, sock: socket.socket) -> str | None:
        data = b""
        while (missing := _missing(data)) != 0:
            sock.settimeout(0.05)
            try:
                more = sock.recv(min(missing, 65536))
            except TimeoutError:
                if self._stop.is_set():
                    return None
                continue
            if not more:
                return None
            data += more
        sock.settimeout(10)
        self.bodies.append(data.partition(b"\r\n\r\n")[2])
        return data.split(b" ", 2)[1].decode()

    def _next(self, target: str) -> Behaviour:
        with self._lock:
            self.targets.append(target)
            return self.script.pop(0) if len(self.script) > 1 else self.script[0]


def _missing(data: bytes) -> int:
    """How much may be read of a request before the next one begins."""
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        return 1 if data.endswith(b"\r") else 4096
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2]) - len(body)
    return 0
