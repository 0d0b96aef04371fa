"""An official account's code on a PC, and the chat that asks, in real browsers."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Service
from wxlogin.config.demo import demo_apps
from wxlogin.simulator.server import SimulatorServer
from wxlogin.simulator.world.account_codes import plain

Windows = Callable[..., Page]


@pytest.fixture
def service(serve: Callable[..., Service], simulator: SimulatorServer) -> Service:
    service = serve()
    account = {"name": "oa", "push_url": f"{service.url}/oa/oa"}
    simulator.world.registry.put_apps(account)
    return service


def shows(page: Page, state: str) -> None:
    expect(page.locator("#scan")).to_have_attribute("data-state", state)


def test_scan_follow_tap_and_confirm(
    service: Service, simulator: SimulatorServer, window: Windows
) -> None:
    """李华 follows by the code, and confirms behind the link of the chat."""
    pc = window()
    pc.goto(f"{service.url}/login/follow")
    expect(pc.locator("#picture")).to_have_js_property("complete", True)
    ticket = pc.locator("#scan").get_attribute("data-ticket")
    phone = window(width=390, height=844)
    phone.goto(f"{simulator.url}/phone?person=lihua")
    phone.click(f"[data-account-code='{ticket}']")
    shows(pc, "waiting")
    phone.click("[data-follow=oa]")
    shows(pc, "scanned")
    phone.locator("[data-link]").last.click()
    phone.wait_for_url(f"{service.url}/login/follow/{ticket}/phone?proven=1")
    shows(pc, "scanned")
    phone.locator("form[action$='/confirm'] button").click()
    pc.wait_for_url(f"{service.url}/me")
    assert pc.request.get(f"{service.url}/api/me").ok
    assert not phone.request.get(f"{service.url}/api/me").ok


def test_a_phone_elsewhere_types_the_number(
    serve: Callable[..., Service], simulator: SimulatorServer, window: Windows
) -> None:
    service = serve(trusted_proxies=1)
    account = {"name": "oa", "push_url": f"{service.url}/oa/oa"}
    simulator.world.registry.put_apps(account)
    pc, phone = window(), window(width=390, height=844)
    phone.set_extra_http_headers({"X-Forwarded-For": "198.51.100.9"})
    pc.goto(f"{service.url}/login/follow")
    expect(pc.locator("#picture")).to_have_js_property("complete", True)
    phone.goto(f"{simulator.url}/phone?person=lihua")
    phone.click("[data-account-code]")
    phone.click("[data-follow=oa]")
    shows(pc, "scanned")
    phone.locator("[data-link]").last.click()
    number = pc.locator("[data-fill=number]")
    expect(number).to_be_visible()
    phone.fill("[name=number]", number.inner_text())
    phone.locator("form[action$='/confirm'] button").click()
    pc.wait_for_url(f"{service.url}/me")


def test_follow_send_the_number_and_answer(
    serve: Callable[..., Service], simulator: SimulatorServer, window: Windows
) -> None:
    """An unverified account: WeChat refuses the code, and the page shows a number."""
    account = next(app for app in demo_apps() if app.name == "lone")
    code = plain(simulator.world.registry.app("lone")).url
    says = {"title": "独立订阅号", "plain_code": code}
    service = serve(apps=[account.model_copy(update=says)], simulator="on")
    simulator.world.registry.put_apps(
        {"name": "lone", "verified": False, "push_url": f"{service.url}/oa/lone"}
    )
    pc = window()
    pc.goto(f"{service.url}/login/follow")
    number = pc.locator("[data-fill=chat_number]")
    expect(number).to_have_text(re.compile("[0-9]{6}"))
    expect(pc.locator("#picture")).to_be_visible()
    phone = window(width=390, height=844)
    phone.goto(f"{simulator.url}/phone/account?app=lone&person=lihua")
    phone.click("[data-follow=lone]")
    say(phone, number.inner_text())
    shows(pc, "scanned")
    digits = pc.locator("[data-fill=number]")
    expect(digits).to_be_visible()
    expect(phone.locator("[data-from=account]")).to_have_count(1)
    say(phone, digits.inner_text())
    expect(phone.locator("[data-from=account]")).to_have_count(2)
    pc.wait_for_url(f"{service.url}/me")
    assert pc.request.get(f"{service.url}/api/me").ok


def say(phone: Page, text: str) -> None:
    phone.fill("[data-field=content]", text)
    phone.click("[data-action=say]")
