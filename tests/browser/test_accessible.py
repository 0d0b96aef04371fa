"""Keyboard, names for a screen reader, contrast: axe-core and a Tab key."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.test_sign_in import person_on_phone, scans_and_confirms
from tests.support.user_agents import WECHAT_IPHONE
from wxlogin.accounts.identities import add_person
from wxlogin.accounts.models import Session
from wxlogin.accounts.person import Person
from wxlogin.config.demo import demo_apps
from wxlogin.db import db

# axe-core's own words for what makes a page hard or impossible to use.
SERIOUS = {"serious", "critical"}


def problems(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:100]}"
        for rule in found
        if rule["impact"] in SERIOUS
        for node in rule["nodes"]
    ]


def signs_in(page: Page, phone: Page, service, simulator) -> None:
    page.goto(f"{service.url}/login/qr")
    page.locator("img.qrcode").wait_for()
    phone.goto(f"{simulator.url}/phone")
    phone.locator("[data-person=xiaoming]").click()
    phone.locator("[data-scan]").first.click()
    phone.locator("[data-action=confirm]").click()
    page.wait_for_url(f"{service.url}/me")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
def test_no_page_has_a_serious_fault(service, simulator, window, locale, scheme):
    page = window(locale=locale, color_scheme=scheme)
    phone = window(width=390, height=844, locale=locale, color_scheme=scheme)
    pages = ("/login/snapshot", "/nowhere", "/login/callback/web", "/me/deleted")
    for path in (*pages, "/oauth2/logout"):
        page.goto(service.url + path)
        assert problems(page) == [], path
    page.goto(f"{service.url}/login")
    page.frame_locator("#frame").locator("img.qrcode").wait_for()
    page.wait_for_timeout(300)
    # WeChat's frame is WeChat's; ours is the page around it.
    page.evaluate("document.getElementById('frame').removeAttribute('src')")
    page.evaluate("document.getElementById('frame').srcdoc = '<html lang=zh><title>x'")
    assert problems(page) == [], "/login"
    signs_in(page, phone, service, simulator)
    page.locator("#delete").click()
    assert problems(page) == [], "/me"
    page.goto(f"{service.url}/oauth2/logout")
    page.locator("form button").first.wait_for()
    assert problems(page) == [], "the question before signing out"


STATES = ("waiting", "scanned", "refused", "expired", "broken", "stopped", "confirmed")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("agent", [None, WECHAT_IPHONE.split(" Micro")[0]])
def test_no_state_of_a_code_has_a_serious_fault(service, window, agent, scheme):
    """A mini program's code on a PC, and the button in its place on a phone."""
    more = {"user_agent": agent, "width": 390} if agent else {}
    page = window(color_scheme=scheme, reduced_motion="reduce", **more)
    look_at_every_state(page, f"{service.url}/login/scan")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_state_of_a_number_has_a_serious_fault(serve, window, scheme):
    """The number to send to an official account."""
    says = {"verified_service": False, "title": "茶铺"}
    service = serve(apps=[demo_apps()[-1].model_copy(update=says)], simulator="on")
    page = window(color_scheme=scheme, reduced_motion="reduce", width=390)
    look_at_every_state(page, f"{service.url}/login/follow")


def look_at_every_state(page, url):
    page.route("**/events", lambda route: route.abort())
    page.goto(url)
    for state in STATES:
        page.evaluate(
            """state => {
              for (const part of document.querySelectorAll("[data-when]"))
                part.hidden = !part.dataset.when.split(" ").includes(state);
              for (const part of document.querySelectorAll("[data-fill]"))
                part.textContent = "42";
            }""",
            state,
        )
        assert problems(page) == [], state


PROGRAM = {
    "name": "Tea",
    "client_id": "tea",
    "redirect_uris": ("http://127.0.0.1/back",),
}
ASKS = (
    "/oauth2/authorize?response_type=code&client_id=tea&scope=openid+profile+wechat"
    "&redirect_uri=http%3A%2F%2F127.0.0.1%2Fback&code_challenge_method=S256"
    "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_a_person_is_asked_and_told_has_no_serious_fault(
    serve, simulator, window, scheme
):
    """Who shares the account, and whether to go on to a program."""
    service = serve(sites=(PROGRAM,))
    page, phone = window(color_scheme=scheme), window(width=390, height=844)
    signs_in(page, phone, service, simulator)
    with service.app.app_context():
        session = db.session.query(Session).one()
        another = Person("wx0000000000000a01", "website", "another", "main", "u2")
        mine = {"session_id": session.id, "secret_hash": session.secret_hash}
        add_person(session.user_id, another, **mine)
    page.goto(f"{service.url}{ASKS}")
    page.get_by_role("button", name="继续").wait_for()
    assert problems(page) == [], "whether to go on"
    page.get_by_role("link", name="换一个微信").click()
    page.frame_locator("#frame").locator("img.qrcode").wait_for()
    person_on_phone(phone, simulator, "xiaoming")
    scans_and_confirms(phone)
    page.get_by_role("button", name="解绑该微信").wait_for()
    assert problems(page) == [], "who shares the account"
    page.get_by_role("button", name="解绑该微信").click()
    page.get_by_role("button", name="继续").wait_for()


def test_the_advice_pages_have_no_serious_fault(service, window):
    plain_phone = WECHAT_IPHONE.split(" Micro")[0]
    for agent in (plain_phone, f"{WECHAT_IPHONE} miniProgram/wx0123456789abcdef"):
        page = window(width=390, height=844, user_agent=agent)
        page.goto(f"{service.url}/login")
        assert problems(page) == [], agent


def test_everything_is_reached_by_the_keyboard(service, simulator, window):
    page, phone = window(), window(width=390, height=844)
    signs_in(page, phone, service, simulator)
    reached = set()
    for _ in range(20):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.textContent.trim()"))
    for name in (
        "从微信更新资料",
        "退出登录",
        "绑定其他微信",
        "退出所有设备",
        "注销账号",
    ):
        assert name in reached
    page.locator("#delete").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.get_by_role("checkbox")).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{service.url}/me/deleted")
