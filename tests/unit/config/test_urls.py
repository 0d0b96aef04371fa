"""Addresses an operator wrote: brought into browsers' spelling, or refused."""

import pytest

from wxlogin.config.host_names import is_loopback, is_this_machine
from wxlogin.config.urls import (
    base_url,
    in_ascii,
    link,
    origin,
    return_address,
)

XN = "https://xn--czrs0t.example"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://login.shop.example", "https://login.shop.example"),
        ("https://login.shop.example/", "https://login.shop.example"),
        ("https://login.shop.example/wx/", "https://login.shop.example/wx"),
        ("HTTPS://Login.Shop.Example/Wx", "https://login.shop.example/Wx"),
        ("https://login.shop.example:443", "https://login.shop.example"),
        ("http://login.shop.example:80/a", "http://login.shop.example/a"),
        ("https://login.shop.example:8443", "https://login.shop.example:8443"),
        ("https://login.shop.example:", "https://login.shop.example"),
        ("https://login.shop.example.", "https://login.shop.example"),
        ("https://login.shop.example.:8443/", "https://login.shop.example:8443"),
        ("https://商店.example", XN),
        ("https://商店。example", XN),
        ("https://XN--CZRS0T.example", XN),
        ("https://login．shop．example", "https://login.shop.example"),
        ("https://ｌｏｇｉｎ.shop.example", "https://login.shop.example"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://faß.example", "https://xn--fa-hia.example"),
        ("http://127.1:5000", "http://127.0.0.1:5000"),
        ("http://2130706433", "http://127.0.0.1"),
        ("http://0x7f.0.0.1", "http://127.0.0.1"),
        ("http://0300.0250.1.20", "http://192.168.1.20"),
        ("http://[0:0:0:0:0:0:0:1]:5000", "http://[::1]:5000"),
        ("http://[2001:DB8::1]", "http://[2001:db8::1]"),
    ],
)
def test_one_spelling_is_kept(written, meant):
    assert base_url(written) == meant
    assert base_url(meant) == meant


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("login.shop.example", "whole URL"),
        ("//login.shop.example", "whole URL"),
        ("ftp://login.shop.example", "whole URL"),
        ("https:/login.shop.example", "whole URL"),
        ("https：//login.shop.example", "whole URL"),
        ("https:／／login.shop.example", "whole URL"),
        ("https://", "write a host"),
        ("https:///wx", "write a host"),
        ("https://:443", "write a host"),
        ("https://user@login.shop.example", "leave out user"),
        ("https://user:hush@login.shop.example", "leave out user"),
        ("https://login.shop.example@evil.example", "leave out user"),
        ("https://login.shop.example?x=1", "leave out the ?"),
        ("https://login.shop.example/?", "leave out the ?"),
        ("https://login.shop.example/#top", "no #"),
        ("https://login.shop.example#", "no #"),
        ("https://login.shop.example:0", "1 to 65535"),
        ("https://login.shop.example:65536", "1 to 65535"),
        ("https://login.shop.example:" + "9" * 5000, "1 to 65535"),
        ("https://login.shop.example:https", "a port of digits"),
        ("https://login.shop.example:８４４３", "a port of digits"),
        ("https://login.shop.example：8443", "full-width"),
        ("https://login.shop.example／wx", "full-width"),
        ("https://login_shop.example", "no _"),
        ("https://-login.shop.example", "its host is none"),
        ("https://login..shop.example", "its host is none"),
        ("https://.shop.example", "its host is none"),
        ("https://*.shop.example", "its host is none"),
        ("https://login%2eshop.example", "its host is none"),
        ("https://" + "a" * 64 + ".example", "its host is none"),
        ("https://" + "a." * 127 + "example", "its host is none"),
        ("https://xn--.example", "its host is none"),
        ("https://xn--abc-.example", "its host is none"),
        ("https://xn--99999999.example", "xn--"),
        ("https://256.1.1.1", "looks like an IP address"),
        ("https://1.2.3.4.5", "looks like an IP address"),
        ("https://shop.123", "looks like an IP address"),
        ("https://08.1.1.1", "looks like an IP address"),
        ("https://[::1", "a port of digits"),
        ("https://[::1%25eth0]", "a port of digits"),
        ("https://[::g]", "a port of digits"),
        ("https://[1:2]", "no IPv6 address"),
        ("https://login.shop.example/微信", "ASCII"),
        ("https://login.shop.example/%E5%BE%AE", "ASCII"),
        ("https://login.shop.example//wx", "single slashes"),
        ("https://login.shop.example/a/../b", "single slashes"),
        ("https://login.shop.example/.", "single slashes"),
        ("https://login.shop.example/a%2fb", "single slashes"),
        ("https://login.shop.example/a;b", "single slashes"),
        ("https://login.shop.example\\wx", "write / for"),
        ("https://login shop.example", "no blanks"),
        ("https://login.shop.example/a b", "no blanks"),
        ("https://login\u200b.shop.example", "no invisible"),
        ("https://login.shop\u00ad.example", "no invisible"),
        ("https://login.shop.example/\u3000", "no blanks"),
        ("https://login\n.shop.example", "no blanks"),
        ("https://login\0.shop.example", "no invisible"),
    ],
)
def test_what_cannot_be_used_is_told(written, says):
    with pytest.raises(ValueError, match=says) as caught:
        base_url(written)
    assert "hush" not in str(caught.value)


