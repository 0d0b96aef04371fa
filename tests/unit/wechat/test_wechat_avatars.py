"""Fetching a picture: from WeChat's hosts alone, and never from inside."""

import socket
import time

import pytest

from tests.support.broken_wechat import head, says
from tests.unit.net.test_public import INSIDE
from tests.unit.net.test_tls import Authority
from wxlogin.errors import WeChatUnavailable
from wxlogin.net import names, pools, public
from wxlogin.net.deadline import Deadline
from wxlogin.net.public import PublicTransport
from wxlogin.wechat import avatars
from wxlogin.wechat.avatars import AvatarHosts

WECHATS = "https://thirdwx.qlogo.cn/mmopen/vi_32/ABC/132"
PUBLIC = "203.0.114.7"


def address(ip: str, port: int = 443) -> names.Address:
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    place = (ip, port, 0, 0) if ":" in ip else (ip, port)
    return (family, socket.SOCK_STREAM, 6, "", place)


@pytest.fixture
def outside(monkeypatch):
    """WeChat's picture hosts, with a transport that no other test has used."""
    monkeypatch.setattr(avatars, "_outside", PublicTransport)
    return AvatarHosts()


@pytest.fixture
def simulated(server):
    """The picture host is a server of a few lines, as the simulator may be."""
    return AvatarHosts(simulator=f"http://127.0.0.1:{server.port}")


@pytest.fixture
def leads_to(monkeypatch):
    """What the name servers answer, one list of addresses for each look-up."""

    def answer(*lists):
        waiting = list(lists)
        look_ups = []

        def look_up(host, port, deadline):
            look_ups.append(host)
            found = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            return [address(each) for each in found]

        monkeypatch.setattr(names, "addresses", look_up)
        return look_ups

    return answer


@pytest.fixture
def connected(monkeypatch):
    """The addresses that were connected to; nothing is there."""
    tried: list[str] = []

    def nobody(found, deadline):
        tried.extend(each[4][0] for each in found)
        raise ConnectionRefusedError

    monkeypatch.setattr(pools, "_first_that_answers", nobody)
    return tried


def fault(pictures: AvatarHosts, url: str = WECHATS, *, seconds: float = 2.0) -> str:
    with pytest.raises(WeChatUnavailable) as caught:
        pictures.fetch(url, deadline=Deadline(seconds))
    assert "mmopen" not in str(caught.value)
    return caught.value.facts["fault"]


@pytest.mark.parametrize("ip", [ip for ip in INSIDE if ip])
def test_a_name_that_leads_inside_is_not_connected_to(outside, leads_to, connected, ip):
    """security row 104"""
    leads_to([ip])
    assert fault(outside) == "inside"
    assert connected == []


def test_only_the_public_ones_of_several_addresses_are_connected_to(
    outside, leads_to, connected
):
    leads_to(["127.0.0.1", PUBLIC, "::1"])
    assert fault(outside) == "refused"
    assert set(connected) == {PUBLIC}


def test_an_answer_that_changes_does_not_lead_inside(outside, leads_to, connected):
    """security row 104: what was checked is what is connected to."""
    look_ups = leads_to([PUBLIC], ["127.0.0.1"])
    assert fault(outside) == "inside"
    # The first try went to the public address, the second look-up was checked anew.
    assert (connected, len(look_ups)) == ([PUBLIC], 2)


@pytest.mark.parametrize(
    "url",
    [
        "http://thirdwx.qlogo.cn/x",
        "https://thirdwx.qlogo.cn",
        "https://thirdwx.qlogo.cn:8443/x",
        "https://thirdwx.qlogo.cn@evil.test/x",
        "https://thirdwx.qlogo.cn.evil.test/x",
        "https://thirdwx.qlogo.cn\\@evil.test/x",
        "https://thirdwx.qlogo.cn#@evil.test/x",
        "https://THIRDWX.qlogo.cn/x",
        "https://evil.qlogo.cn/x",
        "https://qlogo.cn/x",
        "https://127.0.0.1/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://0x7f.1/x",
        "https://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "//thirdwx.qlogo.cn/x",
        " https://thirdwx.qlogo.cn/x",
        "",
    ],
)
def test_no_other_address_is_fetched(outside, leads_to, connected, url):
    """security row 104"""
    look_ups = leads_to([PUBLIC])
    assert not outside.admits(url)
    assert outside.fetch(url, deadline=Deadline(2)) is None
    assert (look_ups, connected) == ([], [])


def test_a_picture_of_wechats_is_fetched(
    outside, server, leads_to, tmp_path, monkeypatch
):
    authority = Authority(tmp_path)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.bundle))
    server.tls = authority.context("thirdwx.qlogo.cn")
    server.will(says(b"a picture"))
    monkeypatch.setattr(public, "is_outside", lambda ip: True)
    here = [address("127.0.0.1", server.port)]
    monkeypatch.setattr(names, "addresses", lambda *place: here)
    for size in ("0", "46", "132"):
        url = f"https://thirdwx.qlogo.cn/mmopen/vi_32/ABC/{size}#x"
        assert outside.fetch(url, deadline=Deadline(2)) == b"a picture"
    # The largest would be five times as wide as we show it.
    assert set(server.targets) == {"/mmopen/vi_32/ABC/132"}
    # The certificate is the other host's.
    assert fault(outside, "https://wx.qlogo.cn/x") == "certificate"


@pytest.mark.parametrize(
    "answer",
    [
        says(b"gone", status="404 Not Found"),
        says(b""),
        says(b"\x89PNG grey", extra="X-ErrNo: -6101\r\nX-Info: notexist:-6101\r\n"),
    ],
)
def test_no_picture_is_none(simulated, server, answer):
    """WeChat's dead picture is a PNG under 200; only a header gives it away."""
    server.will(answer)
    url = f"http://127.0.0.1:{server.port}/mmopen/x/132"
    assert simulated.fetch(url, deadline=Deadline(2)) is None
    assert len(server.targets) == 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            says(b"", status="302 Found", extra="Location: http://127.0.0.1:1/\r\n"),
            "status",
        ),
        (says(b"", status="503 Busy"), "status"),
        (says(b"", status="403 Forbidden"), "status"),
        (says(b"x" * 300_000), "too_long"),
        (lambda wire: wire.send(head(2**31) + b"x" * 300_000), "too_long"),
        (says(b"x", extra="Content-Encoding: gzip\r\n"), "encoded"),
        (lambda wire: wire.drip(head(9999) + b"x" * 9999), "timeout"),
        (lambda wire: wire.hang(), "timeout"),
        (lambda wire: wire.reset(), "reset"),
    ],
)
def test_a_fault_ends_in_time_and_says_which(simulated, server, answer, expected):
    """security row 104: 2 GB, redirects; faults F1 to F6."""
    server.will(answer)
    began = time.monotonic()
    url = f"http://127.0.0.1:{server.port}/mmopen/x/132"
    assert fault(simulated, url, seconds=0.5) == expected
    assert time.monotonic() - began < 2
