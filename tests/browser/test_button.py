"""The button and the code as elements, on pages of a site of somebody else's."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Service, serving
from tests.browser.shop import Shop
from tests.browser.test_accessible import problems
from tests.browser.test_embed import confirms, is_signed_in
from tests.docs.examples import EXAMPLES
from wxlogin.config import Site
from wxlogin.simulator.server import SimulatorServer
from wxlogin.simulator.world import World

PAGE = """<!doctype html><html lang="zh-CN"><meta charset="utf-8">
<meta name="color-scheme" content="light dark">
<meta name="viewport" content="width=device-width"><title>茶铺</title>{head}
<script src="{service}/static/wxlogin-{script}.js" defer></script>
<main><h1>茶铺</h1>{body}</main></html>"""
LINKED = '<wxlogin-button><a href="/login">使用微信登录</a></wxlogin-button>'
# Every way in which it can look.
LOOKS = "\n".join(
    f"<p>{LINKED.replace('<wxlogin-button', f'<wxlogin-button {more}')}</p>"
    for look in ("", "look=plain")
    for more in (look, f"{look} size=small", f"{look} size=large", f"{look} size=icon")
)
THEMES = (
    """<div style="background:#fff">{}</div><div style="background:#111">{}</div>"""
)
BLOCK = '<wxlogin-button theme={} style="display:block;margin:1em"></wxlogin-button>'


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with Shop() as shop:
        yield shop


@pytest.fixture(scope="module")
def wechat() -> Iterator[SimulatorServer]:
    with SimulatorServer(World.demo(), hold_seconds=1.0) as server:
        yield server


@pytest.fixture(scope="module")
def service(tmp_path_factory, wechat, shop: Shop) -> Iterator[Service]:
    """The service, which knows the shop."""
    folder = tmp_path_factory.mktemp("button")
    with serving(folder, wechat) as start:
        yield start(sites=(Site(name="shop", origins=(shop.url,)),))


@pytest.fixture
def page_with(service, shop, window):
    """Opens the shop's page with this in it."""

    def opens(body: str, *, head: str = "", script: str = "button", **more) -> Page:
        shop.pages["/"] = PAGE.format(
            service=service.url, body=body, head=head, script=script
        )
        page = window(**more)
        page.goto(f"{shop.url}/")
        return page

    return opens


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_look_has_a_serious_fault(page_with, scheme):
    themes = THEMES.format(BLOCK.format("light"), BLOCK.format("dark"))
    by_hand = (EXAMPLES / "button" / "link.html").read_text("utf-8")
    page = page_with(LOOKS + themes + by_hand, width=390, color_scheme=scheme)
    links = page.get_by_role("link", name="使用微信登录", exact=True)
    expect(links).to_have_count(11)
    assert problems(page) == []
    for link in links.all():
        box = link.bounding_box()
        assert box["height"] >= 36 and box["width"] >= 44
        assert box["width"] <= 390


def test_it_speaks_the_pages_language_and_says_what_the_page_says(page_with):
    page = page_with(
        "<wxlogin-button></wxlogin-button><wxlogin-button lang=en></wxlogin-button>"
        "<wxlogin-button label=微信快捷登录></wxlogin-button>"
        "<wxlogin-button lang=en size=icon></wxlogin-button>"
        "<wxlogin-button lang=zh-TW></wxlogin-button>"
    )
    links = page.locator("wxlogin-button").get_by_role("link")
    names = (
        "使用微信登录",
        "Sign in with WeChat",
        "微信快捷登录",
        "Sign in with WeChat",
        "使用微信登入",
    )
    for link, name in zip(links.all(), names, strict=True):
        expect(link).to_have_accessible_name(name)
    # What changes on the page changes here.
    page.evaluate(
        "Object.assign(document.querySelector('wxlogin-button'), {lang: 'en'})"
    )
    expect(links.first).to_have_accessible_name("Sign in with WeChat")


