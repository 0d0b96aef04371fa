"""A visitor signs in on a PC: the whole journey, in a real browser."""

import json

import pytest
import requests
from playwright.sync_api import Page, expect


def person_on_phone(phone: Page, simulator, person: str) -> None:
    phone.goto(f"{simulator.url}/phone")
    phone.locator(f"[data-person={person}]").click()


def scans_and_confirms(phone: Page) -> None:
    phone.locator("[data-scan]").first.click()
    phone.locator("[data-action=confirm]").click()


def test_a_visitor_scans_the_code_on_the_pc_and_is_signed_in(
    service, simulator, window
):
    pc, phone = window(), window(width=390, height=844)
    pc.goto(f"{service.url}/login?next=/me?from=test")
    frame = pc.frame_locator("#frame")
    expect(frame.locator(".js_qrcode_img, img.qrcode").first).to_be_visible()
    person_on_phone(phone, simulator, "xiaoming")
    phone.locator("[data-scan]").first.click()
    expect(frame.locator("#wx_after_scan")).to_be_visible()
    phone.locator("[data-action=confirm]").click()
    pc.wait_for_url(f"{service.url}/me?from=test")
    expect(pc.locator("h1")).to_have_text("小明😀")


def test_the_address_bar_holds_neither_code_nor_state(service, simulator, window):
    """security row 32"""
    pc, phone = window(), window(width=390, height=844)
    pc.goto(f"{service.url}/login")
    person_on_phone(phone, simulator, "xiaoming")
    scans_and_confirms(phone)
    pc.wait_for_url(f"{service.url}/me")
    assert "code=" not in pc.url
    assert "state=" not in pc.url
    pc.go_back()
    pc.go_forward()
    expect(pc.locator("h1")).to_have_text("小明😀")


def test_without_javascript_the_redirect_door_works(service, simulator, window):
    """WeChat's own page needs scripts; ours does not."""
    pc = window(java_script_enabled=False)
    pc.goto(f"{service.url}/login")
    pc.get_by_role("link", name="前往微信扫码页面").click()
    pc.wait_for_url(f"{simulator.url}/connect/qrconnect?*")


def test_cancelling_on_the_phone_lets_the_person_scan_again(service, simulator, window):
    pc, phone = window(), window(width=390, height=844)
    pc.goto(f"{service.url}/login")
    person_on_phone(phone, simulator, "lihua")
    phone.locator("[data-scan]").first.click()
    phone.locator("[data-action=cancel]").click()
    frame = pc.frame_locator("#frame")
    expect(frame.locator("#wx_after_cancel")).to_be_visible()
    phone.locator("[data-action=again]").click()
    scans_and_confirms(phone)
    pc.wait_for_url(f"{service.url}/me")
    expect(pc.locator("h1")).to_have_text("李华")


def test_everything_on_the_account_page_works(service, simulator, window):
    pc, phone = window(locale="en-GB"), window(width=390, height=844)
    pc.goto(f"{service.url}/login")
    person_on_phone(phone, simulator, "xiaoming")
    scans_and_confirms(phone)
    pc.wait_for_url(f"{service.url}/me")
    change = {"name": "xiaoming", "nickname": "大明"}
    requests.post(f"{simulator.url}/_sim/people", json=change, timeout=5)
    pc.get_by_role("button", name="Update from WeChat").click()
    expect(pc.locator("h1")).to_have_text("大明")
    expect(pc.get_by_role("status")).to_contain_text("up to date")
    pc.get_by_role("link", name="简体中文").click()
    expect(pc.locator("html")).to_have_attribute("lang", "zh-CN")
    pc.get_by_text("注销账号").first.click()
    pc.get_by_role("checkbox").check()
    pc.get_by_role("button", name="注销账号").click()
    expect(pc.locator("h1")).to_have_text("账号已注销")
    pc.goto(f"{service.url}/me")
    assert pc.url == f"{service.url}/login?next=/me"


def test_the_policy_stops_a_foreign_script_and_harms_no_page(
    service, simulator, window
):
    """security row 90"""
    pc = window()
    reports: list[str] = []
    pc.on("console", lambda message: reports.append(message.text))
    pc.goto(f"{service.url}/login")
    pc.frame_locator("#frame").locator("img.qrcode").wait_for()
    assert [text for text in reports if "Content Security Policy" in text] == []
    pc.evaluate(
        """() => {
          const script = document.createElement('script');
          script.textContent = 'window.ran = true';
          document.body.append(script);
        }"""
    )
    assert pc.evaluate("window.ran") is None


def test_nobody_frames_us(service, simulator, window, serve):
    """security row 88"""
    pc = window()
    pc.goto(f"{simulator.url}/")
    pc.evaluate(
        """(url) => {
          const frame = document.createElement('iframe');
          frame.id = 'foreign'; frame.src = url; document.body.append(frame);
        }""",
        f"{service.url}/login",
    )
    pc.wait_for_timeout(500)
    inner = pc.frame_locator("#foreign")
    assert inner.locator("#frame").count() == 0


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_is_wider_than_its_window(service, window, locale, width):
    page = window(width=width, locale=locale)
    for path in ("/login", "/login/snapshot", "/nowhere", "/login/callback/web"):
        page.goto(service.url + path)
        wide = page.evaluate(
            "(html => html.scrollWidth > html.clientWidth)(document.documentElement)"
        )
        assert not wide, path
        assert json.dumps(page.title()) != '""'
