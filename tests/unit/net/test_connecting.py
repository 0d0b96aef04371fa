"""Names, connecting, and connections that are used again (`names`, `pools`)."""

import select
import socket
import threading

from urllib3 import connectionpool

from tests.support.broken_wechat import PROFILE, TOKENS, says
from tests.unit.net.failing import fails
from wxlogin.net import names, pools
from wxlogin.net.deadline import Deadline
from wxlogin.wechat.client import WeChat
from wxlogin.wechat.endpoints import Hosts

BUDGET = 0.4


def test_a_connection_refused_is_tried_twice_and_nothing_was_sent(
    transport, app, monkeypatch
):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    tried: list[str] = []
    look_up = names.addresses
    monkeypatch.setattr(
        names, "addresses", lambda *a: (tried.append(a[0]), look_up(*a))[1]
    )
    wechat = WeChat(Hosts(api=f"http://127.0.0.1:{port}"), pool=transport)
    facts = fails(wechat, app)
    assert (facts["fault"], facts["sent"]) == ("refused", False)
    assert len(tried) == 2


def test_a_host_that_drops_packets_ends_at_the_deadline(transport, app):
    """fault F1: a full backlog drops packets as a firewall does."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        port = listener.getsockname()[1]
        wechat = WeChat(Hosts(api=f"http://127.0.0.1:{port}"), pool=transport)
        facts = fails(wechat, app, seconds=BUDGET)
        for filler in fillers:
            filler.close()
    assert (facts["fault"], facts["stage"]) == ("timeout", "connect")
    assert facts["sent"] is False


def test_one_address_gets_no_more_than_its_share(transport, app, monkeypatch):
    """fault F1: the second try comes long before the budget is gone."""
    monkeypatch.setattr(pools, "CONNECT_SECONDS", 0.1)
    asked: list[float] = []

    def nobody(found, deadline):
        asked.append(deadline.slice(pools.CONNECT_SECONDS))
        raise TimeoutError

    monkeypatch.setattr(pools, "_first_that_answers", nobody)
    wechat = WeChat(Hosts(api="http://127.0.0.1:9"), pool=transport)
    assert fails(wechat, app)["fault"] == "timeout"
    assert asked == [0.1, 0.1]


def test_a_name_server_that_is_silent_ends_at_the_deadline(transport, app, monkeypatch):
    """fault F8: the look-up goes on in a thread that is left behind."""
    answer = threading.Event()
    system = names._look_up

    def silent(host, port, flags=0):
        if not flags:
            answer.wait(10)
        return system("127.0.0.1" if not flags else host, port, flags)

    monkeypatch.setattr(names, "_look_up", silent)
    wechat = WeChat(Hosts(api="http://api.weixin.test"), pool=transport)
    facts = fails(wechat, app, seconds=BUDGET)
    answer.set()
    assert (facts["fault"], facts["stage"]) == ("timeout", "name")
    assert facts["sent"] is False


def test_a_name_that_does_not_exist_is_a_fault_of_the_name(transport, app, monkeypatch):
    """fault F8"""

    def unknown(host, port, flags=0):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(names, "_look_up", unknown)
    wechat = WeChat(Hosts(api="http://api.weixin.test"), pool=transport)
    facts = fails(wechat, app)
    assert (facts["fault"], facts["sent"]) == ("name", False)


def test_logins_of_one_moment_share_a_look_up(monkeypatch):
    looked_up: list[str] = []
    release = threading.Event()
    system = names._look_up

    def counted(host, port, flags=0):
        if flags:
            return system(host, port, flags)
        looked_up.append(host)
        release.wait(10)
        return system("127.0.0.1", port)

    monkeypatch.setattr(names, "_look_up", counted)
    found: list[object] = []
    threads = [
        threading.Thread(
            target=lambda: found.append(names.addresses("a.test", 80, Deadline(5)))
        )
        for _ in range(10)
    ]
    for thread in threads:
        thread.start()
    release.set()
    for thread in threads:
        thread.join()
    assert len(found) == 10
    assert len(looked_up) < 10
    assert names._pending == {}


def idle_socket(transport):
    """The one pooled connection's socket."""
    (pool,) = transport._pools.values()
    return pool.pool.queue[-1].sock


def test_a_connection_closed_while_idle_costs_no_login(wechat, server, app, transport):
    server.will(lambda wire: (says(TOKENS)(wire), wire.sock.close()), says(TOKENS))
    wechat.exchange(app, "C", deadline=wechat.deadline())
    select.select([idle_socket(transport)], [], [], 5)
    wechat.exchange(app, "D", deadline=wechat.deadline())
    assert server.connections == 2


def test_a_connection_idle_for_long_is_not_used_again(wechat, server, app, monkeypatch):
    wechat.exchange(app, "C", deadline=wechat.deadline())
    monkeypatch.setattr(pools, "IDLE_SECONDS", -1)
    wechat.exchange(app, "D", deadline=wechat.deadline())
    assert server.connections == 2


def test_a_reset_of_a_reused_connection_repeats_a_profile_but_no_code(
    wechat, server, app
):
    """security row 105: the code may be spent, the profile cannot be."""
    server.will(
        says(PROFILE), lambda wire: wire.reset(), says(PROFILE), lambda w: w.reset()
    )
    pair = ("t", PROFILE["openid"])
    deadline = wechat.deadline()
    wechat.userinfo(app, pair, deadline=deadline)
    assert wechat.userinfo(app, pair, deadline=deadline).nickname == "小明😀"
    assert len(server.targets) == 3
    assert fails(wechat, app)["sent"] is True
    assert len(server.targets) == 4


def test_a_write_the_system_refuses_was_not_sent(
    wechat, server, app, transport, monkeypatch
):
    """A connection that dies between the look at it and the write is replaced."""
    wechat.exchange(app, "C", deadline=wechat.deadline())
    idle_socket(transport).shutdown(socket.SHUT_WR)
    # urllib3's look at the connection is taken away to reach the write.
    monkeypatch.setattr(connectionpool, "is_connection_dropped", lambda conn: False)
    wechat.exchange(app, "D", deadline=wechat.deadline())
    assert [query["code"] for query in server.queries()] == ["C", "D"]
    assert server.connections == 2


def test_no_proxy_is_taken_from_the_environment(wechat, server, app, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    wechat.exchange(app, "C", deadline=wechat.deadline())
    assert len(server.targets) == 1
