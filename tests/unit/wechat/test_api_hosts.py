"""Which of WeChat's API hosts is asked (`wechat.api_hosts`); faults F1, F4 and F6."""

import socket
from collections.abc import Iterator

import pytest

from tests.support.broken_wechat import TOKENS, App, Server, says
from wxlogin.errors import WeChatUnavailable
from wxlogin.net import breaker
from wxlogin.net.breaker import FAILURES, REST_SECONDS
from wxlogin.net.transport import Transport
from wxlogin.wechat import api_hosts
from wxlogin.wechat.client import WeChat
from wxlogin.wechat.endpoints import Hosts


@pytest.fixture
def second() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """`clock[0]`: the moment of the breakers."""
    now = [1000.0]
    monkeypatch.setattr(breaker, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def client(transport: Transport, *ports: int) -> WeChat:
    first, *others = [f"http://127.0.0.1:{port}" for port in ports]
    hosts = Hosts(api=first, api_second=others[0] if others else "")
    return WeChat(hosts, budget=5, pool=transport)


def exchange(wechat: WeChat, code: str = "C") -> str:
    return wechat.exchange(App(), code, deadline=wechat.deadline()).openid


def refused(wechat: WeChat) -> WeChatUnavailable:
    with pytest.raises(WeChatUnavailable) as caught:
        exchange(wechat)
    return caught.value


def test_after_failures_in_a_row_nothing_is_sent(
    wechat: WeChat, server: Server, clock: list[float]
) -> None:
    server.will(says(b"<html>Bad Gateway</html>", "502 Bad Gateway"))
    for _ in range(FAILURES):
        assert refused(wechat).facts["fault"] == "garbage"
    clock[0] += 2.5
    error = refused(wechat)
    assert len(server.targets) == FAILURES
    assert (error.facts["fault"], error.facts["sent"]) == ("resting", False)
    assert (error.facts["app"], error.facts["call"]) == ("web", "exchange")
    assert error.retry_after == REST_SECONDS - 2


def test_it_is_asked_again_after_its_rest(
    wechat: WeChat, server: Server, clock: list[float]
) -> None:
    server.will(*[lambda wire: wire.reset()] * FAILURES, says(TOKENS))
    for _ in range(FAILURES):
        refused(wechat)
    clock[0] += REST_SECONDS
    assert exchange(wechat) == exchange(wechat) == TOKENS["openid"]


def test_an_errcode_is_an_answer(wechat: WeChat, server: Server) -> None:
    server.will(says({"errcode": 50001, "errmsg": "api unauthorized"}))
    for _ in range(2 * FAILURES):
        with pytest.raises(Exception, match="50001"):
            exchange(wechat)
    assert len(server.targets) == 2 * FAILURES


def test_the_second_host_is_asked_where_nobody_takes_the_connection(
    transport: Transport, second: Server, closed_port: int
) -> None:
    wechat = client(transport, closed_port, second.port)
    assert exchange(wechat) == TOKENS["openid"]
    assert len(second.targets) == 1


def test_the_second_host_is_asked_at_once_for_a_while(
    transport: Transport, server: Server, second: Server, clock: list[float]
) -> None:
    """And then the first one again: it is the nearest."""
    tls = "https://127.0.0.1"
    hosts = Hosts(
        api=f"{tls}:{server.port}", api_second=f"http://127.0.0.1:{second.port}"
    )
    wechat = WeChat(hosts, budget=5, pool=transport)
    # No TLS comes about with it, so nothing was sent.
    exchange(wechat, "C")
    connections = server.connections
    exchange(wechat, "D")
    assert server.connections == connections == 1
    clock[0] += api_hosts.AWAY_SECONDS
    exchange(wechat, "E")
    assert server.connections == 2
    assert [query["code"] for query in second.queries()] == ["C", "D", "E"]


@pytest.mark.parametrize("fault", ["reset", "garbage", "silence"])
def test_what_may_have_arrived_is_not_asked_of_the_second(
    transport: Transport, server: Server, second: Server, fault: str
) -> None:
    """A code is exchanged once."""
    server.will(
        {
            "reset": lambda wire: wire.reset(),
            "garbage": says(b"<html>", "503 Busy"),
            "silence": lambda wire: wire.hang(),
        }[fault]
    )
    wechat = client(transport, server.port, second.port)
    wechat.budget = 0.4
    refused(wechat)
    assert (len(server.targets), second.targets) == (1, [])


def test_while_the_first_rests_the_second_is_asked(
    transport: Transport, server: Server, second: Server, clock: list[float]
) -> None:
    server.will(says(b"", "500 Internal Server Error"))
    wechat = client(transport, server.port, second.port)
    for _ in range(FAILURES):
        refused(wechat)
    assert exchange(wechat) == TOKENS["openid"]
    assert len(server.targets) == FAILURES


def test_where_neither_is_reached_the_code_is_as_good_as_before(
    transport: Transport, closed_port: int
) -> None:
    wechat = client(transport, closed_port, closed_port)
    facts = refused(wechat).facts
    assert (facts["fault"], facts["sent"]) == ("refused", False)


def test_a_first_host_that_drops_packets_leaves_time_for_the_second(
    transport: Transport, second: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """fault F1: a full backlog drops packets as a firewall does."""
    monkeypatch.setattr("wxlogin.net.deadline.CONNECT_SECONDS", 0.2)
    monkeypatch.setattr("wxlogin.net.pools.CONNECT_SECONDS", 0.2)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        wechat = client(transport, listener.getsockname()[1], second.port)
        assert exchange(wechat) == TOKENS["openid"]
        for filler in fillers:
            filler.close()
