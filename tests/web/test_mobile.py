"""Native apps: a code of WeChat's SDK becomes a bearer token."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.journey import EXCHANGE, Browser, calls
from wxlogin.accounts.models import Identity, Session, User
from wxlogin.db import db
from wxlogin.errors import SignInNeeded
from wxlogin.wechat.endpoints import SCOPE_USERINFO

ATTEMPT = "attempt-of-this-installation-1"


def rows(app, model) -> int:
    with app.app_context():
        return db.session.query(model).count()


@pytest.fixture
def sdk(simulator):
    """`sdk("xiaoming")`: the code that WeChat's SDK hands to the app."""
    world = simulator.world

    def code(person: str, app: str = "app") -> str:
        return world.grants.issue_code(world.registry.app(app), person, SCOPE_USERINFO)

    return code


@pytest.fixture
def phone_app(app):
    """A program: it sends neither cookies nor a browser's headers."""

    def login(**body: object):
        return app.test_client().post("/api/mobile/app/login", json=body)

    return login


def who(app, token: str):
    headers = {"Authorization": f"Bearer {token}"}
    return app.test_client().get("/api/me", headers=headers)


def test_a_code_becomes_a_token(app, phone_app, sdk):
    answer = phone_app(code=sdk("xiaoming"), attempt=ATTEMPT)
    assert answer.status_code == 200
    body = answer.get_json()
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == 30 * 86400
    assert body["user"]["nickname"] == "小明😀"
    me = who(app, body["token"]).get_json()
    assert me["uid"] == body["user"]["uid"]
    assert [identity["kind"] for identity in me["identities"]] == ["mobile"]


def test_qr_code_and_app_are_one_person(app, browser, xiaoming, phone_app, sdk):
    started = browser.starts()
    browser.returns(started, xiaoming.confirms(started))
    body = phone_app(code=sdk("xiaoming"), attempt=ATTEMPT).get_json()
    assert body["user"]["uid"] == browser.who()["uid"]
    assert rows(app, User) == 1


def test_the_clients_own_retry_gets_a_new_token_and_wechat_is_not_asked(
    app, phone_app, sdk, simulator
):
    """security row 58"""
    code = sdk("xiaoming")
    first = phone_app(code=code, attempt=ATTEMPT).get_json()
    before = who(app, first["token"]).get_json()
    second = phone_app(code=code, attempt=ATTEMPT).get_json()
    assert first["token"] != second["token"]
    assert who(app, first["token"]).status_code == 401
    # The same person by the same WeChat, and nobody besides.
    after = who(app, second["token"]).get_json()
    for fact in ("uid", "unionid", "identities"):
        assert after[fact] == before[fact]
    assert (rows(app, User), rows(app, Identity)) == (1, 1)
    assert len(calls(simulator, EXCHANGE)) == 1


@pytest.mark.parametrize("attempt", ["another-attempt-0123456789", ""])
def test_a_replay_with_another_attempt_or_none_is_refused(
    app, phone_app, sdk, simulator, attempt
):
    """security row 58"""
    code = sdk("xiaoming")
    token = phone_app(code=code, attempt=ATTEMPT).get_json()["token"]
    answer = phone_app(code=code, attempt=attempt)
    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"
    assert who(app, token).status_code == 200
    assert len(calls(simulator, EXCHANGE)) == 1


def test_after_signing_out_a_retry_signs_nobody_in(app, phone_app, sdk):
    """security rows 22 and 58: who has seen the request cannot repeat it"""
    code = sdk("xiaoming")
    token = phone_app(code=code, attempt=ATTEMPT).get_json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    app.test_client().delete("/api/session", headers=headers)
    answer = phone_app(code=code, attempt=ATTEMPT)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "code_invalid")
    assert rows(app, Session) == 0


def test_after_deleting_the_account_a_retry_does_not_bring_it_back(app, phone_app, sdk):
    """security row 54"""
    code = sdk("xiaoming")
    token = phone_app(code=code, attempt=ATTEMPT).get_json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    gone = app.test_client().post("/me/delete", data={"sure": "yes"}, headers=headers)
    assert gone.status_code == 303
    assert phone_app(code=code, attempt=ATTEMPT).status_code == 400
    assert rows(app, User) == 0


def test_without_an_attempt_no_retry_is_known(phone_app, sdk):
    code = sdk("xiaoming")
    assert phone_app(code=code).status_code == 200
    assert phone_app(code=code).status_code == 400


def test_a_retry_after_a_minute_is_refused(phone_app, sdk, clock):
    code = sdk("xiaoming")
    assert phone_app(code=code, attempt=ATTEMPT).status_code == 200
    clock.shift(61)
    assert phone_app(code=code, attempt=ATTEMPT).status_code == 400


