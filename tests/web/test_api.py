"""The JSON for sites and operators, and the one shape of its errors."""

from itertools import product
from secrets import token_hex

import pytest
from flask import abort

from tests.support.journey import CHINESE, ENGLISH, Browser
from wxlogin.accounts import people
from wxlogin.accounts.models import User
from wxlogin.accounts.person import Person
from wxlogin.accounts.sessions import NewSession, Trace
from wxlogin.accounts.sign_in import sign_in
from wxlogin.config import Site
from wxlogin.db import db, now, transaction
from wxlogin.errors import WeChatBusy
from wxlogin.service import service_of
from wxlogin.sites import members

OPERATOR = "0perator-key-for-the-tests-81"
SHOP = Site(
    name="shop",
    origins=("https://shop.test",),
    client_id="shop",
    client_secret="sh0p-secret-of-24-characters",
)
PUBLIC = Site(name="static", origins=("https://static.test",), client_id="static")


@pytest.fixture
def keyed(app_for):
    return app_for(operator_key=OPERATOR, sites=(SHOP, PUBLIC))


@pytest.fixture
def someone(keyed, xiaoming) -> Browser:
    browser = Browser(keyed)
    started = browser.starts()
    browser.returns(started, xiaoming.confirms(started))
    return browser


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_me_says_who_is_signed_in(signed_in):
    answer = signed_in.get("/api/me")
    assert answer.mimetype == "application/json"
    body = answer.get_json()
    assert list(body) == [
        "uid",
        "former_uids",
        "nickname",
        "avatar",
        "language",
        "identities",
        "unionid",
        "following",
    ]
    assert body["following"] is None
    assert body["unionid"]
    assert body["former_uids"] == []
    [identity] = body["identities"]
    assert set(identity) == {"app", "kind", "openid"}
    assert (identity["app"], identity["kind"]) == ("web", "website")
    # UTF-8, not escapes: readable in every log and terminal of a site.
    assert "小明😀".encode() in answer.data


def test_me_says_nothing_to_a_stranger(browser):
    answer = browser.get("/api/me")
    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"
    assert answer.get_json()["code"] == "sign_in_needed"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "origin", ["https://evil.test", "null", "https://shop.test.evil.test"]
)
def test_other_origins_read_nothing(someone, origin):
    """security row 27: no CORS header invites anybody."""
    for method in ("GET", "OPTIONS"):
        answer = someone._send(
            method,
            "/api/me",
            headers={"Origin": origin, "Access-Control-Request-Method": "GET"},
        )
        given = [name.lower() for name in answer.headers.keys()]
        assert not [name for name in given if name.startswith("access-control-")]


def test_me_is_no_script_for_other_sites(signed_in):
    """security row 96: neither as a script or image, nor by a callback."""
    for path in ("/api/me", "/api/me?callback=steal", "/me"):
        answer = signed_in.get(path)
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "steal" not in answer.text
        assert answer.mimetype in ("application/json", "text/html")


def test_an_operator_finds_a_user(keyed, someone):
    uid = someone.who()["uid"]
    answer = Browser(keyed).get(f"/api/users/{uid}", headers=bearer(OPERATOR))
    assert answer.status_code == 200
    assert answer.get_json() == {"uid": uid, "merged": False}


@pytest.mark.parametrize("known", ["older", "younger", "both", "neither"])
def test_a_site_asks_only_for_whom_it_knows(keyed, known):
    """finding L10: of two users who became one it may know either"""
    older = arrives(keyed, "web", "openid-1", None)
    younger = arrives(keyed, "app", "openid-2", "unionid-1")
    stranger = arrives(keyed, "web", "openid-3", None)
    for name, uid in (("older", older), ("younger", younger)):
        if known in (name, "both"):
            knows(keyed, uid)

    def asks(uid: str):
        key = (SHOP.client_id, SHOP.client_secret)
        return Browser(keyed).get(f"/api/users/{uid}", auth=key)

    def found(uid: str) -> bool:
        return asks(uid).status_code == 200

    assert [found(older), found(younger), found(stranger)] == [
        known in ("older", "both"),
        known in ("younger", "both"),
        False,
    ]
    arrives(keyed, "web", "openid-1", "unionid-1")
    for uid in (older, younger):
        answer = asks(uid)
        if known == "neither":
            # As for a uid that was never given out: nothing tells the two apart.
            body, none = answer.get_json(), asks("nobody").get_json()
            assert {**body, "request_id": ""} == {**none, "request_id": ""}
        else:
            assert answer.get_json() == {"uid": older, "merged": uid != older}
    assert asks(stranger).status_code == 404


def knows(app, uid: str) -> None:
    """The shop knows this user."""
    with app.app_context():
        user = people.find_user(uid)
        transaction(
            lambda session: members.join(session, "shop", user.user_id, at=now())
        )


WRONG_KEYS = (
    {},
    {"headers": bearer("wrong")},
    {"headers": bearer("")},
    {"headers": {"Authorization": "Bearer"}},
    {"headers": {"Authorization": "Basic !!!"}},
    {"headers": {"Authorization": "Digest username=shop"}},
    {"headers": bearer(str(SHOP.client_secret))},
    {"headers": bearer("口令")},
    {"auth": ("shop", "wrong")},
    {"auth": ("shop", "")},
    {"auth": ("", "")},
    {"auth": ("static", "")},
    {"auth": ("static", "None")},
    {"auth": ("店", "é")},
    {"query_string": {"access_token": OPERATOR, "key": OPERATOR}},
)


