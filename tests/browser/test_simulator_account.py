"""An official account on the phone in a real browser: scan, follow, talk, tap."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.simulator.receiver import Receiver, reply, sealed
from tests.simulator.shop import Shop
from wxlogin.simulator.server import SimulatorServer
from wxlogin.simulator.world import ids


@pytest.fixture
def site(simulator: SimulatorServer) -> Iterator[Shop]:
    running = Shop(simulator)
    yield running
    running.close()


def test_scan_follow_and_open_the_reply(
    window: Callable[..., Page], simulator: SimulatorServer, site: Shop
) -> None:
    """What the account says comes by itself, and its link opens in this window."""
    shop, world = site, simulator.world
    receiver = Receiver(world)
    openid = ids.openid(receiver.app.appid, "lihua")
    said = f'<a href="{shop.url}/cb?x=1">登录</a>'
    receiver.answers = [sealed(receiver.app, reply(receiver.app, openid, said))]
    world.account_codes.make(receiver.app, "login_1", 600)
    # As long as the service's scenes are, without a place to break the line.
    world.account_codes.make(receiver.app, "NvV8KPng1D3PvYo4oKEAWQ", 600)
    phone = window(width=390, height=844)
    phone.goto(f"{simulator.url}/phone?person=lihua")
    fits = "list => list.scrollWidth <= list.clientWidth"
    assert phone.locator(".codes ul").evaluate(fits)
    phone.click("[data-account-code=login_1]")
    phone.click("[data-follow=oa]")
    assert receiver.told[-1]["EventKey"] == "qrscene_login_1"
    expect(phone.locator("[data-from=account]")).to_have_count(1)
    world.pushes.say(receiver.app, "lihua", "account", "later")
    expect(phone.locator("[data-from=account]").last).to_contain_text("later")
    link = phone.locator("[data-link]")
    expect(link).to_be_in_viewport()
    link.click()
    phone.wait_for_url(f"{shop.url}/cb?x=1")
