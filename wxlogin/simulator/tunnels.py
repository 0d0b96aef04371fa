"""A proxy that knows WeChat's names and no other, for where no network can be made.

A client asks it for `CONNECT api.weixin.qq.com:443` and is led to the simulator; TLS is
between those two, so the proxy sees nothing of it. Any other name is 403: whoever uses
the proxy reaches nobody by mistake.
"""

import select
import socket
import struct
from collections.abc import Iterable
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread
from types import TracebackType
from typing import Self

from . import hosts

_SECONDS = 30.0
_LINE = 8192
_REFUSED = (
    b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
    b"only WeChat's names exist here, by https\n"
)
_LED = b"HTTP/1.1 200 Connection established\r\n\r\n"


class Tunnels(ThreadingTCPServer):
    """The proxy on `port` of 127.0.0.1, or a free one; a context manager.

    `simulator` is the port that WeChat's names lead to. `sites` are names of the
    program's own that lead to this machine, on whichever port.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(
        self, simulator: int, sites: Iterable[str] = (), port: int = 0
    ) -> None:
        super().__init__(("127.0.0.1", port), _Tunnel)
        self._simulator, self._sites = simulator, {name.lower() for name in sites}
        self.port: int = self.server_address[1]
        self._thread = Thread(target=self.serve_forever, args=(0.02,), daemon=True)

    def port_for(self, target: str) -> int | None:
        """The port of 127.0.0.1 that `host:port` leads to; None: it does not exist."""
        host, _, port = target.lower().rpartition(":")
        if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
            return None
        if host in hosts.NAMES:
            return self._simulator if port == "443" else None
        return int(port) if host in self._sites else None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""


class _Tunnel(StreamRequestHandler):
    server: Tunnels
    # Nothing of what follows the head may be read with it.
    rbufsize = 0
    timeout = _SECONDS

    def handle(self) -> None:
        words = self.rfile.readline(_LINE).decode("latin-1").split()
        while self.rfile.readline(_LINE).strip():
            pass
        connects = len(words) == 3 and words[0] == "CONNECT"
        port = self.server.port_for(words[1]) if connects else None
        if port is None:
            self.wfile.write(_REFUSED)
            return
        with socket.create_connection(("127.0.0.1", port), _SECONDS) as there:
            self.wfile.write(_LED)
            _carry(self.connection, there)


def _carry(one: socket.socket, other: socket.socket) -> None:
    """Bytes both ways until one side ends; a reset stays one."""
    while True:
        for ready in select.select([one, other], [], [])[0]:
            towards = other if ready is one else one
            try:
                data = ready.recv(65536)
            except ConnectionResetError:
                linger = struct.pack("ii", 1, 0)
                towards.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                # Without the polite end that the server gives a connection.
                towards.close()
                return
            if not data:
                return
            towards.sendall(data)
