"""Sessions: their cookie, their ends, and what a stolen or broken one is worth."""

import random
import string

import pytest
import sqlalchemy as sa

from tests.canary.canaries import CANARIES
from tests.support.journey import Browser
from wxlogin.accounts import people
from wxlogin.accounts.models import Session
from wxlogin.db import db

DAY = 24 * 3600
COOKIE = "wxlogin_session"


@pytest.fixture
def app(app_for):
    # One browser comes with thousands of broken cookies.
    return app_for(limits={"logins_of_browser": 2000})


def session_ids(app) -> list[int]:
    with app.app_context():
        return list(db.session.scalars(db.select(Session.id).order_by(Session.id)))


def signs_in(browser: Browser, phone) -> Browser:
    started = browser.starts()
    assert browser.returns(started, phone.confirms(started)).status_code == 303
    return browser


def moves_to(browser: Browser, app) -> Browser:
    """The same cookies at another process of the service."""
    other = browser.copy()
    other.app = app
    other.client = app.test_client()
    other.client._cookies = dict(browser.client._cookies)
    return other


def test_the_session_changes_at_sign_in_and_the_old_one_is_dead(signed_in, lihua, app):
    """security row 20"""
    stolen = signed_in.copy()
    signs_in(signed_in, lihua)
    assert signed_in.who()["nickname"] == "李华"
    assert stolen.who() is None
    assert len(session_ids(app)) == 1


def test_a_planted_cookie_is_not_taken_over(browser, other_browser, xiaoming, lihua):
    """security row 20: the attacker's session in the victim's browser."""
    attacker = signs_in(other_browser, lihua)
    browser.client._cookies = dict(attacker.client._cookies)
    planted = browser.cookies()[COOKIE]
    signs_in(browser, xiaoming)
    assert browser.cookies()[COOKIE] != planted
    assert browser.who()["nickname"] == "小明😀"
    assert attacker.who() is None


def test_sign_out_ends_the_session_in_every_process(signed_in, app_for):
    """security row 22: a copy of the cookie, at other workers of one database."""
    workers = [app_for() for _ in range(4)]
    copies = [moves_to(signed_in, worker) for worker in workers]
    assert all(copy.who() for copy in copies)
    answer = signed_in.post("/logout", data={"next": "/bye"})
    assert (answer.status_code, answer.location) == (303, "/bye")
    assert [copy.get("/api/me").status_code for copy in copies] == [401] * 4
    assert signed_in.cookies().get(COOKIE) is None


def test_sign_out_without_a_session_is_no_fault(browser):
    answer = browser.post("/logout")
    assert (answer.status_code, answer.location) == (303, "/login")


def test_a_session_that_rests_two_weeks_is_over(signed_in, clock):
    """security row 23"""
    clock.shift(14 * DAY + 60)
    assert signed_in.who() is None
    assert signed_in.get("/me").status_code == 303


def test_use_moves_the_idle_end(signed_in, clock):
    """security row 23"""
    for _ in range(2):
        clock.shift(14 * DAY - 60)
        assert signed_in.who()


def test_a_session_that_is_used_is_over_after_thirty_days(signed_in, app_for, clock):
    """security row 23: use moves the idle end only, and the database decides."""
    lenient = moves_to(signed_in, app_for(session_days=90, session_idle_days=90))
    for _ in range(29):
        clock.shift(DAY)
        assert signed_in.copy().who()
    assert lenient.copy().who()
    clock.shift(DAY + 60)
    assert signed_in.who() is None
    # What the cookie itself says of its age is not what ends it.
    assert lenient.copy().who() is None


def test_the_limits_are_settings(app_for, xiaoming, clock):
    """security row 23"""
    app = app_for(session_days=3, session_idle_days=1)
    browser = signs_in(Browser(app), xiaoming)
    clock.shift(DAY - 60)
    assert browser.copy().who()
    clock.shift(DAY + 60)
    assert browser.copy().who() is None


def test_a_person_ends_another_session_of_their_own(
    signed_in, other_browser, xiaoming, app
):
    """security row 24"""
    other = signs_in(other_browser, xiaoming)
    mine, theirs = session_ids(app)
    page = signed_in.get("/me").text
    assert f"/me/sessions/{theirs}/end" in page
    assert f"/me/sessions/{mine}/end" not in page
    answer = signed_in.post(f"/me/sessions/{theirs}/end")
    assert (answer.status_code, answer.location) == (303, "/me")
    assert other.who() is None
    assert signed_in.who()


def test_a_session_of_somebody_else_is_not_there(signed_in, other_browser, lihua, app):
    """security row 55"""
    other = signs_in(other_browser, lihua)
    foreign = session_ids(app)[-1]
    assert signed_in.post(f"/me/sessions/{foreign}/end").status_code == 404
    assert signed_in.post("/me/sessions/999999999999999999999/end").status_code == 404
    assert other.who()


def test_sign_out_everywhere(signed_in, app, xiaoming, lihua):
    """security row 24"""
    others = [signs_in(Browser(app), xiaoming) for _ in range(2)]
    stranger = signs_in(Browser(app), lihua)
    answer = signed_in.post("/me/sessions/end")
    assert (answer.status_code, answer.location) == (303, "/login")
    assert [one.who() for one in (signed_in, *others)] == [None] * 3
    assert stranger.who()


