"""Mini programs: a code of wx.login becomes a bearer token."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.journey import calls
from tests.web.mini_program import CODE2SESSION, MiniProgram
from wxlogin.accounts import session_keys
from wxlogin.accounts.models import (
    Consent,
    LoginEvent,
    Session,
    SessionKey,
    UnionId,
    User,
)
from wxlogin.accounts.sign_in import recent_logins
from wxlogin.db import db
from wxlogin.service import running, service_of

ATTEMPT = "attempt-of-this-tap-0123456789"


def rows(app, model) -> int:
    with app.app_context():
        return db.session.query(model).count()


@pytest.fixture
def program(app, simulator) -> MiniProgram:
    """小明's phone with the program `mp`."""
    return MiniProgram(app, simulator)


@pytest.fixture
def fails(simulator):
    """`fails(-1, times=1)`: what WeChat answers to a code."""

    def switch(errcode: int, path: str = CODE2SESSION, **more: object) -> None:
        simulator.world.switch(errcode={"path": path, "errcode": errcode, **more})

    return switch


def test_a_code_becomes_a_token(app, program):
    answer = program.logs_in()
    assert answer.status_code == 200
    body = answer.get_json()
    assert set(body) == {
        *("token", "token_type", "expires_in", "user", "profile_wanted")
    }
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 30 * 86400)
    assert len(body["token"]) == 43
    assert body["profile_wanted"] is True
    me = program.who()
    assert me["uid"] == body["user"]["uid"]
    assert [one["kind"] for one in me["identities"]] == ["mini_program"]


def test_it_is_written_down_as_on_the_web(app, program):
    program.logs_in()
    program.logs_in()
    with app.app_context():
        user = db.session.query(User).one()
        last, first = recent_logins(user.id)
        session = db.session.query(Session).first()
    assert (last.door, last.outcome, first.outcome) == (
        *("mini_program", "known"),
        "created",
    )
    assert session.kind == "mini_program"
    assert session.address == "127.0.0.1"
    assert rows(app, LoginEvent) == 2


def test_two_programs_and_a_qr_code_are_one_person(app, simulator, signed_in, program):
    other = MiniProgram(app, simulator, name="mp2")
    uids = {one.logs_in().get_json()["user"]["uid"] for one in (program, other)}
    assert uids == {signed_in.who()["uid"]}
    assert rows(app, User) == 1


def test_who_has_a_name_is_not_asked_for_one(signed_in, program):
    body = program.logs_in().get_json()
    assert body["user"]["nickname"] == "小明😀"
    assert body["profile_wanted"] is False


def test_two_phones_of_one_person_are_two_sessions(app, simulator, program):
    tablet = MiniProgram(app, simulator)
    program.logs_in()
    tablet.logs_in()
    assert program.token != tablet.token
    assert program.who() == tablet.who() is not None
    assert rows(app, Session) == 2


# -- two taps, one code --


def test_of_two_answers_to_one_code_each_is_good(app, program):
    """security row 58: the phone may keep either"""
    code = program.code()
    first, second = (program.logs_in(code, attempt=ATTEMPT) for _ in range(2))
    assert first.get_json() == second.get_json()
    assert program.who(first.get_json()["token"])
    assert program.asked() == 1
    assert (rows(app, Session), rows(app, LoginEvent)) == (1, 1)


def test_of_two_taps_at_once_each_answer_is_good(app, program, simulator):
    """security row 58"""
    code = program.code()
    simulator.world.switch(latency_ms=200)

    def tap(_: int):
        return program.post("login", code=code, attempt=ATTEMPT)

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(tap, range(6)))
    assert [answer.status_code for answer in answers] == [200] * 6
    assert len({answer.get_json()["token"] for answer in answers}) == 1
    assert program.who(answers[0].get_json()["token"])
    assert program.asked() == 1
    assert rows(app, Session) == 1


@pytest.mark.parametrize(
    "attempt",
    [
        *("another-attempt-0123456789", "", ATTEMPT.upper(), ATTEMPT[:-1]),
        *(f"{ATTEMPT} ", f"{ATTEMPT}\x00", ATTEMPT.replace("a", "а")),
    ],
    ids=ascii,
)
def test_a_replay_with_another_attempt_or_none_is_refused(program, attempt):
    """security row 58"""
    code = program.code()
    token = program.logs_in(code, attempt=ATTEMPT).get_json()["token"]
    answer = program.logs_in(code, attempt=attempt)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "code_invalid")
    assert program.asked() == 1
    assert program.who(token)


