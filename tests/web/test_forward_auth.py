"""What a proxy hears when it asks who the visitor is."""

import time
from urllib.parse import unquote

import pytest
import sqlalchemy as sa
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.support.journey import AS_A_PAGE, AS_A_SCRIPT, Browser
from wxlogin.accounts import people
from wxlogin.accounts.models import User
from wxlogin.config import Site
from wxlogin.db import db, now, transaction
from wxlogin.errors import ConfigurationError
from wxlogin.oidc import signed_tokens
from wxlogin.oidc.signing_keys import jwks
from wxlogin.security.sealing import SealBroken
from wxlogin.sites import members

HEADERS = ("X-Wxlogin-Uid", "X-Wxlogin-Name", "X-Wxlogin-External-Id")
SHOP = Site(
    name="shop",
    origins=("http://shop.test",),
    client_id="shop",
    client_secret="a-secret-of-the-shop-0123456789",
)
HOST = "127.0.0.1:5000"


@pytest.fixture
def app(app_for):
    return app_for(sites=(SHOP,))


def told(answer) -> tuple[str, ...]:
    return tuple(answer.headers[name] for name in HEADERS)


def shop_knows(app, browser: Browser, external_id: str | None = None) -> None:
    with app.app_context():
        uid = browser.who()["uid"]
        user_id = db.session.scalar(sa.select(User.id).filter_by(uid=uid))
        transaction(lambda s: members.join(s, "shop", user_id, at=now()))
        if external_id:
            members.set_external_id("shop", user_id, external_id)


def test_a_signed_in_visitor_is_named(signed_in):
    answer = signed_in.get("/auth")
    assert (answer.status_code, answer.data) == (200, b"")
    uid, name, external_id = told(answer)
    assert uid == signed_in.who()["uid"]
    assert name == "%E5%B0%8F%E6%98%8E%F0%9F%98%80"
    assert unquote(name) == "小明😀"
    assert external_id == ""
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers


def test_a_stranger_is_refused_and_the_headers_are_empty(browser):
    forged = dict.fromkeys(HEADERS, "forged")
    answer = browser.get("/auth", headers=forged)
    assert (answer.status_code, answer.data) == (401, b"")
    assert told(answer) == ("", "", "")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="wxlogin"'


def test_after_sign_out_the_visitor_is_a_stranger(signed_in):
    twin = signed_in.copy()
    signed_in.post("/logout")
    assert twin.get("/auth").status_code == 401


def test_a_disabled_account_is_refused(app, signed_in):
    with app.app_context():
        people.disable(signed_in.who()["uid"])
    assert signed_in.get("/auth").status_code == 401


def test_a_program_is_known_by_its_token(signed_in):
    """A bearer token decides, as everywhere; the cookie beside it does not count."""
    answer = signed_in.get("/auth", headers={"Authorization": "Bearer nonsense"})
    assert answer.status_code == 401


def test_the_site_s_own_id_is_told(app, signed_in):
    assert told(signed_in.get("/auth?site=shop"))[2] == ""
    shop_knows(app, signed_in, "客户 7")
    external_id = told(signed_in.get("/auth?site=shop"))[2]
    assert external_id == "%E5%AE%A2%E6%88%B7%207"
    assert told(signed_in.get("/auth"))[2] == ""


def test_only_people_whom_the_site_knows(app, signed_in, other_browser):
    refused = signed_in.get("/auth?site=shop&known=1")
    assert (refused.status_code, refused.data) == (403, b"")
    assert told(refused) == ("", "", "")
    assert other_browser.get("/auth?site=shop&known=1").status_code == 401
    shop_knows(app, signed_in)
    assert signed_in.get("/auth?site=shop&known=1").status_code == 200


@pytest.mark.parametrize("joint", "!#$%&'*+.^`|~")
def test_our_names_in_another_spelling_are_refused(signed_in, joint):
    """finding H1: where no proxy takes them off, nobody gets through with them"""
    for name in HEADERS:
        for spelled in (name.replace("-", joint), name.replace("-U", f"{joint}u")):
            if spelled != name:
                answer = signed_in.get("/auth", headers={spelled: "forged"})
                assert answer.status_code == 403, spelled
                assert told(answer) == ("", "", "")
    other = {f"X{joint}Shop": "1"}
    assert signed_in.get("/auth", headers=other).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "site=nobody",
        "known=1",
        "known=1&site=",
        "site=shop&known=yes",
        "site=shop&known=",
        "site=shop&known=0&known=1",
    ],
)
def test_a_misspelled_site_lets_nobody_through(signed_in, query):
    assert signed_in.get(f"/auth?{query}").status_code == 400


@pytest.mark.parametrize(
    ("headers", "location"),
    [
        (
            {"X-Forwarded-Uri": "/wiki/a?b=1&c=%2F"},
            "next=http://127.0.0.1:5000/wiki/a?b%3D1%26c%3D%252F",
        ),
        (
            {"X-Forwarded-Uri": "/cart", "X-Forwarded-Host": "shop.test"},
            "next=http://shop.test/cart",
        ),
        ({"X-Forwarded-Uri": "/cart", "X-Forwarded-Host": "evil.test"}, ""),
        ({"X-Forwarded-Uri": "/cart", "X-Forwarded-Proto": "https"}, ""),
        ({"X-Forwarded-Uri": "//evil.test"}, ""),
        ({"X-Forwarded-Uri": "@evil.test/"}, ""),
        ({"X-Forwarded-Uri": ".evil.test/"}, ""),
        ({"X-Forwarded-Method": "GET"}, ""),
    ],
)
def test_where_the_proxy_hands_our_answer_on_it_leads_to_the_login(
    browser, headers, location
):
    """security row 14: `next` is ours or a listed site's, whatever a header says."""
    answer = browser.get("/auth", headers=headers)
    assert (answer.status_code, answer.data) == (302, b"")
    assert told(answer) == ("", "", "")
    path, _, query = answer.location.partition("?")
    assert path == f"http://{HOST}/login"
    assert query == location


