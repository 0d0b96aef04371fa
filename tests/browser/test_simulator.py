"""The QR page's script and the phone in a real browser, as two people see them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import PATIENCE_MS
from tests.simulator.shop import Shop
from wxlogin.simulator import World
from wxlogin.simulator.server import SimulatorServer


@pytest.fixture
def world() -> World:
    return World.demo()


@pytest.fixture
def pc(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(locale="zh-CN")
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


@pytest.fixture
def phone(chromium: Browser, simulator: SimulatorServer) -> Iterator[Page]:
    context = chromium.new_context(
        locale="en-US", viewport={"width": 390, "height": 844}
    )
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


@pytest.fixture
def simulator(world: World) -> Iterator[SimulatorServer]:
    with SimulatorServer(world, hold_seconds=5) as running:
        yield running


@pytest.fixture
def shop(simulator: SimulatorServer) -> Iterator[Shop]:
    running = Shop(simulator)
    yield running
    running.close()


def choose(phone: Page, shop: Shop, person: str = "xiaoming") -> None:
    phone.goto(f"{shop.simulator.url}/phone")
    phone.click(f"[data-person={person}]")


def answer(phone: Page, action: str) -> None:
    phone.click("[data-scan]")
    phone.click(f"[data-action={action}]")


def test_scan_cancel_scan_confirm(pc: BrowserContext, phone: Page, shop: Shop) -> None:
    troubles: list[str] = []
    page = pc.new_page()
    for one in (page, phone):
        one.on("pageerror", lambda error: troubles.append(str(error)))
        one.on("console", lambda message: troubles.append(message.text))
    choose(phone, shop)
    page.goto(shop.qr_link("/cb?a=b"))
    assert page.evaluate("document.body.className") == "web_qrcode_type_page_self"
    phone.click("[data-scan]")
    page.wait_for_selector("#wx_after_scan:visible")
    phone.click("[data-action=cancel]")
    phone.wait_for_selector("[data-result=cancelled]")
    page.wait_for_selector("#wx_after_cancel:visible")
    phone.click("[data-action=again]")
    answer(phone, "confirm")
    phone.wait_for_selector("[data-result=confirmed]")
    page.wait_for_url(f"{shop.url}/cb?a=b&code=*&state=S1")
    # The shop has no icon; everything else must be clean.
    assert [t for t in troubles if "404" not in t] == []


def test_a_hash_route_gets_its_code_in_the_fragment(
    pc: BrowserContext, phone: Page, shop: Shop
) -> None:
    page = pc.new_page()
    choose(phone, shop)
    page.goto(shop.qr_link("/cb#/login"))
    answer(phone, "confirm")
    page.wait_for_url(f"{shop.url}/cb#/login?code=*&state=S1")
    assert shop.visits == ["/cb"]


def test_fast_login_puts_it_before_the_hash(
    pc: BrowserContext, shop: Shop, world: World
) -> None:
    world.switch(fast_login=True)
    page = pc.new_page()
    page.goto(shop.qr_link("/cb#/login"))
    page.wait_for_url(f"{shop.url}/cb?code=*&state=S1#/login")


def test_an_expired_code_is_replaced_by_itself(
    pc: BrowserContext, shop: Shop, world: World
) -> None:
    page = pc.new_page()
    page.goto(shop.qr_link())
    first = page.evaluate("G")
    world.advance(301)
    page.wait_for_selector(f"img.qrcode:not([src$='{first}'])")


def test_a_refusal_that_returns(
    pc: BrowserContext, phone: Page, shop: Shop, world: World
) -> None:
    world.switch(deny_redirect=True)
    page = pc.new_page()
    choose(phone, shop)
    page.goto(shop.qr_link())
    answer(phone, "cancel")
    page.wait_for_url(f"{shop.url}/cb?state=S1")


@pytest.mark.parametrize(
    ("self_redirect", "in_frame"), [(True, True), (False, False), (None, False)]
)
def test_how_the_redirect_leaves_the_frame(
    pc: BrowserContext,
    phone: Page,
    shop: Shop,
    self_redirect: bool | None,
    in_frame: bool,
) -> None:
    """`default` means the top window for every site but WeChat's own."""
    options = {} if self_redirect is None else {"self_redirect": self_redirect}
    shop.embeds(**options)
    page = pc.new_page()
    page.goto(shop.url + "/")
    page.wait_for_function("window.ready === true")
    frame = page.frames[1]
    assert frame.evaluate("document.body.className") == "web_qrcode_type_page_embedded"
    # Chromium lets a frame replace the top window only once somebody touched it.
    page.frame_locator("iframe").locator(".title").click()
    choose(phone, shop)
    answer(phone, "confirm")
    if in_frame:
        frame.wait_for_url(f"{shop.url}/cb?code=*&state=S1")
        assert page.url == shop.url + "/"
    else:
        page.wait_for_url(f"{shop.url}/cb?code=*&state=S1")


