"""Spoiled answers over a real socket, as a client meets them."""

import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, IncompleteRead
from urllib.parse import urlsplit

import pytest

from wxlogin.simulator import World
from wxlogin.simulator.server import SimulatorServer

PATH = "/sns/auth?access_token=x&openid=y"


# Less than a dripping answer takes for a byte; for tests that wait in vain.
IMPATIENT = 0.3


@pytest.fixture
def connection(server: SimulatorServer) -> Iterator[HTTPConnection]:
    """A patient client: only IMPATIENT ones may run out of time on a busy machine."""
    port = urlsplit(server.url).port
    with closing(HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        yield connection


def ask(connection: HTTPConnection, path: str = PATH) -> tuple[int, bytes]:
    connection.request("GET", path)
    response = connection.getresponse()
    return response.status, response.read()


@pytest.mark.parametrize("mode", ["drip", "drip_headers", "mute"])
def test_slow_answers_outlive_a_read_timeout(
    connection: HTTPConnection, world: World, mode: str
) -> None:
    world.switch(body=mode)
    connection.timeout = IMPATIENT
    with pytest.raises(TimeoutError):
        ask(connection)
    connection.close()


def test_drip_sends_a_byte_at_a_time(connection: HTTPConnection, world: World) -> None:
    world.switch(body="drip")
    began = time.monotonic()
    connection.request("GET", PATH)
    response = connection.getresponse()
    assert response.read(2) == b'{"'
    assert time.monotonic() - began > 0.4
    connection.close()


def test_endless(connection: HTTPConnection, world: World) -> None:
    world.switch(body="endless")
    connection.request("GET", PATH)
    response = connection.getresponse()
    assert len(response.read(2_000_000)) == 2_000_000
    connection.close()


def test_cut(connection: HTTPConnection, world: World) -> None:
    world.switch(body="cut")
    with pytest.raises(IncompleteRead):
        ask(connection)
    connection.close()


def test_reset(connection: HTTPConnection, world: World) -> None:
    world.switch(body="reset")
    with pytest.raises(ConnectionResetError):
        ask(connection)
    connection.close()
    world.switch(body=None)
    assert ask(connection)[0] == 200
    connection.close()


def test_html_and_status(connection: HTTPConnection, world: World) -> None:
    world.switch(body="html")
    status, body = ask(connection)
    assert status == 200
    assert b"<html>" in body
    connection.close()
    world.switch(body="status:500")
    assert ask(connection)[0] == 500
    connection.close()


def test_redirect_elsewhere(connection: HTTPConnection, world: World) -> None:
    world.switch(body="status:302")
    connection.request("GET", PATH)
    response = connection.getresponse()
    assert (response.status, response.headers["Location"]) == (302, "/")
    connection.close()


def test_a_fault_may_be_limited_to_a_path(
    connection: HTTPConnection, world: World
) -> None:
    world.switch(body={"path": "/sns/userinfo", "mode": "status:500"})
    assert ask(connection)[0] == 200
    connection.close()
    assert ask(connection, "/sns/userinfo")[0] == 500
    connection.close()


def test_the_call_is_carried_out_and_noted_all_the_same(
    connection: HTTPConnection, world: World
) -> None:
    code = world.grants.issue_code(world.registry.app("web"), "lihua")
    world.switch(body="reset")
    with pytest.raises(ConnectionResetError):
        ask(
            connection,
            "/sns/oauth2/access_token?appid=wx0000000000000a01&secret=secret-of-web"
            f"&code={code}&grant_type=authorization_code",
        )
    connection.close()
    (call,) = world.journal.calls()
    assert (call.errcode, call.fault) == (0, "reset")
    assert world.grants.peek(code).used  # type: ignore[union-attr]


def test_latency(connection: HTTPConnection, world: World) -> None:
    world.switch(latency_ms=5000)
    connection.timeout = IMPATIENT
    with pytest.raises(TimeoutError):
        ask(connection)
    connection.close()


def test_without_a_socket_the_fault_says_so(world: World) -> None:
    from wxlogin.simulator import create_simulator

    world.switch(body="mute")
    answer = create_simulator(world).test_client().get(PATH)
    assert answer.status_code == 501
