"""Calls by a proxy (OUTBOUND_PROXY): by name to WeChat, by number to all others."""

import socket
from collections.abc import Callable, Iterator

import pytest

from tests.support.broken_wechat import TOKENS, App, Server, says
from tests.support.proxy import REFUSED, Proxy
from tests.unit.net.test_tls import Authority
from wxlogin.config import load_settings, outbound
from wxlogin.config.outbound import proxy_of
from wxlogin.errors import ConfigurationError, WeChatUnavailable
from wxlogin.net import names, outgoing
from wxlogin.net.transport import Transport
from wxlogin.wechat import avatars
from wxlogin.wechat.avatars import AvatarHosts
from wxlogin.wechat.client import WeChat
from wxlogin.wechat.endpoints import Hosts

PUBLIC = "203.0.114.7"
PICTURE = "https://thirdwx.qlogo.cn/mmopen/vi_32/ABC/132"


@pytest.fixture
def proxy(server: Server) -> Iterator[Proxy]:
    proxy = Proxy(server.port)
    yield proxy
    proxy.close()


@pytest.fixture
def to(proxy: Proxy) -> outbound.Proxy:
    return outbound.Proxy("127.0.0.1", proxy.port, "Basic TUFSS0VSOnBhc3M=")


@pytest.fixture
def leads_to(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """What our name servers say of every name; numbers stay what they are."""
    system = names.addresses

    def answer(*ips: str) -> list[str]:
        looked_up: list[str] = []

        def look_up(host: str, port: int, deadline: object) -> list[names.Address]:
            if host == "127.0.0.1":
                return system(host, port, deadline)  # type: ignore[arg-type]
            looked_up.append(host)
            kind = socket.SOCK_STREAM
            return [(socket.AF_INET, kind, 6, "", (ip, port)) for ip in ips]

        monkeypatch.setattr(names, "addresses", look_up)
        return looked_up

    return answer


@pytest.fixture
def tls(server: Server, tmp_path, monkeypatch: pytest.MonkeyPatch):
    """`tls(host)`: behind the proxy is this host, with a certificate that we know."""
    authority = Authority(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.bundle))

    def is_(host: str) -> None:
        server.tls = authority.context(host)

    return is_


def wechat_at(origin: str, to: outbound.Proxy) -> Iterator[WeChat]:
    transport = Transport(to)
    yield WeChat(Hosts(api=origin), budget=5, pool=transport)
    transport.close()


def exchange(wechat: WeChat) -> str:
    return wechat.exchange(App(), "C", deadline=wechat.deadline()).openid


def test_wechat_is_asked_by_name_and_by_tls_with_itself(
    server: Server, proxy: Proxy, to, tls, leads_to
) -> None:
    """The proxy looks the name up, and sees neither secret nor code."""
    tls("api.weixin.test")
    looked_up = leads_to()
    for wechat in wechat_at("https://api.weixin.test", to):
        assert exchange(wechat) == exchange(wechat) == TOKENS["openid"]
    assert proxy.places == ["api.weixin.test:443"], "the connection is kept"
    assert "Proxy-Authorization: Basic TUFSS0VSOnBhc3M=\r\n" in proxy.asked[0]
    assert "MARKERsecret" not in proxy.asked[0]
    assert looked_up == []
    assert len(server.targets) == 2


def test_another_certificate_behind_it_is_refused(proxy: Proxy, to, tls, server):
    """fault F9: the proxy, or who stands behind it, is not WeChat."""
    tls("proxy.internal")
    for wechat in wechat_at("https://api.weixin.test", to):
        with pytest.raises(WeChatUnavailable) as caught:
            exchange(wechat)
    assert caught.value.facts["fault"] == "certificate"
    assert server.targets == []


