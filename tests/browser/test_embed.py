"""The QR code inside a page: ours, a listed site's, and one that is not listed."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.shop import Shop
from wxlogin.config import Site

WIDGET = """
<!doctype html><meta charset="utf-8"><title>shop</title><div id="wechat"></div>
<script src="{service}/static/wxlogin-widget.js" data-target="wechat"
        data-next="{next}" {more}></script>
"""


@pytest.fixture
def shop() -> Iterator[Shop]:
    with Shop() as shop:
        yield shop


@pytest.fixture
def listed(serve, shop: Shop):
    """The service, which knows the shop."""
    sites = (Site(name="shop", origins=(shop.url, shop.foreign_url)),)
    return serve(sites=sites)


@pytest.fixture
def phone(window) -> Page:
    return window(width=390, height=844)


def confirms(phone: Page, simulator, person: str = "xiaoming") -> None:
    phone.goto(f"{simulator.url}/phone")
    phone.locator(f"[data-person={person}]").click()
    phone.locator("[data-scan]").first.click()
    phone.locator("[data-action=confirm]").click()


def is_signed_in(page: Page, service, nickname: str = "小明😀") -> None:
    page.goto(f"{service.url}/me")
    expect(page.locator("h1")).to_have_text(nickname)


@pytest.mark.parametrize("stays", ["false", "true"])
def test_on_our_own_page(service, simulator, window, phone, stays):
    pc = window()
    pc.goto(f"{service.url}/login/embed?next=/me&self_redirect={stays}")
    pc.frame_locator("#frame").locator("img.qrcode").wait_for()
    confirms(phone, simulator)
    pc.wait_for_url(f"{service.url}/me")
    expect(pc.locator("h1")).to_have_text("小明😀")


@pytest.mark.parametrize("stays", ["false", "true"])
def test_on_a_listed_sites_page(listed, simulator, shop, window, phone, stays):
    more = f'data-self-redirect="{stays}"'
    back = f"{shop.url}/back"
    shop.pages["/"] = WIDGET.format(service=listed.url, next=back, more=more)
    pc = window()
    pc.goto(f"{shop.url}/")
    pc.frame_locator("#wechat iframe").locator("img.qrcode").wait_for()
    confirms(phone, simulator)
    pc.wait_for_url(back)
    is_signed_in(pc, listed)


def test_the_page_may_take_over(listed, simulator, shop, window, phone):
    shop.pages["/"] = (
        WIDGET.format(
            service=listed.url, next=shop.url, more='data-self-redirect="true"'
        )
        + """<script>
        document.addEventListener("wxlogin:signed-in", (event) => {
          event.preventDefault(); document.title = "welcome";
        });</script>"""
    )
    pc = window()
    pc.goto(f"{shop.url}/")
    pc.frame_locator("#wechat iframe").locator("img.qrcode").wait_for()
    confirms(phone, simulator)
    expect(pc).to_have_title("welcome")
    assert pc.url == f"{shop.url}/"


def takes_the_link(pc: Page) -> None:
    """The page stays until the visitor goes on."""
    link = pc.get_by_role("link", name="使用微信登录")
    link.click()
    pc.wait_for_url(re.compile("/login\\?"))
    pc.frame_locator("#frame").locator("img.qrcode").wait_for()


def test_on_a_listed_page_of_another_site_a_link_leads_to_our_page(
    listed, simulator, shop, window, phone
):
    """There our cookies would be third-party cookies."""
    back = f"{shop.foreign_url}/back"
    shop.pages["/"] = WIDGET.format(service=listed.url, next=back, more="")
    pc = window()
    pc.goto(f"{shop.foreign_url}/")
    takes_the_link(pc)
    confirms(phone, simulator)
    pc.wait_for_url(back)
    is_signed_in(pc, listed)


def frame_of(page: Page, shop: Shop, url: str) -> Page:
    shop.pages["/frame"] = f'<iframe id="inner" src="{url}" width="400" height="500">'
    page.goto(f"{shop.url}/frame")
    return page


def test_a_listed_site_may_frame_the_embedded_page(listed, shop, window):
    pc = frame_of(window(), shop, f"{listed.url}/login/embed")
    code = pc.frame_locator("#inner").frame_locator("#frame").locator("img.qrcode")
    code.wait_for()


def test_an_unlisted_site_may_not(service, shop, window):
    """security row 88"""
    pc = window()
    refusals: list[str] = []
    pc.on("console", lambda message: refusals.append(message.text))
    frame_of(pc, shop, f"{service.url}/login/embed")
    expect(pc.frame_locator("#inner").locator("#frame")).to_have_count(0)
    assert any("frame-ancestors" in text for text in refusals)


def test_an_unlisted_sites_widget_gets_no_attempt(
    service, simulator, shop, window, phone
):
    """security row 27: the call is refused, the visitor may go to our own page"""
    shop.pages["/"] = WIDGET.format(service=service.url, next=shop.url, more="")
    pc = window()
    pc.goto(f"{shop.url}/")
    takes_the_link(pc)
    confirms(phone, simulator)
    # Nobody is led back to a page that is not listed.
    pc.wait_for_url(f"{service.url}/me")


def test_fast_login_needs_no_scan(listed, simulator, shop, window):
    simulator.world.switch(fast_login="lihua")
    shop.pages["/"] = WIDGET.format(
        service=listed.url, next=f"{shop.url}/back", more=""
    )
    pc = window()
    pc.goto(f"{shop.url}/")
    pc.wait_for_url(f"{shop.url}/back")
    is_signed_in(pc, listed, "李华")