def test_without_an_attempt_no_retry_is_known(program):
    code = program.code()
    assert program.logs_in(code, attempt="").status_code == 200
    assert program.logs_in(code, attempt="").status_code == 400


def test_a_retry_after_a_minute_is_refused(program, clock):
    """security row 58"""
    code = program.code()
    assert program.logs_in(code, attempt=ATTEMPT).status_code == 200
    clock.shift(61)
    assert program.logs_in(code, attempt=ATTEMPT).status_code == 400


def test_after_signing_out_a_retry_signs_nobody_in(app, program):
    """security rows 22 and 58"""
    code = program.code()
    program.logs_in(code, attempt=ATTEMPT)
    assert program.sends("DELETE", "/api/session").status_code == 204
    answer = program.logs_in(code, attempt=ATTEMPT)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "code_invalid")
    assert rows(app, Session) == 0


def test_nobody_makes_the_token_who_knows_code_and_attempt(app_for, simulator):
    """security row 64: it is an HMAC with our key"""
    keys = ["k" + "0123456789abcdefghijklmnopqrstuvwxyz"[n:] for n in (0, 1)]
    tokens = []
    for key in keys:
        phone = MiniProgram(app_for(secret_key=key + "ABCDEFGH"), simulator)
        simulator.world.switch(errcode=None)
        tokens.append(phone.logs_in(attempt=ATTEMPT).get_json()["token"])
    assert tokens[0] != tokens[1]


# -- what WeChat answers --


def test_the_phone_numbers_code_is_another_one(program):
    """It never reaches WeChat, and is not called busy."""
    answer = program.logs_in("ab" * 32)
    assert answer.status_code == 400
    assert answer.get_json()["code"] == "login_code_needed"
    assert program.asked() == 0


def test_a_code_of_another_program_is_refused(app, simulator, program):
    """security row 42"""
    code = MiniProgram(app, simulator, name="mp2").code()
    answer = program.logs_in(code)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "code_invalid")


@pytest.mark.parametrize(
    "code",
    [
        *('"abc"', "abc&secret=x", "a b", "a\nb", "%00", "the code is a mock one"),
        *("abc#", "a?appid=x&secret=y", "a+b", "a%26secret%3Dx", "a;b", "'a'", "店"),
        *("\x00", "a\r\nHost: x", "a\u2028b", "../sns/oauth2", '\\"abc\\"'),
    ],
    ids=ascii,
)
def test_a_code_with_awkward_letters(program, simulator, log, code):
    """security row 31"""
    answer = program.logs_in(code)
    assert answer.status_code == 400
    said = answer.text + json.dumps(log())
    assert "secret-of-mp" not in said
    assert "js_code" not in said
    (asked,) = calls(simulator, CODE2SESSION)
    assert "x" not in json.dumps(asked.get("query", {}).get("secret", ""))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"code": ""},
        {"code": "  "},
        {"code": 5},
        {"code": None},
        {"code": ["abc"]},
        {"code": {"code": "abc"}},
        {"code": True},
        {"code": "\t\n"},
        {"code": "x" * 5000},
        {"code": "x", "attempt": "short"},
        {"code": "x", "attempt": "x" * 129},
        {"code": "x", "attempt": 5},
        {"code": "x", "site": "nobody"},
        [],
        "text",
    ],
)
def test_bad_input_is_told(app, program, body):
    answer = program.sends("POST", "/api/mp/mp/login", json=body)
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert answer.get_json()["code"] == "bad_request"
    assert program.asked() == 0
    assert rows(app, User) == 0


def test_half_a_character_is_no_code(app):
    answer = app.test_client().post(
        "/api/mp/mp/login",
        data='{"code": "\\ud83d"}',
        content_type="application/json",
    )
    assert answer.get_json()["code"] == "bad_request"


def test_whom_a_program_claims_to_be_is_not_looked_at(program, lihua):
    """security row 41"""
    body = {"openid": "o1", "unionid": "u1", "user_id": 1, "nickName": "李华"}
    me = program.logs_in(**body).get_json()["user"]
    assert me["nickname"] == ""


def test_a_form_is_not_json(app):
    """security row 26"""
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        answer = app.test_client().post(
            "/api/mp/mp/login", data='{"code": "x"}', content_type=kind
        )
        assert answer.status_code == 415


@pytest.mark.parametrize("name", ["web", "oa", "app", "nowhere"])
def test_only_a_mini_program_opens_this_door(app, name):
    answer = app.test_client().post(f"/api/mp/{name}/login", json={"code": "x"})
    assert answer.status_code == 404


def test_busy_once_is_asked_again(program, fails):
    """security row 105"""
    fails(-1, times=1)
    assert program.logs_in().status_code == 200
    assert program.asked() == 2


