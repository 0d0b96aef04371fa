"""Pages inside WeChat in a real browser: the gate, the sheet, the ways back."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.simulator.conftest import LONE, OA, WEB
from tests.simulator.shop import Shop
from wxlogin.simulator.pages.wechat_browser import USER_AGENT
from wxlogin.simulator.server import SimulatorServer

BACK = "/cb?code=*&state=S1"


@pytest.fixture
def shop(simulator: SimulatorServer) -> Iterator[Shop]:
    running = Shop(simulator)
    running.appid, running.secret = OA, "secret-of-oa"
    yield running
    running.close()


@pytest.fixture
def wechat(window: Callable[..., Page]) -> Page:
    """WeChat's browser on a phone that belongs to nobody yet."""
    return window(width=390, height=844, user_agent=USER_AGENT)


def test_outside_wechat_the_script_refuses(
    window: Callable[..., Page], shop: Shop
) -> None:
    """Right and wrong links look the same there, and the site hears nothing."""
    pc = window()
    for link in (shop.consent_link(), shop.consent_link(appid=WEB)):
        answer = pc.goto(link)
        assert answer is not None and answer.status == 200
        expect(pc.locator(".weui_msg_title")).to_have_text("请在微信客户端打开链接")
        assert pc.title() == "抱歉，出错了"
        assert "&connect_redirect=1#wechat_redirect" in pc.url
    assert shop.visits == []


def test_ask_allow_and_next_time_do_not_ask(wechat: Page, shop: Shop) -> None:
    wechat.goto(shop.consent_link())
    wechat.click("[data-person=xiaoming]")
    expect(wechat.locator("[data-me]")).to_have_attribute("data-me", "xiaoming")
    wechat.click("[data-action=allow]")
    wechat.wait_for_url(shop.url + BACK)
    wechat.goto(shop.consent_link("/cb#/route"))
    wechat.wait_for_url(shop.url + BACK + "#/route")
    assert len(shop.visits) == 2


def test_base_comes_back_by_itself(wechat: Page, shop: Shop) -> None:
    wechat.goto(f"{shop.simulator.url}/phone?person=lihua")
    wechat.goto(shop.consent_link(scope="snsapi_base"))
    wechat.wait_for_url(shop.url + BACK)


def test_refusing_ends_in_wechat(wechat: Page, shop: Shop) -> None:
    wechat.goto(shop.consent_link())
    wechat.click("[data-person=lihua]")
    wechat.click("[data-action=deny]")
    expect(wechat.locator("[data-result=denied]")).to_be_visible()
    assert shop.visits == []


def test_a_frame_stays_blank(wechat: Page, shop: Shop) -> None:
    shop.page = f'<!DOCTYPE html><iframe src="{shop.consent_link()}"></iframe>'
    wechat.goto(shop.url + "/")
    wechat.wait_for_load_state("networkidle")
    (frame,) = wechat.frames[1:]
    assert "connect_redirect=1" in frame.url
    assert frame.locator("body").inner_text().strip() == ""
    assert shop.visits == []


@pytest.mark.parametrize(
    ("changed", "why"),
    [(("&scope=", "&Scope="), "order"), (("#wechat_redirect", ""), "fragment")],
)
def test_what_opens_nothing(
    wechat: Page, shop: Shop, changed: tuple[str, str], why: str
) -> None:
    wechat.goto(shop.consent_link().replace(*changed))
    expect(wechat.locator(f"[data-problem={why}]")).to_be_visible()


def test_an_error_page(wechat: Page, shop: Shop) -> None:
    wechat.goto(shop.consent_link(appid=WEB))
    expect(wechat.locator(".weui_msg_title")).to_contain_text("10016")


def test_a_preview_then_the_full_service_in_another_jar(
    wechat: Page, window: Callable[..., Page], shop: Shop
) -> None:
    """The preview's web-view shares no cookie with the one that follows it."""
    shop.simulator.world.switch(snapshot=True)
    wechat.goto(f"{shop.simulator.url}/phone?person=xiaoming")
    wechat.goto(shop.consent_link())
    wechat.wait_for_url(shop.url + BACK)
    full = window(width=390, height=844, user_agent=USER_AGENT)
    full.goto(f"{shop.simulator.url}/phone/browser?person=xiaoming")
    full.click("[data-full-service=oa]")
    full.click("[data-action=allow]")
    full.wait_for_url(shop.url + BACK)
    assert len(shop.visits) == 2


@pytest.mark.parametrize(("value", "codes"), [("same", 1), ("different", 2)])
@pytest.mark.parametrize("scope", ["snsapi_base", "snsapi_userinfo"])
def test_the_browser_comes_back_twice(
    wechat: Page, shop: Shop, value: str, codes: int, scope: str
) -> None:
    """The second visit is on its way before the first code is exchanged."""
    world = shop.simulator.world
    world.switch(double_callback=value)
    wechat.goto(f"{shop.simulator.url}/phone?person=xiaoming")
    wechat.goto(shop.consent_link(scope=scope))
    if scope == "snsapi_userinfo":
        wechat.click("[data-action=allow]")
    wechat.wait_for_url(f"{shop.url}{BACK}#")
    wechat.wait_for_load_state()
    assert (len(shop.visits), len(set(shop.visits))) == (2, codes)
    outcomes = sorted(call.errcode for call in world.journal.calls())
    assert outcomes == ([0, 0] if codes == 2 else [0, 40163])


def test_a_laptop_without_wechats_name(window: Callable[..., Page], shop: Shop) -> None:
    """The phone's address bar lets an ordinary browser in, follow button and all."""
    laptop = window(locale="en-GB")
    laptop.goto(f"{shop.simulator.url}/phone")
    laptop.click("[data-person=jose]")
    laptop.click("[data-tab=browser]")
    laptop.click("[data-follow=lone]")
    laptop.select_option("[data-field=entry]", "lone")
    laptop.fill("[data-field=url]", shop.consent_link(appid=LONE))
    laptop.click("[data-action=go]")
    laptop.wait_for_url(shop.url + BACK)