OURSELVES = [
    "localhost",
    "LOCALHOST",
    "localhost.",
    "localhost.localdomain",
    "sim.localhost",
    "ip6-localhost",
    "127.0.0.1",
    "127.0.0.1.",
    "127.8.7.6",
    "127.1",
    "127.0.1",
    "0x7f000001",
    "0x7F.1",
    "0177.0.0.1",
    "2130706433",
    "１２７.0.0.1",
    "127。0。0。1",
    "ｌｏｃａｌｈｏｓｔ",
    "::1",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "::ffff:127.0.0.1",
    "[::ffff:7f00:1]",
]


@pytest.mark.parametrize("host", OURSELVES)
def test_this_machine_is_known_by_every_name(host):
    assert is_loopback(host)
    assert is_this_machine(host)


@pytest.mark.parametrize(
    "host",
    [
        *("0", "0x0", "[::]", "::ffff:0:0"),
        *("lvh.me", "a.localtest.me", "127.0.0.1.nip.io", "7f000001.nip.io"),
        *("wechat.127.0.0.1.sslip.io", "wechat-127-0-0-1.sslip.io"),
    ],
)
def test_no_address_and_names_for_this_machine_lead_here_too(host):
    assert is_this_machine(host)
    assert not is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "shop.example",
        "localhost.example",
        "notlocalhost",
        "128.0.0.1",
        "::2",
        "10.0.0.1.nip.io",
        "notlvh.me",
        "127.0.0.1.shop.example",
    ],
)
def test_other_machines_are_others(host):
    assert not is_this_machine(host)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("/terms", "/terms"),
        ("/条款", "/%E6%9D%A1%E6%AC%BE"),
        ("/a?b=c#d", "/a?b=c#d"),
        (
            "https://Shop.example/条款#一",
            "https://shop.example/%E6%9D%A1%E6%AC%BE#%E4%B8%80",
        ),
        ("https://商店.example/%E4%B8%80", f"{XN}/%E4%B8%80"),
    ],
)
def test_a_link_is_a_path_or_a_whole_address(written, meant):
    assert link(written) == meant


@pytest.mark.parametrize(
    "written",
    [
        "terms.html",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "www.a.b",
        "/a b",
        "https://a@b.example/",
        "data:text/html,x",
        "https://",
        "#top",
    ],
)
def test_what_leads_nowhere_is_no_link(written):
    with pytest.raises(ValueError, match=r"write|leave|an address"):
        link(written)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://Shop.example:443", "https://shop.example"),
        ("https://*.Shop.example", "https://*.shop.example"),
        ("https://*.商店.example:8443", "https://*.xn--czrs0t.example:8443"),
        ("https://shop.example.", "https://shop.example"),
        ("http://[::1]:80", "http://[::1]"),
    ],
)
def test_an_origin_is_written_as_browsers_send_it(written, meant):
    assert origin(written) == meant


@pytest.mark.parametrize(
    "written",
    [
        "https://shop.example/",
        "https://shop.example/a",
        "https://*.127.0.0.1",
        "*",
        "https://a.*.example",
        "https://*",
        "https://*.",
        "null",
        "shop.example",
    ],
)
def test_what_is_no_origin(written):
    with pytest.raises(ValueError):
        origin(written)


def test_a_return_address_stays_letter_by_letter_but_for_its_host():
    assert return_address("https://Shop.example:443/Cb?a=B") == (
        "https://Shop.example:443/Cb?a=B"
    )
    assert return_address("https://商店.example:444/cb") == f"{XN}:444/cb"
    assert in_ascii("https://商店.example/cb") == f"{XN}/cb"
    assert in_ascii("https://shop.example/回") == "https://shop.example/回"
    with pytest.raises(ValueError, match="percent-encoded"):
        return_address("https://商店.example/回")
