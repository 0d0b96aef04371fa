"""The code is shown when it is there, and what else is there is said truly.

On a line of 300 ms and 60 kB/s, with a script that comes late or never, and with
WeChat's host refused, hanging and slow; on our page, in the page for frames, and on a
site's own page.
"""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import FrameLocator, Page, Route, expect

from tests.browser.conftest import Service, serving
from tests.browser.shop import Shop
from tests.support.user_agents import USER_AGENTS
from wxlogin.config import Site
from wxlogin.simulator.server import SimulatorServer
from wxlogin.simulator.world import World

WIDGET = """
<!doctype html><meta charset="utf-8"><title>shop</title><div id="wechat"></div>
<script src="{service}/static/wxlogin-widget.js" data-target="wechat"></script>
"""
PATIENCE_MS = 12_000
LANGUAGES = {
    "zh-CN": {
        "loading": "正在加载二维码…",
        "slow": "二维码加载完成后会显示在这里",
        "unreachable": "无法连接微信，请检查网络。",
        "again": "重试",
        "own page": "前往微信扫码页面",
    },
    "en-GB": {
        "loading": "The code is on its way …",
        "slow": "The code appears here as soon as it comes.",
        "unreachable": "WeChat cannot be reached from here. Check your connection",
        "again": "Try again",
        "own page": "Open the code on a page of its own",
    },
}
both_languages = pytest.mark.parametrize("locale", LANGUAGES)
on_each = pytest.mark.parametrize("place", ["/login", "/login/embed", "widget"])


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorServer]:
    with SimulatorServer(World.demo(), hold_seconds=1.0) as server:
        yield server


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with Shop() as shop:
        yield shop


@pytest.fixture(scope="module")
def service(
    tmp_path_factory: pytest.TempPathFactory, simulator: SimulatorServer, shop: Shop
) -> Iterator[Service]:
    """One for all: nobody signs in here."""
    folder = tmp_path_factory.mktemp("service")
    sites = (Site(name="shop", origins=(shop.url,)),)
    with serving(folder, simulator) as start:
        service = start(sites=sites)
        shop.pages["/"] = WIDGET.format(service=service.url)
        yield service


@pytest.fixture
def address(service: Service, shop: Shop):
    """The address of a place that shows the code."""
    return lambda place: shop.url if place == "widget" else service.url + place


def frame_of(page: Page) -> FrameLocator:
    return page.frame_locator("#frame, #wechat iframe")


def has_code(page: Page) -> None:
    """The code is there, nothing lies over it, and a finger would meet it."""
    picture = frame_of(page).locator("img.qrcode")
    expect(picture).to_be_visible()
    is_bare(page)
    frame = page.locator("#frame, #wechat iframe")
    met = frame.evaluate(
        """(frame) => {
          const box = frame.getBoundingClientRect();
          return document.elementFromPoint(box.x + 150, box.y + 150) === frame;
        }"""
    )
    assert met


def is_bare(page: Page) -> None:
    expect(page.locator(".over:visible, #wechat [role=status]:visible")).to_have_count(
        0
    )


class Held:
    """Requests that wait until they are let go."""

    def __init__(self, page: Page, url: str | re.Pattern[str]) -> None:
        self._waiting: list[Route] | None = []
        page.route(url, self._hold)

    def _hold(self, route: Route) -> None:
        if self._waiting is None:
            route.continue_()
        else:
            self._waiting.append(route)

    def let_go(self) -> None:
        waiting, self._waiting = self._waiting or [], None
        for route in waiting:
            route.continue_()


def all_of(url: str) -> re.Pattern[str]:
    return re.compile(re.escape(url) + "/")


@on_each
def test_a_late_script_covers_no_code(address, window, place):
    """finding 1 of use: it lay under "does not load", for good."""
    page = window()
    page.clock.install()
    late = Held(page, re.compile("/static/(wxlogin-arrival|login)[.]js"))
    page.goto(address(place), wait_until="commit")
    if place != "widget":
        # The widget makes its frame when its parts are there.
        has_code(page)
    late.let_go()
    page.wait_for_load_state()
    has_code(page)
    page.clock.fast_forward(PATIENCE_MS + 1000)
    has_code(page)


@both_languages
def test_on_a_slow_line(address, window, locale):
    """300 ms and 60 kB/s to us, and WeChat is fast."""
    page = window(locale=locale)
    page.clock.install()
    line = page.context.new_cdp_session(page)
    line.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": 300,
            "downloadThroughput": 60_000,
            "uploadThroughput": 60_000,
        },
    )
    page.goto(address("/login"))
    has_code(page)
    page.clock.fast_forward(PATIENCE_MS + 1000)
    has_code(page)


@both_languages
@on_each
def test_a_host_that_refuses_is_told_of_at_once(
    address, simulator, window, place, locale
):
    """finding 2 of use: there was the browser's own grey page, and no word."""
    page = window(locale=locale)
    page.clock.install()
    wechat = all_of(simulator.url)
    page.route(wechat, lambda route: route.abort("connectionrefused"))
    page.goto(address(place))
    words = LANGUAGES[locale]
    expect(page.get_by_text(words["unreachable"])).to_be_visible()
    # Twelve seconds change nothing about it.
    page.clock.fast_forward(PATIENCE_MS + 1000)
    expect(page.get_by_text(words["unreachable"])).to_be_visible()
    page.unroute(wechat)
    page.get_by_text(words["again"], exact=True).and_(page.locator(":visible")).click()
    has_code(page)