def test_nginx_may_ask_for_the_way_to_the_login_too(browser):
    answer = browser.get("/auth?redirect=1", headers={"X-Forwarded-Uri": "/wiki"})
    assert answer.location == f"http://{HOST}/login?next=http://{HOST}/wiki"
    assert browser.get("/auth?redirect=1").location == f"http://{HOST}/login"


@pytest.mark.parametrize("more", [{"X-Forwarded-Method": "POST"}, *AS_A_SCRIPT])
def test_scripts_and_forms_are_not_led_away(browser, more):
    headers = {"X-Forwarded-Uri": "/api/orders", **more}
    assert browser.get("/auth", headers=headers).status_code == 401


@pytest.mark.parametrize("more", AS_A_PAGE)
def test_a_page_is_led_whatever_else_it_says(browser, more):
    headers = {"X-Forwarded-Uri": "/orders", **more}
    assert browser.get("/auth", headers=headers).status_code == 302


def test_it_costs_one_statement(app, signed_in):
    """once the key that signs is known, which a process looks up once a minute"""
    signed_in.get("/auth")
    with app.app_context():
        engine = db.engine
    asked: list[str] = []

    def note(_connection, _cursor, statement, *_):
        if statement.startswith("SELECT"):
            asked.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        assert signed_in.get("/auth").status_code == 200
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    assert len(asked) == 1


def test_below_a_path_the_cookie_reaches_the_whole_host_if_that_is_wanted(
    app_for, xiaoming
):
    app = app_for(public_url=f"http://{HOST}/wx", whole_host=True)
    browser = Browser(app, prefix="/wx")
    started = browser.starts(next_url="/wiki")
    answer = browser.returns(started, xiaoming.confirms(started))
    given = answer.headers.getlist("Set-Cookie")
    assert given and all("; Path=/;" in f"{line};" for line in given)
    assert browser.get("/wx/auth").status_code == 200
    led = Browser(app, prefix="/wx").get("/wx/auth", headers={"X-Forwarded-Uri": "/w"})
    assert led.location == f"http://{HOST}/wx/login?next=http://{HOST}/w"


def token_of(app, answer) -> tuple[dict[str, object], dict[str, object]]:
    """Header and claims of the token, checked as an application does it."""
    with app.app_context():
        keys = KeySet.import_key_set(jwks())
    token = jwt.decode(answer.headers["X-Wxlogin-Token"], keys, algorithms=["RS256"])
    return token.header, token.claims


def test_the_token_says_the_same_signed(app, signed_in, clock):
    shop_knows(app, signed_in, "客户 7")
    header, claims = token_of(app, signed_in.get("/auth?site=shop"))
    assert header["typ"] == "wxlogin-visitor+jwt"
    issued = claims.pop("iat")
    assert abs(issued - time.time()) < 5
    assert claims == {
        "iss": f"http://{HOST}",
        "aud": "127.0.0.1",
        "exp": issued + 60,
        "sub": signed_in.who()["uid"],
        "name": "小明😀",
        "external_id": "客户 7",
    }
    assert "external_id" not in token_of(app, signed_in.get("/auth"))[1]


def test_the_token_is_for_whom_the_operator_says(app_for, xiaoming):
    app = app_for(auth_audience="the wiki")
    browser = Browser(app)
    started = browser.starts()
    browser.returns(started, xiaoming.confirms(started))
    assert token_of(app, browser.get("/auth"))[1]["aud"] == "the wiki"


def test_a_stranger_gets_no_token(browser):
    headers = {"X-Forwarded-Uri": "/wiki"}
    for answer in (browser.get("/auth"), browser.get("/auth", headers=headers)):
        assert answer.headers["X-Wxlogin-Token"] == ""


@pytest.mark.parametrize("typ", [signed_tokens.ID_TOKEN, signed_tokens.LOGOUT_TOKEN])
def test_the_token_passes_for_no_other_kind(app, signed_in, typ):
    """finding H1: a type and an audience of its own"""
    token = signed_in.get("/auth").headers["X-Wxlogin-Token"]
    with app.app_context(), pytest.raises(signed_tokens.NotOurs, match="type"):
        signed_tokens.read(token, typ=typ)
    bearer = {"Authorization": f"Bearer {token}"}
    assert signed_in.get("/api/me", headers=bearer).status_code == 401
    assert signed_in.get("/auth", headers=bearer).status_code == 401
    assert signed_in.get("/oauth2/userinfo", headers=bearer).status_code == 401


def test_no_site_is_called_as_the_audience(settings_for):
    shop = SHOP.model_copy(update={"client_id": "127.0.0.1"})
    with pytest.raises(ConfigurationError, match="AUTH_AUDIENCE"):
        settings_for(sites=(shop,))
    settings_for(sites=(shop,), auth_audience="pages")


def test_without_a_key_the_pages_stay_open(app, signed_in, monkeypatch):
    def broken(*_, **__):
        raise SealBroken("no signing key opens")

    monkeypatch.setattr(signed_tokens, "signing_key", broken)
    answer = signed_in.get("/auth")
    assert (answer.status_code, answer.headers["X-Wxlogin-Token"]) == (200, "")
    assert answer.headers["X-Wxlogin-Uid"]
