"""The service below a path, beside another application, in a real browser."""

import pytest
from playwright.sync_api import Page, expect

from tests.support.neighbour import PREFIX, Host


@pytest.fixture(params=[False, True], ids=["unstripped", "stripped"])
def beside(request, serve):
    """The service at /wx; everything else of the host is the neighbour's."""
    service = serve(path=PREFIX)
    service.app.wsgi_app = Host(service.app.wsgi_app, strips=request.param)
    return service


def signs_in(pc: Page, phone: Page, simulator) -> None:
    frame = pc.frame_locator("#frame")
    expect(frame.locator("img.qrcode")).to_be_visible()
    phone.goto(f"{simulator.url}/phone")
    phone.locator("[data-person=xiaoming]").click()
    phone.locator("[data-scan]").first.click()
    phone.locator("[data-action=confirm]").click()


def test_two_applications_on_one_host(beside, simulator, window):
    origin = beside.url.removesuffix(PREFIX)
    pc, phone = window(), window(width=390, height=844)
    pc.goto(f"{origin}/login")
    expect(pc.locator("h1")).to_have_text("The neighbour's login")
    pc.goto(f"{beside.url}/login?next=/orders")
    signs_in(pc, phone, simulator)
    pc.wait_for_url(f"{origin}/orders")
    expect(pc.locator("h1")).to_have_text("neighbour's user")
    # No cookie of ours reaches the neighbour.
    expect(pc.locator("p")).to_have_text("[]")
    pc.goto(f"{beside.url}/me")
    expect(pc.locator("h1")).to_have_text("小明😀")
    names = {cookie["name"]: cookie["path"] for cookie in pc.context.cookies()}
    assert names.pop("session") == "/"
    assert set(names.values()) == {PREFIX}


def test_every_address_the_browser_asks_us_for_is_below_the_path(
    beside, simulator, window
):
    origin = beside.url.removesuffix(PREFIX)
    pc, phone = window(locale="en-GB"), window(width=390, height=844)
    asked: list[str] = []
    pc.on("request", lambda request: asked.append(request.url))
    pc.goto(f"{beside.url}/")
    signs_in(pc, phone, simulator)
    pc.wait_for_url(f"{beside.url}/me")
    pc.get_by_role("button", name="Update from WeChat").click()
    expect(pc.get_by_role("status")).to_contain_text("up to date")
    pc.get_by_role("link", name="简体中文").click()
    expect(pc.locator("html")).to_have_attribute("lang", "zh-CN")
    pc.get_by_role("button", name="退出登录", exact=True).click()
    pc.wait_for_url(f"{beside.url}/login")
    ours = [url for url in asked if url.startswith(origin)]
    assert len(ours) > 10
    assert [url for url in ours if not url.startswith(f"{beside.url}/")] == []
