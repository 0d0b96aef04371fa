"""How the browser comes back: string work with WeChat's quirks."""

import json
import re

import pytest

from wxlogin.simulator import World
from wxlogin.simulator.protocol import append

from .conftest import CALLBACK, Site, code_in, errcode, phone


@pytest.mark.parametrize(
    ("redirect_uri", "expected"),
    [
        ("https://s.test/cb", "https://s.test/cb?code=C&state=S"),
        ("https://s.test/cb?a=b", "https://s.test/cb?a=b&code=C&state=S"),
        ("https://s.test/?a=1&amp;b=2", "https://s.test/?a=1&b=2&code=C&state=S"),
        ("https://s.test/#/login", "https://s.test/#/login?code=C&state=S"),
        ("https://s.test/#/login?x", "https://s.test/#/login?x&code=C&state=S"),
        ("https://s.test/?state=own", "https://s.test/?state=own&code=C&state=S"),
    ],
)
@pytest.mark.fact(
    "the callback is put together at the very end, inside WeChat before the `#`"
)
def test_parameters_go_to_the_very_end(redirect_uri: str, expected: str) -> None:
    """A hash route gets its code inside the fragment."""
    assert append(redirect_uri, "code=C&state=S") == expected


@pytest.mark.fact(
    "the fast login signs in without a scan, with the parameters before the `#`, "
    "or at both places"
)
def test_fast_login_puts_them_before_the_hash() -> None:
    url = append("https://s.test/p#/login", "code=C&state=S", before_fragment=True)
    assert url == "https://s.test/p?code=C&state=S#/login"


def test_confirm_tells_where_the_page_will_go(site: Site) -> None:
    uuid = site.shows_qr(state="a b&c")
    phone(site.client, "scan", uuid, "xiaoming")
    answer = phone(site.client, "confirm", uuid, "xiaoming").get_json()
    code = code_in(site.polls(uuid))
    assert answer["redirect"] == f"{CALLBACK}?code={code}&state=a%20b%26c"
    assert answer["redirects"] == [answer["redirect"]]


@pytest.mark.fact(
    "a refusal goes nowhere; once it came back with `state` alone, long ago with "
    "`code=authdeny`"
)
def test_a_refusal_leads_nowhere_by_default(site: Site) -> None:
    uuid = site.shows_qr()
    phone(site.client, "scan", uuid, "xiaoming")
    assert "redirect" not in phone(site.client, "cancel", uuid, "xiaoming").get_json()
    assert "sim_visit" not in site.polls(uuid)


@pytest.mark.fact(
    "a refusal goes nowhere; once it came back with `state` alone, long ago with "
    "`code=authdeny`"
)
def test_deny_redirect_returns_with_the_state_alone(site: Site, world: World) -> None:
    world.switch(deny_redirect=True)
    uuid = site.shows_qr()
    phone(site.client, "scan", uuid, "xiaoming")
    answer = phone(site.client, "cancel", uuid, "xiaoming").get_json()
    assert answer["redirect"] == f"{CALLBACK}?state=STATE1"
    assert f'window.sim_visit=["{CALLBACK}?state=STATE1"];' in site.polls(uuid)


@pytest.mark.parametrize(("value", "codes"), [("same", 1), ("different", 2)])
@pytest.mark.fact("the callback comes twice, with one code or two")
def test_double_callback(site: Site, world: World, value: str, codes: int) -> None:
    world.switch(double_callback=value)
    uuid = site.shows_qr()
    phone(site.client, "scan", uuid, "xiaoming")
    phone(site.client, "confirm", uuid, "xiaoming")
    found = re.search(r"window\.sim_visit=(\[.*\]);", site.polls(uuid))
    assert found
    urls = json.loads(found[1])
    assert len(urls) == 2
    assert len(set(urls)) == codes
    first, second = (re.findall(r"code=(\w+)", url)[0] for url in urls)
    assert "access_token" in site.exchanges(first)
    outcome = site.exchanges(second)
    assert ("access_token" in outcome) == (codes == 2)
    assert codes == 2 or errcode(outcome) == 40163


@pytest.mark.fact(
    "the fast login signs in without a scan, with the parameters before the `#`, "
    "or at both places"
)
def test_fast_login_needs_no_scan(site: Site, world: World) -> None:
    world.switch(("app", "web"), fast_login="lihua")
    page = site.opens_qr_page(redirect_uri=CALLBACK + "#/x")
    assert "fast_login = true" in page.text
    found = re.search(r"uuid=(\w{16})", page.text)
    assert found
    script = site.polls(found[1], f="url")
    code = code_in(script)
    assert f'"{CALLBACK}?code={code}&state=STATE1#/x"' in script
    assert world.grants.peek(code).person == "lihua"  # type: ignore[union-attr]


def test_a_page_may_forbid_fast_login(site: Site, world: World) -> None:
    world.switch(fast_login=True)
    assert site.polls(site.shows_qr(fast_login="0")).startswith(
        "window.wx_errcode=408;"
    )
