"""The QR page's script and the phone in a real browser, as two people see them."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page

from wxlogin.simulator import World
from wxlogin.simulator.server import SimulatorServer

WEB = "wx0000000000000a01"


@pytest.fixture
def world() -> World:
    return World.demo()


@pytest.fixture
def pc(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(locale="zh-CN")
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.fixture
def phone(chromium: Browser, simulator: SimulatorServer) -> Iterator[Page]:
    context = chromium.new_context(
        locale="en-US", viewport={"width": 390, "height": 844}
    )
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


class Shop:
    """A website on 127.0.0.1 that embeds the code and notes how people come back."""

    def __init__(self, simulator: SimulatorServer) -> None:
        self.simulator = simulator
        self.visits: list[str] = []
        self.page = ""
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.startswith("/cb"):
                    shop.receives(self.path)
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                home = shop.page if self.path == "/" else "<h1>back</h1>"
                self.wfile.write(home.encode())

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def qr_link(self, callback: str = "/cb", **more: str) -> str:
        query = {
            "appid": WEB,
            "scope": "snsapi_login",
            "redirect_uri": self.url + callback,
            "state": "S1",
        } | more
        pairs = [f"{k}={quote(v, safe='')}" for k, v in query.items()]
        return f"{self.simulator.url}/connect/qrconnect?{'&'.join(pairs)}"

    def embeds(self, **options: object) -> None:
        """The shop's home page has WeChat's widget in it."""
        given = {
            "id": "box",
            "appid": WEB,
            "scope": "snsapi_login",
            "redirect_uri": quote(self.url + "/cb", safe=""),
            "state": "S1",
        } | options
        script = f"{self.simulator.url}/connect/zh_CN/htmledition/js/wxLogin.js"
        self.page = f"""<!DOCTYPE html><div id="box"></div>
            <script src="{script}"></script><script>
            var options = {json.dumps(given)};
            options.onReady = function (ready) {{ window.ready = ready; }};
            new WxLogin(options);</script>"""

    def receives(self, path: str) -> None:
        """A visitor comes back; the shop exchanges the code, if there is one."""
        self.visits.append(path)
        code = parse_qs(urlsplit(path).query).get("code")
        if code:
            params = {
                "appid": WEB,
                "secret": "secret-of-web",
                "code": code[0],
                "grant_type": "authorization_code",
            }
            with requests.Session() as http:
                http.trust_env = False
                url = f"{self.simulator.url}/sns/oauth2/access_token"
                http.get(url, params=params, timeout=10)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


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
