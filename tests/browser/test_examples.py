"""The tea shop of docs/examples, in each of its languages, on three origins.

The shop has sessions of its own and knows nothing of who stands behind the sign-in.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Service
from tests.browser.test_sign_in import person_on_phone, scans_and_confirms
from tests.docs.examples import PROGRAMS, Example

LANGUAGES = pytest.mark.parametrize("language", PROGRAMS)


class Shop(Example):
    """The example, and the service it signs people in at."""

    service: Service


@pytest.fixture
def open_shop(
    serve: Callable[..., Service], tmp_path: Path
) -> Iterator[Callable[[str], Shop]]:
    shops: list[Shop] = []

    def opens(language: str) -> Shop:
        shop = Shop(language, tmp_path)
        shop.service = serve(sites=[shop.site])
        shops.append(shop)
        shop.start(shop.service.url)
        return shop

    yield opens
    for shop in shops:
        log = shop.stop()
        assert not re.search("Traceback|Warning|Deprecated|Notice|Fatal", log), log


def signs_in(pc: Page, phone: Page, shop: Shop, simulator, person: str) -> None:
    """From the shop's button through the scan back to the shop."""
    pc.goto(shop.url)
    pc.get_by_role("link", name="登录").click()
    pc.frame_locator("#frame").locator("img.qrcode").wait_for()
    assert pc.url.startswith(shop.service.url)
    person_on_phone(phone, simulator, person)
    scans_and_confirms(phone)
    pc.wait_for_url(f"{shop.url}/")


@LANGUAGES
def test_from_the_shops_button_through_the_scan_back_to_the_shop(
    open_shop, simulator, window, language
):
    shop = open_shop(language)
    pc, phone = window(), window(width=390, height=844)
    signs_in(pc, phone, shop, simulator, "xiaoming")
    expect(pc.get_by_text("你好，小明😀")).to_be_visible()
    pc.get_by_role("button", name="普洱").click()
    expect(pc.get_by_text("🫖 普洱")).to_be_visible()
    pc.set_viewport_size({"width": 390, "height": 844})
    root = "document.documentElement"
    assert not pc.evaluate(f"{root}.scrollWidth > {root}.clientWidth")
    # Signed out at both: the next sign-in needs the phone again.
    pc.get_by_role("button", name="退出").click()
    pc.wait_for_url(re.compile(rf"{shop.url}/(\?.*)?$"))
    expect(pc.get_by_role("link", name="登录")).to_be_visible()
    signs_in(pc, phone, shop, simulator, "xiaoming")
    expect(pc.get_by_text("🫖 普洱")).to_be_visible()


@LANGUAGES
def test_two_tabs_sign_in_and_the_last_one_counts(
    open_shop, simulator, window, language
):
    """Both wait for a scan at once; neither ends the other."""
    shop = open_shop(language)
    first, phone = window(), window(width=390, height=844)
    second = first.context.new_page()
    for tab in (first, second):
        tab.goto(shop.url)
        tab.get_by_role("link", name="登录").click()
        tab.frame_locator("#frame").locator("img.qrcode").wait_for()
    # The camera sees the newest code first.
    for tab, person, name in ((second, "lihua", "李华"), (first, "xiaoming", "小明😀")):
        person_on_phone(phone, simulator, person)
        scans_and_confirms(phone)
        tab.wait_for_url(f"{shop.url}/")
        expect(tab.get_by_text(f"你好，{name}")).to_be_visible()
