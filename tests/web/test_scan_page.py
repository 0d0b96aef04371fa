"""The page of a mini program's code: what it shows, and where."""

import html
import re

import pytest

from tests.support.journey import CHINESE, Browser
from tests.support.user_agents import USER_AGENTS, WECHAT_IPHONE

PHONE = {"User-Agent": USER_AGENTS["safari iphone"][0]}
PROGRAM = {
    "name": "mp",
    "kind": "mini_program",
    "appid": "wx00112233445566aa",
    "secret": "of-nobody-at-all",
}
WEBSITE = PROGRAM | {"name": "web", "kind": "website", "appid": "wx00112233445566ab"}


def ticket(page: str) -> str:
    return re.search(r'data-ticket="([\w-]{22})"', page)[1]


def button(page: str) -> str:
    """Where the button of a phone leads."""
    return html.unescape(re.search(r'id="open" href="([^"]*)"', page)[1])


def test_a_desktop_shows_the_code_and_the_other_ways(browser):
    page = browser.get("/login/scan?next=/orders", headers=CHINESE).text
    assert f'src="/login/scan/{ticket(page)}/image"' in page
    assert 'id="open"' not in page
    assert '<a href="/login?next=/orders">换一种方式登录</a>' in page
    assert "改用小程序码登录" not in page


def test_a_phone_shows_a_button_that_opens_wechat(app_for):
    browser = Browser(app_for(simulator="off", apps=(PROGRAM, WEBSITE)))
    page = browser.get("/login/scan?next=/orders", headers={**PHONE, **CHINESE}).text
    assert button(page) == (
        "weixin://dl/business/?appid=wx00112233445566aa&path=pages%2Fscan%2Fscan"
        f"&query=scene%3D{ticket(page)}"
    )
    assert "/image" not in page
    # For a phone on which it does not open, and for one with a second phone beside it.
    assert ">http://127.0.0.1:5000/login?next=/orders</textarea>" in page
    assert 'href="/login/qr?app=web&amp;next=/orders"' in page


def test_the_version_and_the_page_are_the_app_s(app_for):
    program = PROGRAM | {"scan_page": "pages/in/in", "env_version": "trial"}
    browser = Browser(app_for(simulator="off", apps=(program,)))
    link = button(browser.get("/login/scan", headers=PHONE).text)
    assert "&path=pages%2Fin%2Fin&" in link
    assert link.endswith("&env_version=trial")


def test_the_simulated_phone_stands_in_for_wechat(browser, simulator):
    page = browser.get("/login/scan", headers=PHONE).text
    assert button(page).startswith(f"{simulator.url}/dl/business/?appid=")


@pytest.mark.parametrize("more", ["", " miniProgram/wx0123456789abcdef"])
def test_inside_wechat_the_code_is_pressed(browser, more):
    where = {"User-Agent": WECHAT_IPHONE + more, **CHINESE}
    page = browser.get("/login/scan", headers=where).text
    assert f"/login/scan/{ticket(page)}/image" in page
    assert "长按识别小程序码" in page


def test_a_page_without_scripts_makes_no_codes(browser, clock):
    """Its refreshing looks at the code that it has, also when that is over."""
    page = browser.get("/login/scan?next=/orders").text
    again = html.unescape(re.search(r'content="5; url=([^"]*)"', page)[1])
    assert ticket(browser.get(again).text) == ticket(page)
    clock.shift(301)
    over = browser.get(again).text
    assert ticket(over) == ticket(page)
    assert 'data-state="expired"' in over
    assert "http-equiv" not in over
    form = {"app": "mp", "next": "/orders"}
    new = browser.post("/login/scan", data=form, follow_redirects=True).text
    assert ticket(new) != ticket(page)
    assert 'data-state="waiting"' in new


def test_its_form_may_end_at_the_site(app_for):
    shop = {"name": "shop", "origins": ("https://shop.test",)}
    page = Browser(app_for(sites=(shop,))).get("/login/scan?next=https://shop.test/a")
    policy = page.headers["Content-Security-Policy"]
    assert "form-action 'self' https://shop.test" in policy


@pytest.mark.parametrize(
    "wish",
    [
        "/orders?back=https://shop.test/a",
        "/orders#https://a",
        "/oauth2/authorize?redirect_uri=https://shop.test/cb",
    ],
)
def test_a_place_of_ours_may_name_an_address(browser, wish):
    page = browser.get("/login/scan", query_string={"next": wish})
    assert page.status_code == 200
    assert f'data-next="{wish}"' in html.unescape(page.text)
    assert "form-action 'self';" in page.headers["Content-Security-Policy"]
