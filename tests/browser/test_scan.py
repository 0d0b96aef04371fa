"""A mini program's code on a PC, and the phone that answers it, in real browsers."""

import re
import time
from collections.abc import Callable

import pytest
import time_machine
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Service
from tests.browser.test_sign_in import person_on_phone, scans_and_confirms
from tests.simulator.conftest import MP
from tests.support.user_agents import USER_AGENTS
from wxlogin.simulator.server import SimulatorServer

Windows = Callable[..., Page]


@pytest.fixture
def service(serve: Callable[..., Service], simulator: SimulatorServer) -> Service:
    """The service, whose mini program the simulated phone plays."""
    service = serve(trusted_proxies=1)
    program = {"name": "mp", "appid": MP, "request_domain": service.url}
    simulator.world.registry.put_apps(program)
    return service


class Desk:
    """A PC and a phone beside it."""

    def __init__(
        self, service: Service, simulator: SimulatorServer, window: Windows
    ) -> None:
        self.service, self.simulator, self.window = service, simulator, window

    def pc(self, **more: object) -> Page:
        page = self.window(**more)
        page.goto(f"{self.service.url}/login/scan")
        return page

    def scans(self, page: Page, person: str = "xiaoming") -> Page:
        """The camera of this person's phone reads the code of the page."""
        phone = self.window(width=390, height=844)
        phone.goto(f"{self.simulator.url}/phone?person={person}")
        phone.locator(f"[data-launch='{ticket(page)}']").click()
        return phone

    def who(self, page: Page) -> str:
        """The uid of whoever is signed in there."""
        answer = page.request.get(f"{self.service.url}/api/me")
        return str(answer.json()["uid"])


@pytest.fixture
def desk(service: Service, simulator: SimulatorServer, window: Windows) -> Desk:
    return Desk(service, simulator, window)


def ticket(page: Page) -> str:
    expect(page.locator("#scan")).to_have_attribute("data-state", "waiting")
    found = page.evaluate("document.getElementById('claim').action.split('/').at(-2)")
    return str(found)


def shows(page: Page, state: str) -> None:
    expect(page.locator("#scan")).to_have_attribute("data-state", state)


def told(phone: Page, what: str) -> None:
    expect(phone.locator("[data-told]")).to_have_attribute("data-told", what)


