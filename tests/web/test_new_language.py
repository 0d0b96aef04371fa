"""A catalogue is a language: pages, the switch, discovery, settings find it there."""

import re
import shutil

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from tests.support.journey import Browser, Started
from wxlogin.config import languages

JAPANESE = {"Accept-Language": "ja-JP,ja;q=0.9,en;q=0.8"}
SIGN_IN = "WeChatでログイン"


def add_catalogue(folder, language: str, texts: dict[str, str]) -> None:
    catalog = Catalog(locale=language)
    for text, translated in texts.items():
        catalog.add(text, translated)
    place = folder / language / "LC_MESSAGES"
    place.mkdir(parents=True)
    with (place / "messages.mo").open("wb") as file:
        write_mo(file, catalog)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The catalogues that there are, and a place for one more."""
    copy = tmp_path / "translations"
    shutil.copytree(languages.FOLDER, copy)
    monkeypatch.setattr(languages, "FOLDER", copy)
    return copy


@pytest.fixture
def japanese(folder):
    add_catalogue(folder, "ja", {"Sign in with WeChat": SIGN_IN})


@pytest.fixture
def browser(japanese, app_for):
    return Browser(app_for())


def language_of(answer) -> str:
    return re.search(r'<html lang="([^"]+)"', answer.text).group(1)


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/login", JAPANESE),
        ("/login", {"Accept-Language": "ja"}),
        ("/login?ui_locales=fr%20ja-JP", {"Accept-Language": "en"}),
    ],
)
def test_a_page_is_in_the_new_language(browser, path, headers):
    page = browser.get(path, headers=headers)
    assert language_of(page) == "ja"
    assert SIGN_IN in page.text


def test_the_switch_offers_each_other_language(browser):
    page = browser.get("/login", headers={"Accept-Language": "en"})
    links = re.findall(r'/language/(\w+)\?[^"]*" lang="([^"]+)"[^>]*>(\S+)<', page.text)
    assert links == [
        ("ja", "ja", "日本語"),
        ("zh", "zh-CN", "简体中文"),
        ("zh_Hant", "zh-Hant", "繁體中文"),
    ]
    assert browser.get("/language/ja?next=/login").status_code == 303
    assert language_of(browser.get("/login")) == "ja"


def test_it_may_be_the_default(japanese, app_for):
    browser = Browser(app_for(default_language="ja"))
    assert language_of(browser.get("/login", headers={"Accept-Language": "fr"})) == "ja"


def test_discovery_tells_sites_of_it(browser):
    found = browser.get("/.well-known/openid-configuration").get_json()
    assert found["ui_locales_supported"] == ["ja", "zh-CN", "zh-Hant", "en"]


def test_wechat_is_asked_for_english_which_it_knows(browser):
    page = browser.get("/login/qr", headers=JAPANESE)
    assert "&lang=en" in Started.at(page.location).url
    page = browser.get("/login/qr", headers={"Accept-Language": "zh-TW"})
    assert "lang=" not in page.location


@pytest.mark.parametrize("tag", ["zh-TW", "zh-Hant-HK", "ZH-cn", "zh-Hans-CN", "zh"])
def test_all_chinese_is_ours_while_there_is_one(folder, tag):
    shutil.rmtree(folder / "zh_Hant")
    languages._catalogues.cache_clear()
    assert languages.spoken(tag) == "zh"


def test_the_chinese_of_taiwan_and_hong_kong_has_its_own():
    assert languages.languages() == ("zh", "zh_Hant", "en")
    for tag in ("zh-TW", "zh-HK", "zh-MO", "zh-Hant-MO", "zh-hant"):
        assert languages.spoken(tag) == "zh_Hant"
    assert languages.spoken("zh-CN") == languages.spoken("zh-Hans-CN") == "zh"
    assert languages.tag_of("zh_Hant") == "zh-Hant"