def test_the_keyboard_and_a_page_without_scripts_go_the_pages_own_way(page_with, shop):
    page = page_with(LINKED)
    page.keyboard.press("Tab")
    focused = page.evaluate(
        """() => {
          const link = document.activeElement.shadowRoot.activeElement;
          return [link.textContent, getComputedStyle(link).outlineStyle];
        }"""
    )
    assert focused == ["使用微信登录", "solid"]
    page.keyboard.press("Enter")
    page.wait_for_url(f"{shop.url}/login")
    plain = page_with(LINKED, java_script_enabled=False)
    plain.get_by_role("link", name="使用微信登录").click()
    plain.wait_for_url(f"{shop.url}/login")


def test_a_strict_policy_lets_it_look_as_it_should(page_with, service):
    """It needs `script-src`, and runs nothing that an address brings along."""
    policy = f"default-src 'none'; script-src {service.url}"
    page = page_with(
        LINKED + '<wxlogin-button href="javascript:alert(1)"></wxlogin-button>',
        head=f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        "<script>window.ran = true</script>",
    )
    good, bad = page.locator("wxlogin-button a[part=link]").all()
    expect(good).to_have_css("background-color", "rgb(5, 135, 67)")
    assert good.get_attribute("href").endswith("/login")
    assert bad.get_attribute("href") is None
    assert page.evaluate("window.ran") is None


def test_without_a_way_of_the_sites_own_it_leads_to_us_and_back(
    page_with, service, wechat, shop, window
):
    page = page_with('<wxlogin-button next="/back"></wxlogin-button>')
    page.get_by_role("link", name="使用微信登录").click()
    page.wait_for_url(re.compile(re.escape(f"{service.url}/login?next=")))
    page.frame_locator("#frame").locator("img.qrcode").wait_for()
    confirms(window(width=390, height=844), wechat)
    page.wait_for_url(f"{shop.url}/back")
    is_signed_in(page, service)


@pytest.mark.parametrize(
    ("lang", "title"), [("zh", "微信登录二维码"), ("en", "QR code for WeChat")]
)
def test_the_code_as_an_element(page_with, service, wechat, shop, window, lang, title):
    page = page_with(
        f'<wxlogin-qr next="/back" lang={lang}><a href="/login">…</a></wxlogin-qr>',
        script="qr",
    )
    frame = page.locator("wxlogin-qr iframe")
    expect(frame).to_have_attribute("title", title)
    frame.content_frame.locator("img.qrcode").wait_for()
    # A framework that moves it gets no second code.
    page.evaluate(
        """() => {
          const code = document.querySelector("wxlogin-qr"), place = code.parentNode;
          code.remove();
          place.append(code);
        }"""
    )
    expect(page.locator("script[src*=widget]")).to_have_count(0)
    frame.content_frame.locator("img.qrcode").wait_for()
    confirms(window(width=390, height=844), wechat)
    page.wait_for_url(f"{shop.url}/back")
    is_signed_in(page, service)


def test_a_code_that_was_taken_away_is_not_renewed_until_it_is_back(page_with):
    page = page_with("<wxlogin-qr></wxlogin-qr>", script="qr")
    page.clock.install()
    asked = []
    page.on("request", lambda one: asked.append(one.url.rpartition("/api/")[2]))
    page.reload()
    code = page.locator("wxlogin-qr iframe").content_frame.locator("img.qrcode")
    code.wait_for()
    with page.expect_response("**/api/attempts"):
        page.clock.fast_forward("09:30")
    code.wait_for()
    assert asked.count("attempts") == 2
    page.evaluate("(window.code = document.querySelector('wxlogin-qr')).remove()")
    page.clock.fast_forward("30:00")
    assert asked.count("attempts") == 2
    with page.expect_response("**/api/attempts"):
        page.evaluate("document.body.append(window.code)")
    code.wait_for()
    assert asked.count("attempts") == 3


def test_where_the_widget_does_not_come_the_link_inside_stays(page_with, shop):
    page = page_with("<h2>…</h2>")
    page.route("**/wxlogin-widget.js", lambda route: route.abort())
    shop.pages["/"] = shop.pages["/"].replace("wxlogin-button.js", "wxlogin-qr.js")
    shop.pages["/"] = shop.pages["/"].replace(
        "<h2>…</h2>", '<wxlogin-qr><a href="/login">使用微信登录</a></wxlogin-qr>'
    )
    page.reload()
    page.get_by_role("link", name="使用微信登录").click()
    page.wait_for_url(f"{shop.url}/login")
