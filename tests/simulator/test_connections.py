"""A connection is kept for the next request, as WeChat keeps it, and ends soundly."""

import socket
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, IncompleteRead

import pytest

from wxlogin.simulator.server import SimulatorServer

from .conftest import CALLBACK, WEB

CLOCK = "/_sim/clock"


@pytest.fixture
def connection(server: SimulatorServer) -> Iterator[HTTPConnection]:
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=10)) as opened:
        yield opened


def asks(connection: HTTPConnection, method: str = "GET", **more: str) -> bytes:
    connection.request(method, CLOCK, headers=more)
    return connection.getresponse().read()


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
def test_it_takes_another_request(connection: HTTPConnection, method: str) -> None:
    """PUT is 405 there, which ends nothing."""
    asks(connection, method)
    kept = connection.sock
    assert kept is not None
    assert b"offset" in asks(connection)
    assert connection.sock is kept


def test_who_wants_it_closed_has_it_closed(connection: HTTPConnection) -> None:
    asks(connection, Connection="close")
    assert connection.sock is None


def test_a_client_of_before_is_read_to_the_end(server: SimulatorServer) -> None:
    """What speaks HTTP/1.0 takes the end of the connection for that of the body."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
        raw.sendall(b"GET /_sim/clock HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        answer = b"".join(iter(lambda: raw.recv(4096), b""))
    assert b"Connection: close" in answer


def test_two_requests_in_one_piece(server: SimulatorServer) -> None:
    one = b"GET /_sim/clock HTTP/1.1\r\nHost: localhost\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
        raw.sendall(one + b"\r\n" + one + b"Connection: close\r\n\r\n")
        answer = b"".join(iter(lambda: raw.recv(4096), b""))
    assert answer.count(b"HTTP/1.1 200 OK") == answer.count(b"offset") == 2


def test_a_body_shorter_than_was_said_ends_it(
    server: SimulatorServer, connection: HTTPConnection
) -> None:
    server.world.switch(body={"path": "/connect/qrcode", "mode": "cut"})
    app = server.world.registry.app(WEB)
    qr = server.world.show_qr(app, redirect_uri=CALLBACK, state="", fast=False)
    connection.request("GET", f"/connect/qrcode/{qr.uuid}")
    with pytest.raises(IncompleteRead):
        connection.getresponse().read()


def test_a_body_that_nobody_reads_ends_it(connection: HTTPConnection) -> None:
    """What is left of it would be read as the next request."""
    connection.request("POST", "/_sim/reset", b"x" * 100_000)
    answer = connection.getresponse()
    assert answer.status == 200
    answer.read()
    assert connection.sock is None


def test_stopping_ends_those_that_wait(connection: HTTPConnection) -> None:
    with SimulatorServer() as server:
        other = HTTPConnection("127.0.0.1", server.port, timeout=10)
        asks(other)
    with closing(other):
        assert other.sock.recv(1) == b""
    # Another server's are its own.
    assert b"offset" in asks(connection)
