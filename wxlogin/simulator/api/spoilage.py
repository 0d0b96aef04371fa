"""Answers that arrive spoiled: slowly, cut, endless, or not at all.

They are for testing what a client does when WeChat or the network is ill. The call
itself has been carried out by then, as it may have been in reality: a code is spent
even though its answer never arrives. Faults below HTTP need the socket of a real
server (`SimulatorServer`); Flask's test client gets 501 for them.
"""

import os
import select
import socket
import struct
import time
from collections.abc import Callable, Iterator

from flask import Response, request

# One byte per half second: slow enough to outlive any time-out per read.
_DRIP_SECONDS = 0.5
# A client that waits longer than this for a mute server is let go.
_MUTE_SECONDS = 120.0

_HTML = b"<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>\n"


def spoil(mode: str, body: bytes, content_type: str) -> Response:
    """The Response for `body` under a mode of `switch_checks.BODY_MODES`."""
    if mode.startswith("status:"):
        return _status(int(mode.removeprefix("status:")))
    if mode == "html":
        return Response(_HTML, content_type="text/html")
    if mode in _STREAMS:
        response = Response(
            _STREAMS[mode](body), headers={"Content-Type": content_type}
        )
        if mode != "endless":
            response.headers["Content-Length"] = str(len(body))
        return response
    return _on_socket(mode, body, content_type)


def _status(status: int) -> Response:
    response = Response(_HTML, status=status, content_type="text/html")
    if 300 <= status < 400:
        # Somewhere else, to see whether the client follows.
        response.headers["Location"] = "/"
    return response


def _drip(body: bytes) -> Iterator[bytes]:
    for byte in body:
        yield bytes([byte])
        time.sleep(_DRIP_SECONDS)


def _endless(body: bytes) -> Iterator[bytes]:
    # Begins like the true answer, goes on with blanks, and never ends.
    yield body[:-1]
    while True:
        yield b" " * 65536


def _cut(body: bytes) -> Iterator[bytes]:
    yield body[: len(body) // 2]


_STREAMS: dict[str, Callable[[bytes], Iterator[bytes]]] = {
    "drip": _drip,
    "endless": _endless,
    "cut": _cut,
}


def _on_socket(mode: str, body: bytes, content_type: str) -> Response:
    connection: socket.socket | None = request.environ.get("werkzeug.socket")
    if connection is None:
        return Response(f"{mode} needs a real server\n", status=501)

    def nothing() -> Iterator[bytes]:
        if mode == "reset":
            _reset(connection)
        elif mode == "mute":
            _wait_for_hangup(connection)
        else:
            _drip_headers(connection, body, content_type)
        # The server takes this for a client that has gone, and sends no more.
        raise ConnectionAbortedError(f"the switch body={mode}")
        yield b""

    return Response(nothing())


def _reset(connection: socket.socket) -> None:
    # Lingering for zero seconds turns the close into a reset (RST instead of FIN).
    # Other objects hold the descriptor too, so it is closed by putting the end of a
    # dead pipe in its place; whoever touches it afterwards finds a hang-up.
    linger = struct.pack("ii", 1, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    dead, peer = socket.socketpair()
    with dead, peer:
        os.dup2(dead.fileno(), connection.fileno())


def _wait_for_hangup(connection: socket.socket) -> None:
    select.select([connection], [], [], _MUTE_SECONDS)


def _drip_headers(connection: socket.socket, body: bytes, content_type: str) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\n"
    head += f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    for byte in head.encode() + body:
        connection.sendall(bytes([byte]))
        time.sleep(_DRIP_SECONDS)
