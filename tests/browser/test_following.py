"""Following an official account, seen in real browsers: what the program on the phone
and the account page on the PC say of it, and a sign-in that wants it first."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Service
from tests.browser.test_sign_in import person_on_phone, scans_and_confirms
from tests.simulator.conftest import MP
from wxlogin.simulator.server import SimulatorServer

Windows = Callable[..., Page]


def joined(service: Service, simulator: SimulatorServer) -> Service:
    """The service, to which the account pushes, and whose program the phone plays."""
    registry = simulator.world.registry
    registry.put_apps({"name": "oa", "push_url": f"{service.url}/oa/oa"})
    registry.put_apps({"name": "mp", "appid": MP, "request_domain": service.url})
    return service


@pytest.fixture
def service(serve: Callable[..., Service], simulator: SimulatorServer) -> Service:
    return joined(serve(), simulator)


class Lihua:
    """李华's phone, and the account page on her PC."""

    def __init__(
        self, service: Service, simulator: SimulatorServer, window: Windows
    ) -> None:
        self.service, self.simulator = service, simulator
        self.phone, self.pc = window(width=390, height=844), window()

    def signs_in(self, path: str) -> None:
        """On the PC, with WeChat's QR code."""
        self.pc.goto(f"{self.service.url}/login?next={path}")
        frame = self.pc.frame_locator("#frame")
        expect(frame.locator(".js_qrcode_img, img.qrcode").first).to_be_visible()
        person_on_phone(self.phone, self.simulator, "lihua")
        scans_and_confirms(self.phone)

    def taps(self, button: str) -> None:
        """On the account's page in WeChat: `follow` or `unfollow`."""
        self.phone.goto(f"{self.simulator.url}/phone/account?app=oa&person=lihua")
        self.phone.locator(f"[data-{button}=oa]").click()

    def sees(self, word: str) -> None:
        """The program and the account page say the same: `yes`, `no`, `unknown`."""
        program = f"{self.simulator.url}/phone/mp?appid={MP}&person=lihua"
        shows(self.phone, program, f"[data-told=home] [data-follows={word}]")
        account = f"[data-account=oa][data-follows={word}]"
        shows(self.pc, f"{self.service.url}/me", account)


def shows(page: Page, url: str, what: str) -> None:
    """As soon as WeChat has told: pushes are worked on beside the requests."""
    for _ in range(50):
        page.goto(url)
        if page.locator(what).count():
            return
        page.wait_for_timeout(100)
    raise AssertionError(page.locator("main").inner_text())


@pytest.fixture
def lihua(service: Service, simulator: SimulatorServer, window: Windows) -> Lihua:
    return Lihua(service, simulator, window)


def test_the_program_and_the_pc_say_who_follows(
    service: Service, simulator: SimulatorServer, lihua: Lihua
) -> None:
    """Three apps of one open platform, joined by nothing but the unionid."""
    lihua.signs_in("/me")
    lihua.pc.wait_for_url(f"{service.url}/me")
    lihua.sees("unknown")
    lihua.taps("follow")
    lihua.sees("yes")
    simulator.world.advance(1)
    lihua.taps("unfollow")
    lihua.sees("no")
    # One at once behind the other, however the pushes come.
    simulator.world.advance(1)
    lihua.taps("follow")
    lihua.taps("unfollow")
    lihua.sees("no")


def test_who_must_follow_goes_on_by_itself(
    serve: Callable[..., Service], simulator: SimulatorServer, window: Windows
) -> None:
    service = joined(serve(must_follow="oa"), simulator)
    lihua = Lihua(service, simulator, window)
    lihua.signs_in("/me?from=test")
    lihua.pc.wait_for_url(f"{service.url}/follow?**")
    expect(lihua.pc.locator("#picture")).to_have_js_property("complete", True)
    base = lihua.pc.locator("#must-follow").get_attribute("data-base") or ""
    lihua.phone.goto(f"{simulator.url}/phone?person=lihua")
    lihua.phone.click(f"[data-account-code='{base.split('/')[-2]}']")
    expect(lihua.pc.locator("#must-follow")).to_have_attribute("data-state", "waiting")
    lihua.phone.click("[data-follow=oa]")
    lihua.pc.wait_for_url(f"{service.url}/me?from=test")
    expect(lihua.pc.locator("[data-account=oa][data-follows=yes]")).to_have_count(1)