def looks(page: Page, state: str = "visible") -> None:
    """Somebody looks at the page, or at another one."""
    page.evaluate(
        """state => {
          Object.defineProperty(document, "visibilityState",
            { value: state, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        state,
    )


def test_scan_and_confirm_is_the_same_person_as_the_qr_code(desk: Desk) -> None:
    qr = desk.window()
    qr.goto(f"{desk.service.url}/login")
    phone = desk.window(width=390, height=844)
    person_on_phone(phone, desk.simulator, "xiaoming")
    scans_and_confirms(phone)
    qr.wait_for_url(f"{desk.service.url}/me")
    page = desk.pc()
    phone = desk.scans(page)
    shows(page, "scanned")
    expect(page.locator("[data-fill=nickname]")).to_have_text("小明😀")
    expect(phone.locator("[data-system]")).to_contain_text("Chrome")
    phone.click("[data-action=confirm]")
    told(phone, "confirmed")
    page.wait_for_url(f"{desk.service.url}/me")
    assert desk.who(page) == desk.who(qr)
    # The page with the code is not in the way back.
    page.go_back()
    assert "/login/scan" not in page.url


def test_refuse_then_a_new_code(desk: Desk) -> None:
    page = desk.pc()
    first = ticket(page)
    phone = desk.scans(page)
    phone.click("[data-action=cancel]")
    told(phone, "refused")
    shows(page, "refused")
    page.locator("button[form=renew]:visible").click()
    assert ticket(page) != first
    # The old one is over for good.
    phone.go_back()
    told(phone, "taken")


def test_a_phone_in_another_network_brings_the_number(desk: Desk) -> None:
    """security rows 73, 74"""
    desk.simulator.world.switch(phone_address="203.0.113.9")
    page = desk.pc()
    first = ticket(page)
    phone = desk.scans(page)
    shows(page, "scanned")
    other = desk.window(width=390, height=844)
    other.goto(
        f"{desk.simulator.url}/phone/mp?appid={MP}&page=pages/scan/scan"
        f"&scene={first}&person=lihua"
    )
    told(other, "taken")
    number = page.locator("[data-fill=number]").inner_text()
    field = phone.get_by_label("哪个数字")
    for typed in ("", number[0]):
        # The phone's own page knows that this is no number of two digits.
        field.fill(typed)
        phone.click("[data-action=confirm]")
        expect(phone.locator("input:invalid")).to_have_count(1)
    field.fill("55" if number != "55" else "66")
    phone.click("[data-action=confirm]")
    expect(phone.locator("[data-detail]")).to_be_visible()
    shows(page, "scanned")
    field.fill(number)
    phone.click("[data-action=confirm]")
    page.wait_for_url(f"{desk.service.url}/me")


def test_an_expired_code_is_new_once_somebody_looks(desk: Desk) -> None:
    """security row 69. Hidden for forty minutes: no code is made meanwhile, and one
    afterwards, within two seconds."""
    page = desk.window()
    page.clock.install()
    page.goto(f"{desk.service.url}/login/scan")
    first = ticket(page)
    made: list[str] = []
    page.on("request", lambda sent: made.append(sent.url))
    looks(page, "hidden")
    desk.scans(page, "lihua")
    shows(page, "scanned")
    with time_machine.travel(time.time() + 2400):
        page.clock.run_for(2_400_000)
        shows(page, "expired")
        page.evaluate("dispatchEvent(new Event('online'))")
        assert not [url for url in made if url.endswith(("/login/scan", "/image"))]
        looks(page)
        expect(page.locator("#scan")).to_have_attribute(
            "data-state", "waiting", timeout=2000
        )
        assert ticket(page) != first
        expect(page.locator("#picture")).to_have_js_property("complete", True)
    assert len([url for url in made if url.endswith("/image")]) == 1


def test_a_stream_that_is_pulled_loses_nothing(desk: Desk) -> None:
    """security row 76"""
    page = desk.pc()
    phone = desk.scans(page)
    shows(page, "scanned")
    page.context.set_offline(True)
    phone.click("[data-action=confirm]")
    told(phone, "confirmed")
    page.context.set_offline(False)
    page.wait_for_url(f"{desk.service.url}/me")


def test_ten_errors_stop_the_page(desk: Desk) -> None:
    page = desk.window()
    page.clock.install()
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=503)

    page.route("**/state?*", refuse)
    page.route("**/events", lambda route: route.abort())
    page.goto(f"{desk.service.url}/login/scan")
    # A turn of the clock may find a refusal still on its way: it asks nothing then.
    for _ in range(100):
        page.clock.run_for(11_000)
        page.evaluate("fetch('/healthz')")
        if page.get_attribute("#scan", "data-state") == "stopped":
            break
    shows(page, "stopped")
    assert len(asked) == 10
    page.clock.run_for(600_000)
    assert len(asked) == 10
    page.unroute_all()
    page.click("[data-act=resume]")
    shows(page, "waiting")


def test_a_picture_that_does_not_come_has_a_reason(desk: Desk) -> None:
    desk.simulator.world.switch(wxacode="half")
    page = desk.pc()
    shows(page, "broken")
    expect(page.locator("[data-fill=reason]")).to_have_text("微信暂时没有响应")
    expect(page.get_by_role("link", name="换一种方式登录")).to_be_visible()
    desk.simulator.world.switch(wxacode=None)
    page.get_by_role("link", name="重试").click()
    shows(page, "waiting")


def test_two_tabs_with_one_code(desk: Desk) -> None:
    """One of them claims, and both go on."""
    page = desk.pc()
    other = page.context.new_page()
    other.goto(f"{desk.service.url}/login/scan")
    assert ticket(other) == ticket(page)
    desk.scans(page).click("[data-action=confirm]")
    page.wait_for_url(f"{desk.service.url}/me")
    other.wait_for_url(f"{desk.service.url}/me")


def test_without_scripts_a_button_claims(desk: Desk) -> None:
    page = desk.window(java_script_enabled=False)
    page.goto(f"{desk.service.url}/login/scan")
    held = page.locator("#scan").get_attribute("data-ticket")
    phone = desk.window(width=390, height=844)
    phone.goto(f"{desk.simulator.url}/phone?person=xiaoming")
    phone.locator(f"[data-launch='{held}']").click()
    phone.click("[data-action=confirm]")
    page.get_by_role("button", name="我已在手机上确认").click()
    page.wait_for_url(f"{desk.service.url}/me")


def test_a_phone_opens_the_program_and_comes_back(desk: Desk) -> None:
    """No code but a button, which the simulated phone follows in its own window. The
    browser sleeps meanwhile, and goes on by itself once it is looked at."""
    agent = USER_AGENTS["chrome android"][0]
    page = desk.window(width=390, height=844, user_agent=agent)
    page.route(re.compile("/(events|state)"), lambda route: route.abort())
    page.goto(f"{desk.service.url}/login/scan")
    expect(page.locator("#picture")).to_have_count(0)
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="打开微信").click()
    phone = opened.value
    looks(page, "hidden")
    phone.click("[data-person=xiaoming]")
    phone.click("[data-action=confirm]")
    told(phone, "confirmed")
    page.unroute_all()
    looks(page)
    page.wait_for_url(f"{desk.service.url}/me")


def test_a_web_view_of_the_program_is_signed_in(desk: Desk) -> None:
    """Its cookie jar is empty; the link works once."""
    simulator, service = desk.simulator, desk.service
    phone = desk.window(width=390, height=844)
    phone.goto(f"{simulator.url}/phone/mp?appid={MP}&person=xiaoming")
    phone.click("[data-call=web-view]")
    phone.wait_for_url(f"{service.url}/handover/*")
    link = phone.url
    phone.locator("#handover button").click()
    phone.wait_for_url(f"{service.url}/me")
    world = simulator.world
    people = world.registry
    token = world.storage.get(people.app("mp"), people.person("xiaoming"), "token")
    bearer = {"Authorization": f"Bearer {token}"}
    owner = phone.request.get(f"{service.url}/api/me", headers=bearer).json()
    assert desk.who(phone) == owner["uid"]
    other = desk.window()
    other.goto(link)
    other.locator("main a.button").click()
    other.wait_for_url(f"{service.url}/login*")
