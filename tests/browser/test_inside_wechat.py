"""Pages opened inside WeChat, in a browser that calls itself WeChat."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.user_agents import WECHAT_IPHONE
from wxlogin.accounts.models import Identity, Session, User
from wxlogin.db import db


@pytest.fixture
def wechat(window) -> Page:
    return window(width=390, height=844, user_agent=WECHAT_IPHONE)


def belongs_to(page: Page, simulator, person: str) -> None:
    page.goto(f"{simulator.url}/phone/browser")
    page.locator(f"[data-person={person}]").click()


def rows(service) -> list[int]:
    with service.app.app_context():
        return [db.session.query(model).count() for model in (User, Identity, Session)]


def test_a_stranger_sees_one_sheet_and_is_signed_in(service, simulator, wechat):
    belongs_to(wechat, simulator, "xiaoming")
    wechat.goto(f"{service.url}/login?next=/me")
    assert rows(service) == [0, 0, 0]
    wechat.locator("[data-action=allow]").click()
    wechat.wait_for_url(f"{service.url}/me")
    expect(wechat.locator("h1")).to_have_text("小明😀")


def test_who_is_known_is_signed_in_silently(service, simulator, wechat):
    belongs_to(wechat, simulator, "xiaoming")
    wechat.goto(f"{service.url}/login")
    wechat.locator("[data-action=allow]").click()
    wechat.wait_for_url(f"{service.url}/me")
    wechat.get_by_role("button", name="退出登录").click()
    wechat.wait_for_url(re.compile(re.escape(service.url) + "/(me|login)"))
    wechat.goto(f"{service.url}/login?next=/me?again=1")
    wechat.wait_for_url(f"{service.url}/me?again=1")
    expect(wechat.locator("h1")).to_have_text("小明😀")


def test_a_follower_from_the_menu_sees_no_sheet(service, simulator, wechat):
    belongs_to(wechat, simulator, "lihua")
    wechat.locator("[data-follow=oa]").click()
    wechat.locator("[data-field=entry]").select_option("oa")
    wechat.locator("[data-field=url]").fill(
        f"{service.url}/login/h5?scope=snsapi_userinfo"
    )
    wechat.locator("[data-action=go]").click()
    wechat.wait_for_url(f"{service.url}/me")
    expect(wechat.locator("h1")).to_have_text("李华")


def test_a_preview_leaves_no_row_until_the_full_service_is_used(
    service, simulator, wechat
):
    simulator.world.switch(snapshot=True)
    belongs_to(wechat, simulator, "xiaoming")
    wechat.goto(f"{service.url}/login/h5?scope=snsapi_userinfo")
    wechat.wait_for_url(f"{service.url}/login/snapshot")
    expect(wechat.get_by_text("使用完整服务")).to_be_visible()
    assert rows(service) == [0, 0, 0]
    wechat.goto(f"{simulator.url}/phone/browser")
    wechat.locator("[data-full-service=oa]").click()
    wechat.locator("[data-action=allow]").click()
    wechat.wait_for_url(f"{service.url}/me")
    expect(wechat.locator("h1")).to_have_text("小明😀")


def test_a_refusal_shows_a_page_with_a_way_on(service, simulator, wechat):
    """An old WeChat that tells us, and a page that asked for the name itself."""
    simulator.world.switch(deny_redirect=True)
    belongs_to(wechat, simulator, "xiaoming")
    wechat.goto(f"{service.url}/login/h5?scope=snsapi_userinfo")
    wechat.locator("[data-action=deny]").click()
    wechat.wait_for_url(re.compile("/login/callback/oa"))
    expect(wechat.locator("h1")).to_have_text("你已取消登录")
    wechat.get_by_role("link", name="重新登录").click()
    assert rows(service) == [0, 0, 0]


def test_a_phone_browser_copies_the_link(service, window):
    page = window(width=390, height=844, user_agent=WECHAT_IPHONE.split(" Micro")[0])
    page.goto(f"{service.url}/login?next=/orders")
    page.get_by_text("微信没有打开？").click()
    expect(page.locator("#link")).to_have_value(f"{service.url}/login?next=/orders")
    page.get_by_role("button", name="复制链接").click()
    expect(page.get_by_role("button", name="已复制")).to_be_visible()


def test_another_wechat_is_added_on_the_account_page(service, simulator, window):
    """The form on our page ends at WeChat: the policy must let it."""
    pc, phone = window(), window(width=390, height=844)
    for person in ("xiaoming", "lihua"):
        if person == "xiaoming":
            pc.goto(f"{service.url}/login/qr")
        else:
            pc.get_by_role("button", name="绑定其他微信").click()
        pc.locator("img.qrcode").wait_for()
        phone.goto(f"{simulator.url}/phone")
        phone.locator(f"[data-person={person}]").click()
        phone.locator("[data-scan]").first.click()
        phone.locator("[data-action=confirm]").click()
        pc.wait_for_url(f"{service.url}/me")
    # Who was there first stays while the other one is new.
    expect(pc.locator("summary", has_text="解绑")).to_have_count(1)
    assert rows(service) == [1, 2, 1]
    pc.locator("summary", has_text="解绑").click()
    pc.get_by_role("button", name="确定解绑").click()
    expect(pc.get_by_role("status")).to_contain_text("已解绑")
    expect(pc.locator("summary", has_text="解绑")).to_have_count(0)