def test_a_cut_answer_is_not_asked_for_again(program, simulator):
    """security row 105: the code may be spent, so the program calls wx.login again"""
    simulator.world.switch(body="cut")
    code = program.code()
    answer = program.logs_in(code, attempt=ATTEMPT)
    assert (answer.status_code, answer.get_json()["code"]) == (
        *(503, "wechat_unavailable"),
    )
    simulator.world.switch(body=None)
    again = program.logs_in(code, attempt=ATTEMPT)
    assert (again.status_code, again.get_json()["code"]) == (400, "code_invalid")
    assert program.asked() == 1
    assert program.logs_in().status_code == 200


def test_a_code_that_never_left_may_be_sent_again(app_for, simulator):
    phone = MiniProgram(app_for(wechat_api_url="http://127.0.0.1:9"), simulator)
    code = phone.code()
    for _ in range(2):
        answer = phone.logs_in(code)
        assert answer.status_code == 503
        assert "Retry-After" in answer.headers


@pytest.mark.parametrize(
    ("errcode", "status", "code"),
    [
        (45011, 503, "wechat_busy"),
        (40226, 403, "wechat_denied"),
        (40029, 400, "code_invalid"),
        (40163, 400, "code_invalid"),
        (40125, 502, "wechat_misconfigured"),
        (40013, 502, "wechat_misconfigured"),
        (12345, 503, "wechat_unavailable"),
    ],
)
def test_every_refusal_of_wechats_is_told_apart(program, fails, errcode, status, code):
    fails(errcode)
    answer = program.logs_in()
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert ("Retry-After" in answer.headers) == (status == 503)
    assert answer.get_json()["request_id"]


def test_whom_wechat_refuses_is_told_so(program, fails):
    told = []
    for errcode in (40226, 40029, 45011):
        fails(errcode)
        told.append(program.logs_in().get_json()["detail"])
    assert len(set(told)) == 3


@pytest.mark.parametrize("errcode", [40164, 40125, 40243, 61004, -1])
def test_nothing_but_a_number_needs_an_access_token(app, program, simulator, errcode):
    """WeChat's list of addresses does not cover a login."""
    fault = {"path": "/cgi-bin/stable_token", "errcode": errcode}
    simulator.world.switch(errcode=fault)
    assert program.logs_in().status_code == 200
    assert program.post("session", code=program.code()).status_code == 200
    assert program.post("profile", nickName="小明").status_code == 200
    data = program.of_wechat("userdata", form="legacy")
    names = ("rawData", "signature", "encryptedData", "iv")
    body = {name: data[name] for name in names}
    assert program.post("bind", **body).status_code == 200
    assert calls(simulator, "/cgi-bin/stable_token") == []


# -- unionid --


def test_without_a_unionid_two_are_two(app, simulator, program):
    """security row 44"""
    simulator.world.switch(drop_unionid=True)
    lihua = MiniProgram(app, simulator, person="lihua")
    uids = {one.logs_in().get_json()["user"]["uid"] for one in (program, lihua)}
    assert len(uids) == 2
    names = ("rawData", "signature", "encryptedData", "iv")
    for one in (program, lihua):
        data = one.of_wechat("userdata", form="legacy")
        body = {name: data[name] for name in names}
        assert one.post("bind", **body).status_code == 200
        assert one.who()["unionid"] is None
    assert rows(app, UnionId) == 0
    assert rows(app, User) == 2


def test_a_late_unionid_joins_the_accounts(app, simulator, signed_in, program):
    simulator.world.switch(drop_unionid=True)
    before = program.logs_in().get_json()["user"]["uid"]
    assert before != signed_in.who()["uid"]
    simulator.world.switch(drop_unionid=None)
    after = program.logs_in().get_json()["user"]["uid"]
    assert after == signed_in.who()["uid"]
    assert program.who()["former_uids"] == [before]


# -- session keys --


def test_the_session_keys_are_kept_and_never_told(app, program, simulator):
    """security rows 57 and 65"""
    simulator.world.switch(rotate_session_key="always")
    told = [program.logs_in().text for _ in range(5)]
    with app.app_context():
        row = db.session.query(SessionKey).first()
        keys = session_keys.last(row.identity_id, running().sealer)
    world = simulator.world
    now = world.mini_programs.key(world.registry.app("mp"), "xiaoming")
    assert keys[0] == now.value
    assert len(keys) == len(set(keys)) == rows(app, SessionKey) == 3
    assert not any(key in text for key in keys for text in told)


# -- cookies --


