"""One link, right flow: every client at /login, with every set of apps."""

import re

import pytest

from tests.support.journey import Browser
from tests.support.user_agents import USER_AGENTS, WECHAT_IPHONE
from wxlogin.config import AppKind
from wxlogin.wechat.user_agents import Surroundings as S
from wxlogin.wechat.user_agents import surroundings

WEBSITE = (AppKind.website,)
ACCOUNT = (AppKind.official_account,)
BOTH = (AppKind.website, AppKind.official_account)
NEITHER = (AppKind.mobile,)
PROGRAM = (AppKind.mini_program,)

# The table of docs/doors.md: for each place the door with both kinds of app, with a
# website app only, with an official account only, with neither; then the same with a
# mini program beside them.
MINI, TO_WECHAT = "use_mini_program", "use_wechat"
TABLE = {
    S.wechat_phone: ("h5", "use_computer", "h5", "none", "h5", "scan", "h5", "scan"),
    S.wechat_desktop: ("h5", "use_browser", "h5", "none", "h5", "scan", "h5", "scan"),
    S.mini_program: (*(MINI,) * 3, "none", *(MINI,) * 4),
    S.wecom_phone: (TO_WECHAT, "use_computer", TO_WECHAT, "none", *(TO_WECHAT,) * 4),
    S.wecom_desktop: ("qr", "qr", "device", "none", "qr", "qr", "scan", "scan"),
    S.phone: (TO_WECHAT, "use_computer", TO_WECHAT, "none", *("scan",) * 4),
    S.desktop: ("qr", "qr", "device", "none", "qr", "qr", "scan", "scan"),
}
WITHOUT = (BOTH, WEBSITE, ACCOUNT, NEITHER)
CONFIGURED = (*WITHOUT, *((*kinds, *PROGRAM) for kinds in WITHOUT))
NAMES = ("both", "website", "account", "neither")


@pytest.mark.parametrize(("agent", "where"), USER_AGENTS.values(), ids=USER_AGENTS)
def test_the_place_is_told_by_the_user_agent(agent, where):
    assert surroundings(agent) is where


@pytest.fixture(params=range(8), ids=[*NAMES, *(f"{name}+mini" for name in NAMES)])
def configured(request, app_for, settings_for):
    kinds = CONFIGURED[request.param]
    apps = tuple(app for app in settings_for().apps if app.kind in kinds)
    return request.param, Browser(app_for(apps=apps, simulator="on"))


def door_of(answer) -> str:
    found = re.match(r"/login/(scan|device)\?", answer.headers.get("Location", ""))
    if answer.status_code == 302 and found:
        return found[1]
    if answer.status_code == 302:
        assert "/connect/oauth2/authorize?" in answer.location
        return "h5"
    assert answer.status_code == 200
    if "/connect/qrconnect?" in answer.text:
        return "qr"
    return answer.text.partition('data-door="')[2].partition('"')[0]


def test_every_cell_of_the_table(configured):
    column, browser = configured
    wrong = []
    for name, (agent, where) in USER_AGENTS.items():
        door = door_of(browser.get("/login", headers={"User-Agent": agent}))
        if door != TABLE[where][column]:
            wrong.append(f"{name}: {door} instead of {TABLE[where][column]}")
    assert wrong == []


def test_a_phone_is_never_shown_a_code_first(configured):
    _, browser = configured
    for agent, where in USER_AGENTS.values():
        if where in (S.phone, S.wecom_phone, S.wechat_phone):
            answer = browser.get(
                "/login",
                headers={"User-Agent": agent},
                follow_redirects=where is S.phone,
            )
            assert "/connect/qrconnect" not in answer.text
            assert "/image" not in answer.text


def test_a_phone_has_the_code_as_a_side_door(app):
    agent = USER_AGENTS["chrome android"][0]
    where = {"User-Agent": agent}
    browser = Browser(app)
    page = browser.get("/login?next=/orders", headers=where, follow_redirects=True).text
    assert 'href="/login/qr?app=web&amp;next=/orders"' in page
    assert ">http://127.0.0.1:5000/login?next=/orders</textarea>" in page


@pytest.mark.parametrize("name", ["oa", "mp", "app"])
def test_a_wrong_pairing_of_app_and_door_cannot_be_asked_for(browser, name):
    assert browser.get(f"/login/qr?app={name}").status_code == 404
    assert browser.get(f"/login/embed?app={name}").status_code == 404


def test_a_website_app_cannot_be_used_inside_wechat(browser):
    assert browser.get("/login/h5?app=web").status_code == 404
    wechat = {"User-Agent": WECHAT_IPHONE}
    page = browser.get("/login?app=web", headers=wechat)
    assert door_of(page) == "use_computer"


def test_an_unknown_app_or_scope_is_told(browser):
    assert browser.get("/login?app=nowhere").status_code == 404
    assert browser.get("/login/h5?scope=snsapi_login").status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Dest": "image", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Dest": "document", "Sec-Purpose": "prefetch;prerender"},
    ],
)
@pytest.mark.parametrize("path", ["/login/h5", "/login"])
def test_no_silent_login_without_a_deliberate_act(browser, path, headers):
    """security row 12"""
    answer = browser.get(path, headers={"User-Agent": WECHAT_IPHONE, **headers})
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers


def test_the_link_inside_wechat_is_in_the_exact_order(browser):
    answer = browser.get("/login", headers={"User-Agent": WECHAT_IPHONE})
    query = answer.location.partition("?")[2]
    names = [pair.partition("=")[0] for pair in query.partition("#")[0].split("&")]
    assert names == ["appid", "redirect_uri", "response_type", "scope", "state"]
    assert query.endswith("#wechat_redirect")
    assert "scope=snsapi_base" in query
    assert "redirect_uri=http%3A%2F%2F127.0.0.1%3A5000%2Flogin%2Fcallback%2Foa" in query


def test_a_program_without_a_page_for_it_has_no_code(app_for, settings_for):
    apps = tuple(
        app.model_copy(update={"scan_page": ""}) if app.name == "mp" else app
        for app in settings_for().apps
        if app.kind in (AppKind.mini_program, AppKind.official_account)
    )
    browser = Browser(app_for(apps=apps, simulator="on"))
    assert browser.get("/login").location == "/login/scan?app=mp2"
    assert browser.get("/login/scan?app=mp").status_code == 404
    assert browser.get("/login?app=mp").status_code == 200


def test_on_a_desktop_the_program_s_code_is_a_side_door(browser):
    page = browser.get("/login?next=/orders").text
    assert 'href="/login/scan?app=mp&amp;next=/orders"' in page