def test_two_at_once_ask_wechat_once(app, phone_app, sdk, simulator):
    code = sdk("xiaoming")
    simulator.world.switch(latency_ms=200)
    with ThreadPoolExecutor(2) as pool:
        answers = list(
            pool.map(lambda _: phone_app(code=code, attempt=ATTEMPT), range(2))
        )
    assert [answer.status_code for answer in answers] == [200, 200]
    assert len(calls(simulator, EXCHANGE)) == 1
    assert rows(app, Session) == 1


def test_a_code_of_another_app_is_refused(phone_app, sdk):
    """security row 42"""
    answer = phone_app(code=sdk("xiaoming", app="web"), attempt=ATTEMPT)
    assert answer.status_code == 400
    assert answer.get_json()["code"] == "code_invalid"


def test_a_code_that_never_left_may_be_sent_again(app_for, simulator, sdk):
    app = app_for(wechat_api_url="http://127.0.0.1:9")
    code = sdk("xiaoming")
    for _ in range(2):
        answer = app.test_client().post("/api/mobile/app/login", json={"code": code})
        assert answer.status_code == 503
        assert "Retry-After" in answer.headers


def test_signing_out_ends_the_token(app, phone_app, sdk):
    token = phone_app(code=sdk("xiaoming"), attempt=ATTEMPT).get_json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    answer = app.test_client().delete("/api/session", headers=headers)
    assert answer.status_code == 204
    assert who(app, token).status_code == 401
    again = app.test_client().delete("/api/session", headers=headers)
    assert again.status_code == 401


def test_a_browsers_cookie_is_no_programs_token(signed_in: Browser):
    assert signed_in.client.delete("/api/session").status_code == 401
    assert signed_in.who() is not None


def test_with_a_bearer_token_no_cookie_is_read(signed_in: Browser):
    headers = {"Authorization": "Bearer made-up"}
    assert signed_in.get("/api/me", headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"code": ""}, 400),
        ({"code": 5}, 400),
        ({"code": ["x"]}, 400),
        ([], 400),
        ({"code": "x" * 5000}, 400),
        ({"code": "x", "attempt": "short"}, 400),
        # Whom the caller claims to be is not looked at (security row 41).
        ({"code": "x", "openid": "o1", "unionid": "u1", "user_id": 1}, 400),
    ],
)
def test_bad_input_is_told(app, body, status):
    answer = app.test_client().post("/api/mobile/app/login", json=body)
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert rows(app, User) == 0


def test_a_form_is_not_json(app):
    """security row 26"""
    for content_type in ("text/plain", "application/x-www-form-urlencoded"):
        answer = app.test_client().post(
            "/api/mobile/app/login", data='{"code": "x"}', content_type=content_type
        )
        assert answer.status_code == 415


@pytest.mark.parametrize("name", ["web", "oa", "nowhere"])
def test_only_an_app_of_the_kind_opens_this_door(app, name):
    answer = app.test_client().post(f"/api/mobile/{name}/login", json={"code": "x"})
    assert answer.status_code == 404


def test_retries_at_once_leave_one_session(app, phone_app, sdk):
    code = sdk("xiaoming")
    phone_app(code=code, attempt=ATTEMPT)
    with ThreadPoolExecutor(6) as pool:
        answers = list(
            pool.map(lambda _: phone_app(code=code, attempt=ATTEMPT), range(6))
        )
    assert {answer.status_code for answer in answers} <= {200, 400, 503}
    assert rows(app, Session) == 1


def test_a_retry_that_a_later_one_outran_is_told_to_ask_again(
    phone_app, sdk, monkeypatch
):
    """Its session was ended by the other's, before it could answer."""
    code = sdk("xiaoming")
    phone_app(code=code, attempt=ATTEMPT)

    def ended(token: str) -> None:
        raise SignInNeeded("the session ended as it began")

    with monkeypatch.context() as outrun:
        outrun.setattr("wxlogin.flows.native_app.signed_in_by", ended)
        answer = phone_app(code=code, attempt=ATTEMPT)
    assert (answer.status_code, answer.get_json()["code"]) == (503, "login_pending")
    assert phone_app(code=code, attempt=ATTEMPT).status_code == 200


def test_a_code_wechat_refused_is_known_at_once(phone_app, simulator):
    first = phone_app(code="made-up", attempt=ATTEMPT)
    second = phone_app(code="made-up", attempt=ATTEMPT)
    assert [first.status_code, second.status_code] == [400, 400]
    assert len(calls(simulator, EXCHANGE)) == 1
