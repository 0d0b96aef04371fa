"""Every way the network can break, against the promises of `transport`."""

import time
import zlib

import pytest

from tests.support.broken_wechat import TOKENS, head, says
from tests.unit.net.failing import GRACE, fails
from wxlogin.errors import WeChatUnavailable
from wxlogin.net.deadline import Deadline

BUDGET = 1.0


def chunked(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def endless(wire):
    wire.send(head(None, extra="Transfer-Encoding: chunked\r\n"))
    while True:
        wire.send(chunked(b" " * 65536))


def endless_headers(wire):
    wire.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        wire.send(b"X-Filler: " + b"x" * 1000 + b"\r\n")


def bomb(wire):
    packed = zlib.compress(b" " * 50_000_000)
    wire.send(head(len(packed), extra="Content-Encoding: deflate\r\n") + packed)


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(lambda wire: wire.hang(), id="mute"),
        pytest.param(lambda wire: wire.drip(head(9) + b"x" * 9), id="headers"),
        pytest.param(
            lambda wire: (wire.send(head(900)), wire.drip(b"x" * 900)), id="body"
        ),
        pytest.param(
            lambda wire: (
                wire.send(head(None, extra="Transfer-Encoding: chunked\r\n")),
                wire.drip(chunked(b"x" * 900)),
            ),
            id="chunks",
        ),
        pytest.param(
            lambda wire: wire.drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 100), id="100"
        ),
    ],
)
def test_a_slow_answer_ends_at_the_deadline(wechat, server, app, behaviour):
    """security row 105; faults F2 and F3"""
    server.will(behaviour)
    facts = fails(wechat, app, seconds=BUDGET)
    assert facts["fault"] == "timeout"
    assert facts["sent"] is True
    assert len(server.targets) == 1


@pytest.mark.parametrize(
    ("behaviour", "fault"),
    [
        pytest.param(endless, "too_long", id="endless"),
        pytest.param(says(b"{" + b" " * 300_000 + b"}"), "too_long", id="300 kB"),
        pytest.param(lambda wire: wire.send(head(10**9)), "cut", id="promised 1 GB"),
        pytest.param(endless_headers, "broken", id="endless headers"),
        pytest.param(bomb, "encoded", id="bomb"),
        pytest.param(
            lambda wire: wire.send(head(500) + b'{"access_token":"a"'), "cut", id="cut"
        ),
        pytest.param(
            lambda wire: wire.send(
                head(None, extra="Transfer-Encoding: chunked\r\n") + b"ff\r\n{"
            ),
            "cut",
            id="cut chunk",
        ),
        pytest.param(lambda wire: wire.send(b"220 ftp ready\r\n"), "broken", id="ftp"),
        pytest.param(lambda wire: None, "reset", id="closed"),
        pytest.param(lambda wire: wire.reset(), "reset", id="reset"),
        pytest.param(
            lambda wire: (wire.send(head(50) + b"{"), wire.reset()),
            "reset",
            id="reset in the body",
        ),
        pytest.param(says(b"<html>gateway</html>"), "garbage", id="html"),
        pytest.param(says(b""), "garbage", id="empty"),
        pytest.param(says(b"", "500 Oops"), "garbage", id="500"),
        pytest.param(says(b"slow", "429 Too Many"), "garbage", id="429"),
        pytest.param(
            says(b"", "302 Found", "Location: http://127.0.0.1:1/x\r\n"),
            "garbage",
            id="redirect",
        ),
        pytest.param(says({"expires_in": 7200}), "garbage", id="no token"),
    ],
)
def test_a_broken_answer_is_a_defined_error(wechat, server, app, behaviour, fault):
    """security row 105; faults F4, F5 and F6: never repeated once it was sent."""
    server.will(lambda wire: (behaviour(wire), wire.sock.close()))
    facts = fails(wechat, app)
    assert facts["fault"] == fault
    assert facts["sent"] is True
    assert len(server.targets) == 1


def test_after_a_broken_answer_the_next_login_is_well(wechat, server, app):
    server.will(lambda wire: endless(wire), says(TOKENS))
    fails(wechat, app)
    assert wechat.exchange(app, "C", deadline=wechat.deadline()).unionid


def test_one_budget_spans_all_calls_of_a_login(wechat, server, app):
    """security row 105: the second call gets what the first has left."""
    server.will(lambda wire: wire.hang())
    deadline = Deadline(BUDGET)
    with pytest.raises(WeChatUnavailable):
        wechat.exchange(app, "C", deadline=deadline)
    began = time.monotonic()
    with pytest.raises(WeChatUnavailable) as caught:
        wechat.userinfo(app, ("t", "o"), deadline=deadline)
    assert time.monotonic() - began < GRACE
    assert caught.value.facts["sent"] is False
    assert len(server.targets) == 1
