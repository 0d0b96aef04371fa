"""The tea shop's visitor goes on in another place than where the sign-in began.

There is an official account only, as each of WeChat's test accounts is: a phone's
browser hands a link to WeChat, and a computer waits until the phone has confirmed.
"""

import runpy
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from tests.browser.conftest import Service, serving
from tests.browser.test_accessible import problems
from tests.docs.examples import CLIENT_ID, EXAMPLES, SECRET
from tests.support.user_agents import WECHAT_IPHONE
from wxlogin.cli.serving import QuietHandler
from wxlogin.config.demo import demo_apps
from wxlogin.simulator.server import SimulatorServer
from wxlogin.simulator.world import World

SAFARI = WECHAT_IPHONE.split(" Micro")[0] + " Version/17.2 Safari/604.1"
PHONE: dict[str, Any] = {"width": 390, "height": 844}
WORDS = {
    "zh-CN": {
        "sign in": "登录",
        "copy": "复制链接",
        "copied": "已复制",
        "scan": "扫码后，在打开的页面上确认",
        "question": "在电脑上登录茶铺？",
        "confirm": "确认登录",
        "confirmed": "确认成功",
        "hello": "你好，小明😀",
    },
    "en-GB": {
        "sign in": "Sign in",
        "copy": "Copy the link",
        "copied": "Copied",
        "scan": "Then confirm on the page that opens",
        "question": "Sign in to 茶铺 on the computer?",
        "confirm": "Confirm the sign-in",
        "confirmed": "Confirmed",
        "hello": "Hello, 小明😀",
    },
}
LOCALES = pytest.mark.parametrize("locale", WORDS)


@dataclass
class Place:
    shop: str
    service: Service
    simulator: SimulatorServer


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Iterator[Place]:
    """The tea shop, the service and WeChat."""
    app: Any = None
    server = make_server(
        "127.0.0.1",
        0,
        lambda environ, respond: app(environ, respond),
        threaded=True,
        request_handler=QuietHandler,
    )
    shop = f"http://127.0.0.1:{server.port}"
    site = {
        "name": "茶铺",
        "client_id": CLIENT_ID,
        "client_secret": SECRET,
        "redirect_uris": [f"{shop}/callback"],
        "post_logout_redirect_uris": [f"{shop}/"],
        "start_url": f"{shop}/login",
    }
    [account] = [one for one in demo_apps() if one.name == "oa"]
    bare = account.model_copy(update={"aes_key": None, "token": None})
    folder = tmp_path_factory.mktemp("two-screens")
    with (
        SimulatorServer(World.demo(), hold_seconds=1.0) as simulator,
        serving(folder, simulator) as start,
        pytest.MonkeyPatch.context() as environment,
    ):
        service = start(sites=[site], apps=[bare], simulator="on")
        named = {"ISSUER": service.url, "SHOP_URL": shop}
        named |= {"CLIENT_ID": CLIENT_ID, "CLIENT_SECRET": SECRET}
        for name, value in named.items():
            environment.setenv(name, value)
        app = runpy.run_path(str(EXAMPLES / "flask" / "shop.py"), run_name="teashop")[
            "app"
        ]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield Place(shop, service, simulator)
        server.shutdown()
        thread.join()
        server.server_close()


def goes_to_sign_in(page: Page, place: Place, words: dict[str, str]) -> None:
    page.goto(place.shop)
    page.get_by_role("link", name=words["sign in"]).click()
    page.wait_for_url(f"{place.service.url}/login**")


def wechat_of(window, place: Place, person: str, locale: str) -> Page:
    """WeChat's own browser on this person's phone."""
    page = window(**PHONE, locale=locale, user_agent=WECHAT_IPHONE)
    page.goto(f"{place.simulator.url}/phone/browser")
    page.locator(f"[data-person={person}]").click()
    return page


def allows(wechat: Page, then: str) -> None:
    """Says yes to WeChat's sheet, which people see once."""
    sheet = wechat.locator("[data-action=allow]")
    sheet.or_(wechat.get_by_text(then)).first.wait_for()
    if sheet.is_visible():
        sheet.click()


@LOCALES
def test_a_copied_link_signs_in_at_the_shop_inside_wechat(place, window, locale):
    """It begins at the shop, whose own state is in that browser then."""
    words = WORDS[locale]
    safari = window(**PHONE, locale=locale, user_agent=SAFARI)
    safari.context.grant_permissions(["clipboard-read", "clipboard-write"])
    goes_to_sign_in(safari, place, words)
    safari.get_by_role("button", name=words["copy"]).click()
    expect(safari.get_by_role("button", name=words["copied"])).to_be_visible()
    link = safari.evaluate("navigator.clipboard.readText()")
    assert link.startswith(f"{place.shop}/login?")
    wechat = wechat_of(window, place, "xiaoming", locale)
    wechat.goto(link)
    allows(wechat, words["hello"])
    wechat.wait_for_url(f"{place.shop}/")
    expect(wechat.get_by_text(words["hello"])).to_be_visible()
    # Nobody was signed in where the link was copied.
    safari.goto(place.shop)
    expect(safari.get_by_role("link", name=words["sign in"])).to_be_visible()


@LOCALES
def test_a_computer_goes_on_to_the_shop_when_the_phone_confirms(place, window, locale):
    words = WORDS[locale]
    pc = window(locale=locale)
    goes_to_sign_in(pc, place, words)
    expect(pc.get_by_text(words["scan"])).to_be_visible()
    picture = pc.locator("#picture")
    expect(picture).to_have_js_property("complete", True)
    [code] = zxingcpp.read_barcodes(Image.open(BytesIO(picture.screenshot())))
    wechat = wechat_of(window, place, "xiaoming", locale)
    wechat.goto(code.text)
    allows(wechat, words["question"])
    expect(wechat.get_by_role("heading", name=words["question"])).to_be_visible()
    expect(pc.locator("#scan")).to_have_attribute("data-state", "scanned")
    expect(pc.locator("[data-fill=nickname]")).to_have_text("小明😀")
    wechat.get_by_role("button", name=words["confirm"]).click()
    expect(wechat.get_by_role("heading", name=words["confirmed"])).to_be_visible()
    pc.wait_for_url(f"{place.shop}/")
    expect(pc.get_by_text(words["hello"])).to_be_visible()
    # The phone has answered a question, and is signed in nowhere.
    wechat.goto(place.shop)
    expect(wechat.get_by_role("link", name=words["sign in"])).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_shop_can_be_read_by_day_and_by_night(place, window, scheme):
    page = window(color_scheme=scheme)
    page.goto(place.shop)
    assert problems(page) == []
    ink = page.evaluate("getComputedStyle(document.body).color.match(/\\d+/)[0]")
    assert (int(ink) < 128) == (scheme == "light")
    # A picture for the tab, or browsers ask for one that is not there.
    sizes = """async () => {
      const picture = new Image();
      picture.src = document.querySelector("link[rel=icon]").href;
      await picture.decode();
      return picture.width;
    }"""
    assert page.evaluate(sizes) > 0
