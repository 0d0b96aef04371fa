"""Chinese or English: by the browser's wish, by the switch, and without gaps."""

import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

from tests.support.journey import CHINESE, ENGLISH, Browser
from wxlogin.config.paths import asset_dir, package_dir
from wxlogin.web.words import WORDS

COOKIE = "wxlogin_language"
METHODS = [("**.py", "python"), ("**.html", "jinja2")]
KEYWORDS = {"_": None, "gettext": None, "lazy_gettext": None, "N_": None}


def language_of(answer) -> str:
    return re.search(r'<html lang="([^"]+)"', answer.text).group(1)


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("zh-TW,zh;q=0.9,en-US;q=0.8", "zh-Hant"),
        ("zh-HK", "zh-Hant"),
        ("zh-MO,en;q=0.9", "zh-Hant"),
        ("zh-Hant", "zh-Hant"),
        ("zh-Hans-CN", "zh-CN"),
        ("ZH-cn", "zh-CN"),
        ("en-GB,en;q=0.9", "en"),
        ("en-US", "en"),
        ("en-GB,zh;q=0.9", "en"),
        ("en-GB, zh-CN;q=0.9, zh;q=0.8", "en"),
        ("zh-SG,en;q=0.9", "zh-CN"),
        ("zh;q=0.9,en-AU", "en"),
        ("fr,en-IE;q=0.9,zh;q=0.8", "en"),
        ("en-US;q=0,zh", "zh-CN"),
        ("en;q=0.5,zh;q=0.9", "zh-CN"),
        ("en;q=0.9,zh;q=0.5", "en"),
        ("fr-FR,fr;q=0.9,en;q=0.5", "en"),
        ("fr-FR,fr;q=0.9", "en"),
        ("ja", "en"),
        ("de-DE,de;q=0.9,*;q=0.1", "en"),
        ("de;q=0", "zh-CN"),
        ("", "zh-CN"),
        ("*", "zh-CN"),
        ("zh;q=0,en", "en"),
        (";;;q=x,,\xff", "zh-CN"),
        ("x" * 5000, "zh-CN"),
        ("en" + "-x" * 2000, "en"),
    ],
)
def test_the_browser_says_which_language(browser, asked, shown):
    answer = browser.get("/login", headers={"Accept-Language": asked})
    assert language_of(answer) == shown


@pytest.mark.parametrize("asked", ["fr", "*", ""])
@pytest.mark.parametrize(("default", "shown"), [("en", "en"), ("zh", "zh-CN")])
def test_the_default_is_a_setting(app_for, asked, default, shown):
    browser = Browser(app_for(default_language=default))
    answer = browser.get("/login", headers={"Accept-Language": asked})
    assert language_of(answer) == shown


@pytest.mark.parametrize("path", ["/login", "/login?next=/orders?page=2%26x=1", "/me"])
def test_the_switch_keeps_the_page_and_next(signed_in, path):
    page = signed_in.get(path, headers=ENGLISH)
    link = re.search(r'href="(/language/zh[^"]*)"', page.text).group(1)
    answer = signed_in.get(link.replace("&amp;", "&"))
    assert answer.status_code == 303
    back = signed_in.get(answer.location, headers=ENGLISH)
    assert language_of(back) == "zh-CN"
    if "next" in path:
        assert 'href="/orders?page=2&amp;x=1"' in back.text
    if path == "/me":
        assert answer.location == "/me"


def test_the_switch_on_an_error_page_keeps_next_and_drops_the_state(browser):
    """The address of the callback holds a state; it is written nowhere."""
    started = browser.starts(next_url="/orders")
    page = browser.returns(started, None)
    assert page.status_code == 400
    link = re.search(r'href="(/language/en[^"]*)"', page.text).group(1)
    back = browser.get(browser.get(link.replace("&amp;", "&")).location)
    assert language_of(back) == "en"
    assert started.state not in page.text
    assert "next=/orders" in back.text


def test_the_choice_is_kept_and_wins_over_the_browser(browser):
    answer = browser.get("/language/en?next=/login")
    line = answer.headers["Set-Cookie"]
    assert line.startswith(f"{COOKIE}=en; ")
    assert "Max-Age=31536000" in line
    assert language_of(browser.get("/login", headers=CHINESE)) == "en"


@pytest.mark.parametrize(
    "wish", ["https://evil.test/", "//evil.test", "/\\evil.test", "javascript:x", ""]
)
def test_the_switch_leads_nowhere_else(browser, wish):
    """security row 13"""
    answer = browser.get("/language/en", query_string={"next": wish})
    assert answer.location == "/login"


def test_there_are_two_languages(browser):
    for name in ("fr", "zh-CN", "..", "EN"):
        assert browser.get(f"/language/{name}").status_code == 404


def test_a_foreign_choice_in_the_cookie_is_ignored(browser):
    browser.client.set_cookie(COOKIE, "../../etc", domain="127.0.0.1")
    assert language_of(browser.get("/login", headers=ENGLISH)) == "en"


