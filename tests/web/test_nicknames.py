"""Names as WeChat might send them, through the journey, to /me and /api/me.

They come back as they are: not executed, not repaired, not re-encoded. What may go:
control characters (`wechat.answers`), half an emoji, and what is longer than the
column (`accounts.person.storable`). security rows 92 to 95.
"""

import json
from html.parser import HTMLParser

import pytest

from tests.support.journey import USERINFO, Phone
from tests.support.names import expected
from tests.support.vectors import AVATARS, NICKNAMES, NOT_NICKNAMES
from wxlogin.simulator.world import ids

# Headers that WeChat sends, and that someone between us and WeChat might.
CONTENT_TYPES = (None, "application/json")
MISLEADING = (
    "application/json; encoding=utf-8",
    "text/plain; charset=iso-8859-1",
    "text/plain; charset=gbk",
    "text/html; charset=utf-16",
)


class Page(HTMLParser):
    """What stands in the heading, and which elements there are."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.heading = ""
        self._read = False
        self.elements: list[str] = []
        self._inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: object) -> None:
        self.elements.append(tag)
        # The first is the person's, whatever other names follow.
        self._inside = self._inside or (tag == "bdi" and not self._read)

    def handle_endtag(self, tag: str) -> None:
        self._read = self._read or (self._inside and tag == "bdi")
        self._inside = self._inside and tag != "bdi"

    def handle_data(self, data: str) -> None:
        self.heading += data if self._inside else ""


@pytest.fixture
def signs_in(app, browser_of, simulator):
    """Somebody new signs in under this name; the browser in which that happened."""

    def sign_in(name: object, *, escaped: bool = False):
        number = len(simulator.world.registry.people())
        person = {"name": f"person-{number}", "nickname": "x"}
        simulator.world.registry.put_person(person)
        raw = {"raw": json.dumps(name)} if escaped else name
        simulator.world.switch(nickname=raw)
        browser = browser_of(app)
        started = browser.starts()
        code = Phone(simulator, person["name"]).confirms(started)
        assert browser.returns(started, code).status_code == 303, ascii(name)
        return browser

    return sign_in


def test_the_page_reader_reads():
    page = Page("<h1><bdi>a&lt;b&#39;</bdi></h1>")
    assert (page.heading, page.elements) == ("a<b'", ["h1", "bdi"])


@pytest.mark.parametrize("content_type", CONTENT_TYPES)
def test_they_come_back_as_they_are(signs_in, simulator, content_type):
    """security rows 92 to 94: raw bytes, whatever the header says they are"""
    simulator.world.switch(content_type=content_type)
    names = {name: signs_in(name).who()["nickname"] for name in NICKNAMES}
    assert names == {name: expected(name) for name in NICKNAMES}


@pytest.mark.parametrize("content_type", MISLEADING)
def test_a_misleading_header_misleads_nobody(signs_in, simulator, content_type):
    """security row 94"""
    simulator.world.switch(content_type=content_type)
    assert signs_in("中文é😀").who()["nickname"] == "中文é😀"


def test_they_come_back_from_escapes_too(signs_in):
    """security row 94: pure ASCII on the wire, `\\u` escapes and all"""
    names = {}
    for name in NICKNAMES:
        names[name] = signs_in(name, escaped=True).who()["nickname"]
    assert names == {name: expected(name) for name in NICKNAMES}


def test_on_the_page_they_are_text(signs_in):
    """security row 92: the same elements whatever the name, and the name whole"""
    plain = Page(signs_in("plain").get("/me").text)
    assert plain.heading == "plain"
    for name in NICKNAMES:
        browser = signs_in(name)
        for path in ("/me", "/login"):
            page = Page(browser.get(path).text)
            assert page.heading == (expected(name) or "微信用户"), ascii(name)
        # Who has no name has no picture either, but for a letter.
        elements = Page(browser.get("/me").text).elements
        assert not expected(name) or elements == plain.elements, ascii(name)


@pytest.mark.parametrize("value", NOT_NICKNAMES, ids=ascii)
def test_what_is_no_text_is_no_name(signs_in, value):
    """security row 45"""
    browser = signs_in(value, escaped=True)
    assert browser.who()["nickname"] == ""
    assert browser.get("/me").status_code == 200


@pytest.mark.parametrize("name", ["", " ", "\u3000", "微信用户"], ids=ascii)
def test_no_name_does_not_overwrite_one(app_for, browser_of, xiaoming, simulator, name):
    browser = browser_of(app_for(profile="always"))
    for shown in (None, {"raw": json.dumps(name)}):
        simulator.world.switch(nickname=shown)
        started = browser.starts()
        assert browser.returns(started, xiaoming.confirms(started)).status_code == 303
        assert browser.who()["nickname"] == "小明😀"


@pytest.mark.parametrize("avatar", AVATARS, ids=ascii)
def test_an_avatar_is_an_https_address_or_none(browser, xiaoming, simulator, avatar):
    """security row 92: no script, no data, no foreign scheme"""
    openid = ids.openid("wx0000000000000a01", "xiaoming")
    profile = {"openid": openid, "nickname": "x", "headimgurl": avatar}
    text = json.dumps(profile)
    simulator.world.switch(raw_body={"path": USERINFO, "text": text})
    started = browser.starts()
    assert browser.returns(started, xiaoming.confirms(started)).status_code == 303
    assert browser.who()["avatar"] is None
    assert not avatar or avatar not in browser.get("/me").text


def test_a_log_line_cannot_be_forged(app, log, signs_in):
    """security row 95: one JSON line for each event, and no name in any"""
    log()
    for name in NICKNAMES:
        signs_in(name)
    lines = log()
    signed_in = [line for line in lines if line["event"] == "signed in"]
    assert len(signed_in) == len(NICKNAMES)
    assert {line["event"] for line in lines} == {"request", "signed in"}