def test_without_a_right_key_there_is_no_answer(keyed, someone):
    """security row 106"""
    uid = someone.who()["uid"]
    # Neither does one's own session open what is for operators.
    for browser, key in product((Browser(keyed), someone), WRONG_KEYS):
        headers = {
            name: value.encode().decode("latin-1")
            for name, value in key.get("headers", {}).items()
        }
        answer = browser.get(f"/api/users/{uid}", **{**key, "headers": headers})
        assert answer.status_code == 401, key
        assert answer.get_json()["code"] == "key_needed"
        assert "Bearer" in answer.headers["WWW-Authenticate"]
        assert uid not in answer.text


def test_without_an_operator_key_no_bearer_opens(app_for):
    browser = Browser(app_for())
    for key in ("", "None", "•••"):
        headers = bearer(key.encode().decode("latin-1"))
        assert browser.get("/api/users/x", headers=headers).status_code == 401


@pytest.mark.parametrize(
    "uid", ["nobody", "a" * 500, "' OR 1=1 --", "%00", "中文", "x%2Fy"]
)
def test_a_uid_that_was_never_given_out_is_404(keyed, uid):
    """security row 56"""
    answer = Browser(keyed).get(f"/api/users/{uid}", headers=bearer(OPERATOR))
    assert answer.status_code == 404
    assert answer.get_json()["code"] == "not_found"


def test_any_uid_ever_given_out_leads_to_the_survivor(keyed):
    """Two apps name one unionid, but only later: the accounts are merged."""
    first = arrives(keyed, "web", "openid-1", None)
    second = arrives(keyed, "app", "openid-2", "unionid-1")
    arrives(keyed, "web", "openid-1", "unionid-1")
    for uid in (first, second):
        answer = Browser(keyed).get(f"/api/users/{uid}", headers=bearer(OPERATOR))
        assert answer.get_json() == {"uid": first, "merged": uid != first}


def arrives(app, name: str, openid: str, unionid: str | None) -> str:
    """A person comes through an app; says the uid."""
    settings = service_of(app).settings
    configured = settings.app_named(name)
    person = Person(
        appid=configured.appid,
        kind=configured.kind.value,
        openid=openid,
        open_platform="main",
        unionid=unionid,
        profile=None,
    )
    with app.app_context():
        at = now()
        new = NewSession(token_hex(8), at, login_at=at, ends_at=at)
        sign_in(person, Trace("qr", "", "", ""), new, grant=None)
        identities = User.__table__.metadata.tables["identities"]
        query = (
            db.select(User.uid)
            .join(identities, identities.c.user_id == User.id)
            .where(identities.c.openid == openid)
        )
        return db.session.scalar(query)


def failing_routes(app) -> None:
    """Addresses below /api that end as the test wants."""
    for status in (400, 403, 406, 409, 413, 415, 422, 429, 500, 503):
        path = f"/api/fails/{status}"
        app.add_url_rule(path, path, lambda status=status: abort(status))
    app.add_url_rule("/api/fails/bug", "bug", lambda: 1 / 0)
    app.add_url_rule("/api/fails/busy", "busy", busy)


def busy():
    raise WeChatBusy("the quota is used up", errcode=45011, app="web")


FAILURES = (
    ("/api/nowhere", 404, "not_found"),
    ("/api/", 404, "not_found"),
    ("/api/me", 401, "sign_in_needed"),
    ("/api/users/x", 401, "key_needed"),
    ("POST /api/me", 405, "method_not_allowed"),
    ("DELETE /api/users/x", 405, "method_not_allowed"),
    ("/api/fails/400", 400, "bad_request"),
    ("/api/fails/403", 403, "bad_request"),
    ("/api/fails/406", 406, "bad_request"),
    ("/api/fails/409", 409, "bad_request"),
    ("/api/fails/413", 413, "too_large"),
    ("/api/fails/415", 415, "bad_request"),
    ("/api/fails/422", 422, "bad_request"),
    ("/api/fails/429", 429, "bad_request"),
    ("/api/fails/500", 500, "internal"),
    ("/api/fails/503", 503, "internal"),
    ("/api/fails/bug", 500, "internal"),
    ("/api/fails/busy", 503, "wechat_busy"),
)


@pytest.mark.parametrize("language", [CHINESE, ENGLISH])
def test_every_error_has_one_shape(app, browser, language):
    """RFC 9457; security row 33: nothing internal in it."""
    failing_routes(app)
    for wish, status, code in FAILURES:
        method, _, path = wish.rpartition(" ")
        answer = browser._send(method or "GET", path, headers=language)
        has_the_shape(answer, status, code, language)


def has_the_shape(answer, status, code, language):
    assert answer.status_code == status, answer.request.path
    assert answer.mimetype == "application/problem+json"
    body = answer.get_json()
    assert list(body) == ["type", "title", "status", "detail", "code", "request_id"]
    assert body["type"] == f"urn:wxlogin:problem:{code}"
    assert (body["status"], body["code"]) == (status, code)
    assert body["request_id"] == answer.headers["X-Request-Id"]
    for text in (body["title"], body["detail"]):
        assert text
        assert (language is CHINESE) == any("一" <= letter <= "鿿" for letter in text)
    assert "ZeroDivision" not in answer.text
    assert "45011" not in answer.text
    if status == 405:
        assert "GET" in answer.headers["Allow"]
    if code == "wechat_busy":
        assert answer.headers["Retry-After"] == "60"