class Reader(HTMLParser):
    """The texts of a page that a person reads or hears."""

    SILENT = ("style", "script", "code", "bdi", "time")
    VOID = ("meta", "link", "img", "br", "input")

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        spoken = (given.get(name) for name in ("title", "alt", "aria-label"))
        self.texts += [text for text in spoken if text]
        if tag not in self.VOID:
            # The switch names the other language in that language.
            silent = tag in self.SILENT or {"hreflang", "aria-hidden"} & set(given)
            self._open.append((tag, bool(silent)))

    def handle_endtag(self, tag):
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if data.strip() and not any(silent for _, silent in self._open):
            self.texts.append(data.strip())


def texts_of(answer) -> list[str]:
    reader = Reader()
    reader.feed(answer.text)
    return reader.texts


# What stays as it is in Chinese: names, and what a browser is called.
NAMES = re.compile(
    r"https?://\S+|wxlogin|WeChat|Chrome · Linux|Cookie|web|\d+\.\d+\.\d+\.\d+|ID"
    r"|client_(id|secret)"
)


def check_chinese(answer) -> None:
    for text in texts_of(answer):
        assert not re.search(r"[A-Za-z]{2,}", NAMES.sub("", text)), text


def check_english(answer) -> None:
    for text in texts_of(answer):
        assert not re.search("[一-鿿]", text.replace("使用完整服务", "")), text


@pytest.mark.parametrize("path", ["/login", "/me", "/me/deleted", "/login/snapshot"])
def test_every_page_is_whole_in_both_languages(signed_in, path):
    check_chinese(signed_in.get(path, headers=CHINESE))
    check_english(signed_in.get(path, headers=ENGLISH))


def test_every_refusal_is_whole_in_both_languages(app, browser):
    from wxlogin.web.problems import answer

    app.add_url_rule("/fails/<code>", "fails", lambda code: answer(code, 400))
    app.add_url_rule("/api/fails/<code>", "api_fails", lambda code: answer(code, 400))
    for code in sorted(WORDS):
        chinese, english = (
            browser.get(f"/fails/{code}", headers=headers)
            for headers in (CHINESE, ENGLISH)
        )
        assert (language_of(chinese), language_of(english)) == ("zh-CN", "en"), code
        check_chinese(chinese)
        check_english(english)
        told = browser.get(f"/api/fails/{code}", headers=CHINESE).get_json()
        assert told["code"] == code
        for text in (told["title"], told["detail"]):
            assert re.search("[一-鿿]", text), code
            assert not re.search(r"[A-Za-z]{2,}", NAMES.sub("", text)), text


def texts_in_code(*folders: Path) -> set[str]:
    found = set()
    for folder in folders:
        rows = extract_from_dir(folder, METHODS, keywords=KEYWORDS)
        found |= {str(message) for _file, _line, message, _notes, _context in rows}
    return found


def catalog_at(folder: Path) -> Catalog:
    with (folder / "messages.po").open("rb") as file:
        return read_po(file, locale="zh")


def catalogs() -> list:
    service = [package_dir() / "web", asset_dir("templates")]
    tables = ("flows/doors.py", "wechat/errcodes.py")
    loose = [package_dir() / table for table in tables]
    simulator = [package_dir() / "simulator"]
    rooms = (
        (package_dir(), service, loose),
        (package_dir() / "simulator", simulator, []),
    )
    return [
        pytest.param(folders, loose, file.parent, id=f"{room.name}-{file.parts[-3]}")
        for room, folders, loose in rooms
        for file in sorted(room.glob("translations/*/LC_MESSAGES/messages.po"))
    ]


@pytest.mark.parametrize(("folders", "loose", "where"), catalogs())
def test_every_text_is_translated_and_no_other_is_kept(folders, loose, where, tmp_path):
    for file in loose:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    wanted = texts_in_code(*folders, tmp_path)
    assert len(wanted) > 10
    catalog = catalog_at(where)
    known = {message.id: message.string for message in catalog if message.id}
    assert set(known) == wanted
    assert [text for text, translated in known.items() if not translated] == []
    assert not [message.id for message in catalog if message.fuzzy]


@pytest.mark.parametrize(("folders", "loose", "where"), catalogs())
def test_the_compiled_catalog_is_that_of_the_texts(folders, loose, where):
    compiled = io.BytesIO()
    write_mo(compiled, catalog_at(where))
    compiled.seek(0)
    with (where / "messages.mo").open("rb") as file:
        kept = read_mo(file)
    texts = {message.id: message.string for message in kept if message.id}
    assert texts == {m.id: m.string for m in read_mo(compiled) if m.id}


@pytest.mark.parametrize(("folders", "loose", "where"), catalogs())
def test_places_for_values_are_the_same_in_both_languages(folders, loose, where):
    for message in catalog_at(where):
        if message.id:
            places = [
                sorted(re.findall(r"%\(\w+\)s", text))
                for text in (message.id, message.string)
            ]
            assert places[0] == places[1], message.id
