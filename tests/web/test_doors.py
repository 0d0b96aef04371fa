"""One entry and one view are a door: all that know of doors read the one table."""

import re
import secrets
from pathlib import Path

import pytest
from flask import Flask, redirect

from tests.support.journey import Browser
from tests.support.people import People
from tests.support.user_agents import USER_AGENTS
from wxlogin.accounts import people, sign_in
from wxlogin.accounts.person import Person
from wxlogin.config import AppKind
from wxlogin.db import now
from wxlogin.doctor import console, public_url
from wxlogin.flows import doors
from wxlogin.flows.doors import DOORS, Door, Field, Flow
from wxlogin.service import service_of
from wxlogin.web.visitors import hold_session
from wxlogin.wechat.user_agents import Surroundings

PHONE = {"User-Agent": USER_AGENTS["chrome android"][0]}
ROOT = Path(__file__).parents[2]
TEA = Door(
    name="tea",
    kind=AppKind.mini_program,
    title="Tea house",
    about="guests of the tea house",
    opens=(Surroundings.desktop,),
    beside=(Surroundings.phone,),
    offer="Drink tea first",
    has_page=True,
    domain=Field("茶馆", "mp.weixin.qq.com > 茶馆"),
)


@pytest.fixture
def tea_house(monkeypatch, app_for):
    """A service with one door more, which asks nobody anything."""
    monkeypatch.setattr(doors, "DOORS", (TEA, *DOORS))

    def make(**changes) -> Flask:
        app = app_for(simulator="on", **changes)
        app.add_url_rule("/login/tea", "login.tea", comes_by_tea)
        return app

    return make


def comes_by_tea():
    guests = People()
    guests.at = now()
    person = Person("wx0000000000000a03", TEA.kind.value, "openid-of-a-guest", "main")
    secret = secrets.token_urlsafe()
    guests.arrives(person, secret=secret, door=TEA.name)
    hold_session(secret)
    return redirect("/me", 303)


def test_login_offers_a_new_door_beside_another_way(tea_house):
    browser = Browser(tea_house())
    page = browser.get("/login?next=/orders", headers=PHONE, follow_redirects=True).text
    assert '<a href="/login/tea?app=mp&amp;next=/orders">Drink tea first</a>' in page


def test_login_opens_a_new_door_at_once(tea_house):
    answer = Browser(tea_house()).get("/login?next=/orders")
    assert answer.status_code == 302
    assert answer.location == "/login/tea?app=mp&next=/orders"


def test_the_account_page_and_the_history_name_it(tea_house):
    app = tea_house()
    browser = Browser(app)
    assert browser.get("/login/tea").status_code == 303
    assert "Tea house" in browser.get("/me").text
    with app.app_context():
        uid = browser.get("/api/me").get_json()["uid"]
        [login] = sign_in.recent_logins(people.find_user(uid).user_id)
    assert login.door == "tea"


def test_its_page_counts_as_a_begun_login(tea_house):
    browser = Browser(tea_house(limits={"logins": 2}))
    heard = [browser.get("/login/tea").status_code for _ in range(3)]
    assert heard == [303, 303, 429]


def test_the_doctor_tells_of_it(tea_house, settings_for):
    settings = service_of(tea_house()).settings
    [line] = [one.line() for one in console.apps(settings) if " mp (" in one.line()]
    assert "mp (mini program): guests of the tea house; " in line
    alone = settings_for(simulator="off", apps=settings.apps)
    [line] = [
        one.line()
        for one in public_url.callback_domains(alone)
        if " mp: " in one.line()
    ]
    assert "WeChat takes no 127.0.0.1 as 茶馆" in line
    assert "Open mp.weixin.qq.com > 茶馆" in line


def test_the_doctor_says_where_login_has_no_door(settings_for):
    """A mini program is one by its page for it."""
    [program] = [app for app in settings_for().apps if app.name == "mp"]

    def told(**changes) -> str:
        apps = (program.model_copy(update=changes),)
        settings = settings_for(apps=apps, simulator="on")
        return "\n".join(finding.line() for finding in console.apps(settings))

    assert "no door" not in told()
    assert "buttons on phones" in told()
    assert "/login has no door" in told(scan_page="")
    assert "buttons on phones" not in told(scan_page="")


@pytest.mark.parametrize("flow", Flow)
def test_each_flow_belongs_to_one_door(flow):
    assert [door for door in DOORS if flow in door.flows] == [flow.door]


def test_names_are_used_once_and_fit_into_an_address():
    names = [door.name for door in DOORS]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{0,31}", name) for name in names)


@pytest.mark.parametrize("door", [door for door in DOORS if door.in_browser])
def test_the_documents_name_the_address_of_each_door(door):
    assert f"`/login/{door.name}?app=" in (ROOT / "docs" / "doors.md").read_text()