def test_a_disabled_user_is_out_at_once_and_stays_out(signed_in, app, xiaoming):
    """security rows 24 and 54"""
    uid = signed_in.who()["uid"]
    with app.app_context():
        people.disable(uid)
    assert signed_in.who() is None
    assert signed_in.get("/me").status_code == 303
    started = signed_in.starts()
    answer = signed_in.returns(started, xiaoming.confirms(started))
    assert answer.status_code == 403
    assert signed_in.who() is None
    with app.app_context():
        people.enable(uid)
    assert signs_in(signed_in, xiaoming).who()["uid"] == uid


def test_what_the_database_holds_signs_nobody_in(signed_in, app):
    """security row 28"""
    with app.app_context():
        row = db.session.execute(sa.select(*Session.__table__.columns)).one()
    sealer = app.session_interface.get_signing_serializer(app)
    genuine = sealer.loads(signed_in.cookies()[COOKIE])["_user_id"]
    stored = [value.hex() if isinstance(value, bytes) else str(value) for value in row]
    for text in stored:
        # Signed as only we can: still no session has this secret.
        for cookie in (text, sealer.dumps({"_user_id": text, "_fresh": True})):
            thief = Browser(app)
            thief.client.set_cookie(COOKIE, cookie, domain="127.0.0.1")
            assert thief.who() is None
        bearer = {"Authorization": f"Bearer {text}"}
        assert Browser(app).get("/api/me", headers=bearer).status_code == 401
    assert genuine not in stored
    # What was tried here as a secret is none, and may stand in logs.
    CANARIES.forget()


def test_a_key_rotates_without_signing_anybody_out(signed_in, app_for, settings_for):
    """security row 29"""
    old = settings_for().secret_key
    new = "n3w-key-of-48-characters-0123456789abcdefghijklm"
    during = moves_to(signed_in, app_for(secret_key=new, secret_key_fallbacks=(old,)))
    after = moves_to(signed_in, app_for(secret_key=new))
    assert during.who()["nickname"] == "小明😀"
    assert after.who() is None
    assert after.get("/me").location == "/login?next=/me"


def test_a_login_begun_with_the_old_key_ends_with_the_new(
    browser, app_for, settings_for, xiaoming
):
    """security row 29"""
    old = settings_for().secret_key
    started = browser.starts()
    code = xiaoming.confirms(started)
    new = "n3w-key-of-48-characters-0123456789abcdefghijklm"
    rotated = moves_to(browser, app_for(secret_key=new, secret_key_fallbacks=(old,)))
    assert rotated.returns(started, code).status_code == 303
    assert rotated.who()


def mutated(value: str, chance: random.Random) -> str:
    """A cookie's value with some letters changed, lost, doubled or put in."""
    letters = list(value)
    odd = string.printable.replace(";", "").replace(",", "") + "é中\x00\x80\ufffd"
    for _ in range(chance.choice((1, 1, 2, 5, 40))):
        place = chance.randrange(len(letters) + 1)
        match chance.randrange(4):
            case 0:
                letters[place:place] = chance.choice(odd)
            case 1:
                del letters[place : place + chance.randrange(1, 20)]
            case 2:
                letters[place : place + 1] = chance.choice(odd)
            case 3:
                letters[place:place] = letters[: chance.randrange(1, 50)]
    return "".join(letters) or "x"


@pytest.mark.parametrize(
    ("purpose", "path", "fine"),
    [
        ("wxlogin_session", "/me", {200, 303}),
        ("wxlogin_session", "/api/me", {200, 401}),
        ("wxlogin_language", "/api/me", {200}),
        ("wxlogin_at-", "/login/qr", {302}),
        ("wxlogin_at-", "callback", {303, 400}),
    ],
)
def test_a_broken_cookie_hurts_nobody(signed_in, app, purpose, path, fine):
    """security row 29: a thousand of each, five thousand together."""
    chance = random.Random(f"{purpose}{path}")  # noqa: S311  repeatable on purpose
    started = signed_in.starts()
    path = started.with_code("nonsense") if path == "callback" else path
    signed_in.client.set_cookie("wxlogin_language", "zh", domain="127.0.0.1")
    held = signed_in.cookies()
    name = next(name for name in held if name.startswith(purpose))
    client = app.test_client(use_cookies=False)
    seen = set()
    for _ in range(1000):
        broken = {**held, name: mutated(held[name], chance)}
        header = "; ".join(f"{key}={value}" for key, value in broken.items())
        answer = client.get(
            path,
            base_url="http://127.0.0.1:5000",
            headers={"Cookie": header.replace("\r", " ").replace("\n", " ")},
        )
        seen.add(answer.status_code)
    assert seen <= fine


@pytest.mark.parametrize("name", ["", "a.b", "!x", "x" * 80, "é", "x" * 21 + "."])
def test_a_planted_cookie_of_a_foreign_name_hurts_nobody(app, name):
    """security row 29: a neighbour on our host may set any name"""
    answer = app.test_client(use_cookies=False).get(
        "/login/qr",
        base_url="http://127.0.0.1:5000",
        headers={"Cookie": f"wxlogin_at-{name}=1"},
    )
    assert answer.status_code == 302