@both_languages
@on_each
def test_a_host_that_hangs_is_waited_for_and_the_code_shown_when_it_comes(
    address, simulator, window, place, locale
):
    page = window(locale=locale)
    page.clock.install()
    wechat = Held(page, all_of(simulator.url))
    page.goto(address(place), wait_until="commit")
    words = LANGUAGES[locale]
    expect(page.get_by_text(words["loading"])).to_be_visible()
    page.clock.fast_forward(PATIENCE_MS + 1000)
    expect(page.get_by_text(words["slow"])).to_be_visible()
    expect(
        page.get_by_text(words["again"]).and_(page.locator(":visible"))
    ).to_be_visible()
    onward = page.locator(".over:visible a.button, #wechat [role=status] a")
    href = onward.get_attribute("href")
    assert href is not None
    assert "/login" in href
    wechat.let_go()
    has_code(page)


def test_a_code_that_is_slow_and_comes_in_time_is_merely_awaited(
    address, simulator, window
):
    page = window()
    page.clock.install()
    wechat = Held(page, all_of(simulator.url))
    page.goto(address("/login"), wait_until="commit")
    page.clock.fast_forward(PATIENCE_MS - 2000)
    expect(page.get_by_text("正在加载二维码…")).to_be_visible()
    wechat.let_go()
    has_code(page)


def test_a_page_of_wechats_that_says_nothing_is_shown(address, simulator, window):
    """Its own word about a link that it refuses; and no message is documented."""
    page = window()
    page.clock.install()
    page.route(
        re.compile("/connect/qrconnect"),
        lambda route: route.fulfill(content_type="text/html", body="<h4>AppID</h4>"),
    )
    page.goto(address("/login"))
    expect(frame_of(page).locator("h4")).to_be_visible()
    page.clock.fast_forward(PATIENCE_MS + 1000)
    is_bare(page)


def test_a_code_that_grows_old_while_wechat_is_gone_is_told_of(
    address, simulator, window
):
    """WeChat's page loads itself again, and fails."""
    page = window()
    page.goto(address("/login"))
    has_code(page)
    inside = frame_of(page).locator("body")
    # Minutes later, so its page has long been whole.
    inside.evaluate(
        """() => new Promise((done) => {
          if (document.readyState === "complete") setTimeout(done);
          else addEventListener("load", () => setTimeout(done));
        })"""
    )
    page.route(all_of(simulator.url), lambda route: route.abort())
    inside.evaluate("() => { location.reload(); }")
    expect(page.get_by_text("无法连接微信，请检查网络。")).to_be_visible()


def test_a_page_that_may_not_ask_goes_by_the_frame(address, service, shop, window):
    """A site's policy names no WeChat in `connect-src`; a refusal of its browser's
    says nothing of WeChat."""
    policy = '<meta http-equiv="Content-Security-Policy" content="connect-src {}">'
    shop.pages["/strict"] = policy.format(service.url) + shop.pages["/"]
    page = window()
    page.clock.install()
    page.goto(f"{shop.url}/strict")
    has_code(page)
    page.clock.fast_forward(PATIENCE_MS + 1000)
    has_code(page)
    # Where nothing is said and nothing can be asked, there is a way on beside it.
    page.route(
        re.compile("/connect/qrconnect"),
        lambda route: route.fulfill(content_type="text/html", body="<h4>AppID</h4>"),
    )
    page.reload()
    expect(frame_of(page).locator("h4")).to_be_visible()
    page.clock.fast_forward(PATIENCE_MS + 1000)
    is_bare(page)
    expect(page.get_by_role("link", name="使用微信登录")).to_be_visible()


@pytest.mark.parametrize("locale", LANGUAGES)
def test_the_code_and_its_first_door_are_in_view_on_a_low_screen(
    address, service, window, locale
):
    """finding 29 of use"""
    page = window(width=1366, height=600, locale=locale)
    page.goto(address("/login"))
    expect(page.locator(".doors a").first).to_be_in_viewport(ratio=1)
    page.set_viewport_size({"width": 667, "height": 375})
    has_code(page)
    box = frame_of(page).locator("img.qrcode").bounding_box()
    assert box is not None
    # Its white border may be cut.
    assert box["y"] >= 0
    assert box["y"] + box["height"] - 24 <= 375
    expect(page.locator(".doors a").first).to_be_in_viewport(ratio=1)


@both_languages
@pytest.mark.parametrize("path", ["/login", "/login/embed"])
def test_without_scripts_nothing_lies_over_the_code(address, window, locale, path):
    """finding 14 of use"""
    page = window(locale=locale, java_script_enabled=False)
    page.goto(address(path))
    expect(frame_of(page).locator("img.qrcode")).to_be_visible()
    is_bare(page)
    if path == "/login":
        own_page = page.get_by_role("link", name=LANGUAGES[locale]["own page"])
        assert "/login/qr?" in str(own_page.get_attribute("href"))


@pytest.mark.parametrize("agent", ["safari iphone", "wechat iphone"])
def test_the_widget_shows_a_phone_no_code_for_itself(
    address, service, shop, window, agent
):
    """finding 5 of use"""
    page = window(width=390, height=844, user_agent=USER_AGENTS[agent][0])
    page.goto(address("widget"))
    link = page.get_by_role("link", name="使用微信登录")
    expect(link).to_be_visible()
    expect(page.locator("iframe")).to_have_count(0)
    assert link.get_attribute("href") == f"{service.url}/login?next={shop.url}/"