@pytest.mark.parametrize(("value", "codes"), [("same", 1), ("different", 2)])
def test_the_browser_comes_back_twice(
    pc: BrowserContext,
    phone: Page,
    shop: Shop,
    world: World,
    value: str,
    codes: int,
) -> None:
    """The second visit is on its way before the shop has exchanged the first code."""
    world.switch(double_callback=value)
    page = pc.new_page()
    choose(phone, shop)
    page.goto(shop.qr_link())
    answer(phone, "confirm")
    page.wait_for_url(f"{shop.url}/cb?code=*&state=S1#")
    page.wait_for_load_state()
    assert len(shop.visits) == 2
    assert len(set(shop.visits)) == codes
    outcomes = sorted(call.errcode for call in world.journal.calls())
    assert outcomes == ([0, 0] if codes == 2 else [0, 40163])


def test_fast_login_inside_a_frame(
    pc: BrowserContext, shop: Shop, world: World
) -> None:
    """The frame comes back by itself, without a scan or a click."""
    world.switch(fast_login="jose")
    shop.embeds(self_redirect=True)
    page = pc.new_page()
    page.goto(shop.url + "/")
    page.wait_for_function("window.frames.length === 1")
    page.frames[1].wait_for_url(f"{shop.url}/cb?code=*&state=S1")
    assert page.url == shop.url + "/"


def test_a_frame_may_take_fast_login_to_the_top(
    pc: BrowserContext, shop: Shop, world: World
) -> None:
    """Chromium refuses that to a foreign frame, unless the page gives it leave."""
    world.switch(fast_login=True)
    leave = "allow-scripts allow-same-origin allow-top-navigation"
    frame = f'<iframe sandbox="{leave}" src="{shop.qr_link(self_redirect="false")}">'
    shop.page = f"<!DOCTYPE html>{frame}</iframe>"
    page = pc.new_page()
    page.goto(shop.url + "/")
    page.wait_for_url(f"{shop.url}/cb?code=*&state=S1")


def test_the_widgets_frame(pc: BrowserContext, shop: Shop) -> None:
    """Its attributes and the order of its parameters are those of Tencent's script."""
    shop.embeds(
        self_redirect=False,
        style="white",
        href="https://s.test/a.css",
        lang="en",
        stylelite=1,
        fast_login=0,
        color_scheme="dark",
    )
    page = pc.new_page()
    page.goto(shop.url + "/")
    frame = page.locator("#box iframe")
    given = {
        name: frame.get_attribute(name)
        for name in ("width", "height", "scrolling", "frameborder", "allow", "sandbox")
    }
    assert given == {
        "width": "300px",
        "height": "400px",
        "scrolling": "no",
        "frameborder": "0",
        "allow": "local-network-access",
        "sandbox": None,
    }
    query = (frame.get_attribute("src") or "").partition("?")[2]
    assert [pair.partition("=")[0] for pair in query.split("&")] == ORDER


ORDER = (
    "appid scope redirect_uri state login_type self_redirect styletype sizetype "
    "bgcolor rst ts style href lang stylelite fast_login color_scheme"
).split()


def test_a_button_of_the_front_page_copies(
    pc: BrowserContext, simulator: SimulatorServer
) -> None:
    pc.grant_permissions(["clipboard-read", "clipboard-write"], origin=simulator.url)
    page = pc.new_page()
    page.goto(simulator.url)
    page.click("[data-client=wechatpy] summary")
    page.click("[data-client=wechatpy] [data-copy]")
    expect(page.locator("[data-copied]")).to_have_text("已复制")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert f'API_BASE_URL = "{simulator.url}/"' in copied
    # Without https there is no clipboard; the older way does it.
    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: null})")
    page.click("[data-copy=secret-of-web]")
    page.locator(".is-copied[data-copy=secret-of-web]").wait_for()