@pytest.mark.parametrize(
    "answer",
    [REFUSED, b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{}", b"x" * 20000, b""],
)
def test_a_proxy_that_does_not_let_us_through(proxy: Proxy, to, server, answer):
    """The code has not left: it is as good as before."""
    proxy.answer = answer
    for wechat in wechat_at("http://api.weixin.test", to):
        with pytest.raises(WeChatUnavailable) as caught:
            exchange(wechat)
    error = caught.value
    assert (error.facts["stage"], error.facts["sent"]) == ("proxy", False)
    assert "OUTBOUND_PROXY" in error.operator
    assert "TUFSS0VS" not in error.operator + repr(error.facts)
    assert server.targets == []


def test_a_proxy_that_is_not_there(server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    to = outbound.Proxy("127.0.0.1", port)
    for wechat in wechat_at("http://api.weixin.test", to):
        with pytest.raises(WeChatUnavailable) as caught:
            exchange(wechat)
    assert caught.value.facts["fault"] == "refused"
    assert "OUTBOUND_PROXY" in caught.value.operator


def test_what_is_on_this_machine_needs_none(server: Server, proxy: Proxy, to) -> None:
    """A simulator, say."""
    for wechat in wechat_at(f"http://localhost:{server.port}", to):
        exchange(wechat)
    assert (proxy.asked, len(server.targets)) == ([], 1)


def test_a_picture_is_asked_for_by_the_number_that_we_looked_up(
    server: Server, proxy: Proxy, to, tls, leads_to, monkeypatch
) -> None:
    """security row 104: a proxy's own look-up of the name might lead inside."""
    monkeypatch.setattr(avatars, "_outside", avatars.PublicTransport)
    tls("thirdwx.qlogo.cn")
    server.will(says(b"\xff\xd8picture"))
    leads_to("10.0.0.1", PUBLIC)
    hosts = AvatarHosts(proxy=to)
    found = hosts.fetch(PICTURE, deadline=outgoing.Deadline(5))
    hosts._transport.close()
    assert found == b"\xff\xd8picture"
    assert proxy.places == [f"{PUBLIC}:443"]


@pytest.mark.parametrize("ip", ["10.0.0.1", "127.0.0.1", "169.254.169.254"])
def test_no_webhook_is_led_inside_by_it(proxy: Proxy, to, leads_to, ip) -> None:
    """security rows 104, 120"""
    leads_to(ip)
    reply = outgoing.post("https://shop.test/x", b"", {}, inside=False, proxy=to)
    assert (reply.fault, proxy.asked) == ("inside", [])


def test_a_site_that_is_inside_is_called_directly(server: Server, proxy, to) -> None:
    url = f"http://127.0.0.1:{server.port}/x"
    assert outgoing.post(url, b"", {}, inside=True, proxy=to).good
    assert proxy.asked == []


@pytest.mark.parametrize(
    ("url", "host", "port", "pair"),
    [
        ("http://proxy.internal:3128", "proxy.internal", 3128, ""),
        ("http://10.0.0.1:8080/", "10.0.0.1", 8080, ""),
        ("http://u:p%40%2F@[fd00::1]:3128", "fd00::1", 3128, "Basic dTpwQC8="),
    ],
)
def test_how_it_is_written(tmp_path, url, host, port, pair) -> None:
    settings = load_settings(tmp_path, outbound_proxy=url)
    assert proxy_of(settings) == outbound.Proxy(host, port, pair)
    assert "dTpwQC8" not in repr(proxy_of(settings))
    assert "proxy.internal" not in repr(settings)


@pytest.mark.parametrize(
    "url",
    [
        "proxy.internal:3128",
        "https://proxy.internal:3128",
        "socks5://proxy.internal:1080",
        "http://proxy.internal",
        "http://proxy.internal:0",
        "http://proxy.internal:99999",
        "http://user:MARKER/@proxy.internal:3128",
        "http://user:MARKER@proxy.internal:3128/path",
    ],
)
def test_what_is_refused_at_start(tmp_path, url) -> None:
    with pytest.raises(ConfigurationError, match="OUTBOUND_PROXY") as caught:
        load_settings(tmp_path, outbound_proxy=url)
    assert "MARKER" not in str(caught.value)


def test_none_is_none(tmp_path) -> None:
    assert proxy_of(load_settings(tmp_path)) is None
