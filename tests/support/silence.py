"""A server that hangs, without hanging one that others use.

`Wire` stands between us and a server on loopback. `wire.falls_silent()` keeps every
connection, takes what is sent and passes nothing on, as a stopped process does or a
network whose other end is gone; `wire.speaks()` ends it. A Wire to nobody takes
connections and has never said a word.
"""

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self


class Wire:
    """A listening port on 127.0.0.1, `wire.port`, that leads to `target`."""

    def __init__(self, target: tuple[str, int] | None = None) -> None:
        self._target = target
        self._through = threading.Event()
        if target is not None:
            self._through.set()
        self._open: list[socket.socket] = []
        self._server = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def falls_silent(self) -> None:
        self._through.clear()

    def speaks(self) -> None:
        self._through.set()

    def breaks(self) -> None:
        """Every connection that stands is cut; new ones lead there again."""
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.breaks()
        self._through.set()
        for one in self._open:
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            self._open.append(near)
            threading.Thread(target=self._lead, args=(near,), daemon=True).start()

    def _lead(self, near: socket.socket) -> None:
        if self._target is None:
            return
        far = socket.create_connection(self._target, timeout=5)
        far.settimeout(None)
        self._open.append(far)
        threading.Thread(target=self._pass, args=(far, near), daemon=True).start()
        self._pass(near, far)

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._through.wait()
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)
