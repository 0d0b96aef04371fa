"""The page of a first visit, in a real browser: asked, declined, agreed."""

import pytest
from playwright.sync_api import expect

from tests.browser.test_sign_in import person_on_phone, scans_and_confirms
from wxlogin.accounts.models import Consent, User
from wxlogin.db import db

TERMS = {
    "site_name": "茶铺",
    "registration": "ask",
    "terms_url": "https://shop.test/terms",
    "privacy_url": "https://shop.test/privacy",
    "terms_version": "2026-11",
}


@pytest.fixture
def service(serve):
    return serve(**TERMS)


def users(service) -> int:
    with service.app.app_context():
        return db.session.query(User).count()


def arrives(service, simulator, window, path="/login?next=/me?from=test", **how):
    """小明 scans the code; the page that the PC shows then."""
    pc, phone = window(**how), window(width=390, height=844)
    pc.goto(f"{service.url}{path}")
    person_on_phone(phone, simulator, "xiaoming")
    scans_and_confirms(phone)
    pc.wait_for_url(f"{service.url}/register")
    return pc


def test_the_box_is_not_ticked_and_without_it_nothing_happens(
    service, simulator, window
):
    pc = arrives(service, simulator, window)
    expect(pc.locator("h1")).to_have_text("小明😀")
    box = pc.locator("input[name=agree]")
    expect(box).not_to_be_checked()
    expect(pc.locator(".initial > img")).to_be_visible()
    agree = pc.get_by_role("button", name="同意并创建账号")
    agree.click()
    assert pc.url == f"{service.url}/register"
    assert users(service) == 0
    box.check()
    agree.click()
    pc.wait_for_url(f"{service.url}/me?from=test")
    expect(pc.locator("h1")).to_have_text("小明😀")
    with service.app.app_context():
        assert db.session.query(Consent).one().version == "2026-11"


def test_cancelling_goes_back_to_the_code(service, simulator, window):
    pc = arrives(service, simulator, window)
    pc.get_by_role("button", name="取消").click()
    pc.wait_for_url(f"{service.url}/login")
    assert users(service) == 0


def test_the_frame_leads_to_the_page_in_the_window(service, simulator, window):
    pc, phone = window(), window(width=390, height=844)
    pc.goto(f"{service.url}/login/embed?self_redirect=true&next=/me")
    person_on_phone(phone, simulator, "xiaoming")
    scans_and_confirms(phone)
    pc.wait_for_url(f"{service.url}/register")
    expect(pc.locator("input[name=agree]")).not_to_be_checked()
    assert users(service) == 0


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
def test_it_fits(service, simulator, window, locale):
    pc = arrives(service, simulator, window, locale=locale)
    for width in (390, 1280):
        pc.set_viewport_size({"width": width, "height": 800})
        wide = pc.evaluate("document.documentElement.scrollWidth")
        assert wide <= width