def test_no_cookie_is_read_or_set(app, program):
    """security row 26: phones join cookies by commas, or lose them"""
    headers = {"Cookie": "wxlogin_session=x; Path=/,b=1; wxlogin_attempt=;;;,"}
    body = {"code": program.code()}
    answer = program.sends("POST", "/api/mp/mp/login", json=body, headers=headers)
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers


def test_a_browsers_session_is_left_alone(signed_in, program):
    body = {"code": program.code()}
    assert signed_in.post("/api/mp/mp/login", json=body).status_code == 200
    assert signed_in.who() is not None


def test_made_up_codes_of_one_address_reach_wechat_so_often(app_for, simulator):
    """security row 102"""
    phone = MiniProgram(app_for(limits={"failed_codes": 3}), simulator)
    heard = [phone.logs_in(f"made-up-{number}").status_code for number in range(6)]
    assert heard == [400] * 3 + [429] * 3
    assert phone.asked() == 3


# -- two phases --


@pytest.fixture
def careful(app_for, settings_for, simulator) -> MiniProgram:
    """小明's phone with a program that lets strangers look around."""
    apps = [
        app.model_copy(update={"two_phase": app.name == "mp"})
        for app in settings_for().apps
    ]
    app = app_for(apps=[one.model_dump() for one in apps], simulator="on")
    return MiniProgram(app, simulator)


def test_a_stranger_stays_one_until_the_persons_word(careful):
    """Also at the second time: nothing is written between."""
    for _ in range(2):
        body = careful.logs_in().get_json()
        assert body["user"] is None
        assert body["expires_in"] == 600
        assert body["profile_wanted"] is True
        assert body["registration"]["terms_version"] == ""
        assert careful.who() is None
    for model in (User, Session, SessionKey, LoginEvent):
        assert rows(careful.app, model) == 0


def test_a_strangers_retry_gets_the_same_token(careful):
    """security row 58"""
    code = careful.code()
    tokens = {
        careful.logs_in(code, attempt=ATTEMPT).get_json()["token"] for _ in range(2)
    }
    assert len(tokens) == 1
    assert careful.asked() == 1


def agrees(phone: MiniProgram, version: str = ""):
    body = {"registration": phone.token, "agree": "yes", "terms_version": version}
    return phone.app.test_client().post("/api/registrations", json=body)


def test_the_persons_word_makes_the_account(careful):
    careful.logs_in()
    body = agrees(careful).get_json()
    assert set(body) >= {"token", "user", "profile_wanted"}
    assert careful.who(body["token"])["uid"] == body["user"]["uid"]
    with careful.app.app_context():
        session = db.session.query(Session).one()
        kept = session_keys.last(session.identity_id, running().sealer)
    assert (session.kind, len(kept)) == ("mini_program", 1)
    assert careful.logs_in().get_json()["user"] == body["user"]


def test_the_word_twice_is_one_account(careful):
    careful.logs_in()
    first, second = (agrees(careful).get_json() for _ in range(2))
    assert first == second
    assert rows(careful.app, User) == 1


def test_after_ten_minutes_the_stranger_is_forgotten(careful, monkeypatch):
    careful.logs_in()
    monkeypatch.setattr(service_of(careful.app).tickets, "_ahead", lambda: 601.0)
    answer = agrees(careful)
    assert (answer.status_code, answer.get_json()["code"]) == (410, "registration_over")
    assert rows(careful.app, User) == 0


def test_whom_we_know_is_signed_in_at_once(careful, simulator):
    MiniProgram(careful.app, simulator, name="mp2").logs_in()
    assert careful.logs_in().get_json()["user"]["uid"]


def test_a_site_that_asks_has_its_terms_agreed_to(app_for, simulator):
    app = app_for(
        registration="ask",
        terms_url="https://shop.example/terms",
        privacy_url="https://shop.example/privacy",
        terms_version="2026-11",
    )
    phone = MiniProgram(app, simulator)
    body = phone.logs_in().get_json()
    assert body["user"] is None
    assert body["registration"] == {
        "terms_url": "https://shop.example/terms",
        "privacy_url": "https://shop.example/privacy",
        "terms_version": "2026-11",
    }
    assert agrees(phone, "2026-10").status_code == 409
    assert agrees(phone, "2026-11").status_code == 200
    assert rows(app, Consent) == 1


def test_where_no_accounts_are_made_a_stranger_is_told_so(app_for, simulator):
    phone = MiniProgram(app_for(registration="closed"), simulator)
    answer = phone.logs_in()
    assert (answer.status_code, answer.get_json()["code"]) == (
        *(403, "registration_closed"),
    )
