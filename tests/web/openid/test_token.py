"""A site's server redeems a code, and proves who it is."""

import base64
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest

from tests.support.journey import Browser
from tests.web.openid_site import (
    NEWS,
    NEWS_SECRET,
    PUBLIC,
    SECRETS,
    SHOP,
    SITES,
    SiteServer,
    claims,
    pkce,
)
from wxlogin.accounts.models import AccessToken, Authorization, LogoutNotice
from wxlogin.db import db, now
from wxlogin.errors import Unready
from wxlogin.oidc import codes
from wxlogin.oidc.codes import MOST_AT_ONCE

TOKEN = "/oauth2/token"


def basic(name: str, secret: str) -> dict[str, str]:
    text = base64.b64encode(f"{name}:{secret}".encode()).decode()
    return {"Authorization": f"Basic {text}"}


def alarms(log) -> list[dict]:
    return [line for line in log() if line.get("security")]


def is_dead(shop: SiteServer, tokens: dict) -> bool:
    """Neither token of this answer opens anything."""
    both = [tokens["access_token"], tokens["refresh_token"]]
    states = [shop.introspects(token) for token in both]
    assert states in ([{"active": False}] * 2, states)
    refused = shop.userinfo(tokens["access_token"]).status_code == 401
    assert refused == (not states[0]["active"])
    return refused and not states[1]["active"]


def test_the_answer_holds_what_the_rfc_says(signed_in, shop):
    answer = shop.redeems(shop.code_for(signed_in))
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    tokens = answer.get_json()
    assert set(tokens) == {
        "access_token",
        "token_type",
        "expires_in",
        "refresh_token",
        "scope",
        "id_token",
    }
    assert tokens["token_type"] == "Bearer"
    assert 0 < tokens["expires_in"] <= 3600
    assert tokens["scope"] == "openid profile"
    told = claims(tokens)
    assert told["nonce"] == shop.sent["nonce"]
    assert told["aud"] == "shop"
    assert shop.userinfo(tokens["access_token"]).get_json()["sub"] == told["sub"]


def test_the_database_holds_hashes_only(app, signed_in, shop):
    """security row 28"""
    tokens = shop.signs_in(signed_in)
    with app.app_context():
        row = db.session.scalars(db.select(AccessToken)).one()
        family = db.session.scalars(db.select(Authorization)).one()
    stored = [row.token_hash, family.refresh_hash, family.family_hash]
    assert all(len(digest) == 32 for digest in stored)
    for text in (tokens["access_token"], tokens["refresh_token"]):
        assert text.encode() not in b"".join(stored)


def test_auth_time_is_when_the_person_signed_in(signed_in, shop, clock):
    clock.shift(1000)
    first = claims(shop.signs_in(signed_in))
    clock.shift(1000)
    second = claims(shop.signs_in(signed_in))
    assert first["auth_time"] == second["auth_time"] <= first["iat"] - 1000
    # One session, one name for it at this site.
    assert first["sid"] == second["sid"]


# -- codes --


def test_a_code_is_good_once(signed_in, shop, clock, log):
    """security row 113: again at once, and what it had issued is dead"""
    code = shop.code_for(signed_in)
    tokens = shop.redeems(code).get_json()
    assert not is_dead(shop, tokens)
    log()
    again = shop.redeems(code)
    assert (again.status_code, again.get_json()["error"]) == (400, "invalid_grant")
    assert is_dead(shop, tokens)
    [line] = alarms(log)
    assert (line["event"], line["client"]) == ("code replayed", "shop")


@pytest.mark.parametrize("later", [30, 300])
def test_so_it_is_half_a_minute_later(signed_in, shop, clock, later):
    """security row 113, also when the code itself is over"""
    code = shop.code_for(signed_in)
    tokens = shop.redeems(code).get_json()
    clock.shift(later)
    assert shop.redeems(code).get_json()["error"] == "invalid_grant"
    assert is_dead(shop, tokens)


def test_what_was_refreshed_meanwhile_is_dead_too(signed_in, shop):
    """security row 113"""
    code = shop.code_for(signed_in)
    tokens = shop.redeems(code).get_json()
    younger = shop.refreshes(tokens["refresh_token"]).get_json()
    shop.redeems(code)
    assert is_dead(shop, younger)
    answer = shop.refreshes(younger["refresh_token"])
    assert answer.get_json()["error"] == "invalid_grant"


def test_a_replay_ends_no_other_sign_in(signed_in, shop):
    other = shop.signs_in(signed_in)
    code = shop.code_for(signed_in)
    shop.redeems(code)
    shop.redeems(code)
    assert not is_dead(shop, other)


def test_a_code_is_good_for_a_minute(signed_in, shop, clock):
    """security row 113"""
    for seconds, status in ((59, 200), (60.1, 400)):
        code = shop.code_for(signed_in)
        clock.shift(seconds)
        assert shop.redeems(code).status_code == status


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": "https://shop.test/other?from=wechat"},
        {"redirect_uri": "https://shop.test/callback/"},
        {"redirect_uri": None},
        {"code": "A" * 43},
        {"code": "店"},
        {"code_verifier": pkce()[0]},
    ],
)
def test_a_code_is_bound_to_all_it_was_asked_with(signed_in, shop, changes):
    """security rows 113 and 114: a verifier without a challenge is refused"""
    code = shop.code_for(signed_in)
    answer = shop.redeems(**{"code": code, **changes})
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_grant")
    # A wrong try does not spend it.
    assert shop.redeems(code).status_code == 200


def test_the_log_tells_the_sites_developer_what_the_call_got_wrong(
    signed_in, shop, log
):
    code = shop.code_for(signed_in)
    answer = shop.redeems(code, redirect_uri="https://shop.test/callback/")
    why = "redirect_uri is not the one the code was sent to."
    assert answer.get_json()["error_description"] == why
    [line] = [line for line in log() if line["event"] == "site refused"]
    assert (line["client"], line["why"]) == (SHOP.client_id, why)


def test_a_code_is_bound_to_its_client(app, signed_in, shop):
    """security row 113"""
    code = shop.code_for(signed_in)
    news = SiteServer(app, NEWS)
    answer = news.redeems(code, redirect_uri=shop.redirect_uri)
    assert answer.get_json()["error"] == "invalid_grant"
    tokens = shop.redeems(code).get_json()
    news.redeems(code, redirect_uri=shop.redirect_uri)
    assert not is_dead(shop, tokens)


@pytest.mark.parametrize("site", [SHOP, PUBLIC])
def test_pkce_is_checked_for_whoever_uses_it(app, signed_in, site):
    """security row 114"""
    server = SiteServer(app, site)
    verifier, challenge = pkce()
    asked = {"code_challenge": challenge, "code_challenge_method": "S256"}
    code = server.code_for(signed_in, **asked)
    for wrong in (None, pkce()[0], challenge, "short", verifier + "x", "é" * 43):
        answer = server.redeems(code, code_verifier=wrong)
        assert answer.get_json()["error"] == "invalid_grant", wrong
    assert server.redeems(code, code_verifier=verifier).status_code == 200


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": None, "code": "x"}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"grant_type": "implicit"}, "unsupported_grant_type"),
        ({"code": None}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
    ],
)
def test_what_is_missing_is_named(shop, form, error):
    answer = shop.asks(TOKEN, **{"grant_type": "authorization_code", **form})
    assert (answer.status_code, answer.get_json()["error"]) == (400, error)
    assert answer.headers["Cache-Control"] == "no-store"


def test_twenty_at_once_get_one_answer(app, signed_in, shop):
    """security row 113"""
    code = shop.code_for(signed_in)
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: shop.redeems(code), range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 19
    errors = [answer.get_json().get("error") for answer in answers]
    assert errors.count("invalid_grant") == 19
    # All the others were replays.
    [tokens] = [one.get_json() for one in answers if one.status_code == 200]
    assert is_dead(shop, tokens)


def test_two_that_look_at_the_same_moment_do_not_both_have_it(app, signed_in, shop):
    """security row 113"""
    text = shop.code_for(signed_in)
    with app.app_context():
        both = [codes.find(text, client_id="shop", at=now()) for _ in range(2)]
        claims_made = [codes.claim(found) for found in both]
    assert [found is not None for found in claims_made] == [True, False]


def test_a_replay_while_the_first_is_at_work_is_seen(app, signed_in, shop, monkeypatch):
    """security row 113: the second comes between claim and answer"""
    code = shop.code_for(signed_in)
    seen = []
    claim = codes.claim

    def claim_and_wait(found):
        monkeypatch.setattr(codes, "claim", claim)
        claimed = claim(found)
        seen.append(shop.redeems(code).status_code)
        return claimed

    monkeypatch.setattr(codes, "claim", claim_and_wait)
    tokens = shop.redeems(code).get_json()
    assert seen == [400]
    assert is_dead(shop, tokens)


def test_a_code_of_a_session_that_ended_is_worth_nothing(signed_in, shop):
    """security row 22"""
    code = shop.code_for(signed_in)
    signed_in.post("/logout")
    assert shop.redeems(code).get_json()["error"] == "invalid_grant"


def test_tokens_end_with_the_session(signed_in, shop):
    """security rows 22 and 24"""
    tokens = shop.signs_in(signed_in)
    assert not is_dead(shop, tokens)
    signed_in.post("/logout")
    assert is_dead(shop, tokens)
    assert shop.refreshes(tokens["refresh_token"]).status_code == 400


def test_an_access_token_is_good_for_an_hour(signed_in, shop, clock):
    tokens = shop.signs_in(signed_in)
    clock.shift(3590)
    assert shop.introspects(tokens["access_token"])["active"]
    clock.shift(11)
    assert not shop.introspects(tokens["access_token"])["active"]
    assert shop.userinfo(tokens["access_token"]).status_code == 401


def test_a_page_that_signs_in_again_and_again_piles_nothing_up(app, signed_in, shop):
    first = shop.signs_in(signed_in)
    for _ in range(MOST_AT_ONCE):
        last = shop.signs_in(signed_in)
    with app.app_context():
        assert len(db.session.scalars(db.select(Authorization)).all()) == MOST_AT_ONCE
    assert is_dead(shop, first)
    assert not is_dead(shop, last)
    signed_in.post("/logout")
    with app.app_context():
        # The site is told once, however often the person came.
        assert len(db.session.scalars(db.select(LogoutNotice)).all()) == 1


def test_no_token_outlives_the_session(app_for, xiaoming, clock):
    app = app_for(sites=SITES, session_days=1)
    browser, shop = Browser(app), SiteServer(app, SHOP)
    started = browser.starts()
    browser.returns(started, xiaoming.confirms(started))
    clock.shift(86400 - 600)
    tokens = shop.signs_in(browser)
    assert tokens["expires_in"] <= 600
    clock.shift(601)
    assert is_dead(shop, tokens)


# -- who is calling --


def good(code: str) -> dict[str, str]:
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": SHOP.redirect_uris[0],
    }


def refused(answer) -> bool:
    """401 invalid_client with a challenge, RFC 6749 section 5.2."""
    if answer.status_code != 401:
        return False
    assert answer.get_json()["error"] == "invalid_client"
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="wxlogin"'
    return True


def test_a_secret_may_come_either_way(signed_in, shop):
    """security row 116"""
    id_and_secret = {"client_id": "shop", "client_secret": SECRETS["shop"]}
    for more in (
        {"headers": basic("shop", SECRETS["shop"])},
        {"headers": basic("shop", quote(SECRETS["shop"], safe=""))},
        {"headers": basic("%73hop", SECRETS["shop"])},
        {"data": id_and_secret},
        {"headers": basic("shop", SECRETS["shop"]), "data": {"client_id": "shop"}},
    ):
        data = {**good(shop.code_for(signed_in)), **more.pop("data", {})}
        assert shop.post(TOKEN, data=data, **more).status_code == 200


def test_a_secret_of_odd_letters_is_read_as_it_was_written(app_for, xiaoming):
    """RFC 6749 section 2.3.1 asks for form encoding; many clients forget it."""
    secret = "odd+secret%20of: letters=&店"
    site = SHOP.model_copy(update={"client_secret": secret})
    app = app_for(sites=(site,))
    shop = SiteServer(app, site)
    for spelled in (secret, quote(secret, safe=""), quote(secret).replace("%20", "+")):
        answer = shop.post(TOKEN, data=good("x"), headers=basic("shop", spelled))
        assert answer.get_json()["error"] == "invalid_grant"


def test_a_hashed_secret_is_as_good(app, signed_in):
    """security row 116"""
    news = SiteServer(app, NEWS)
    assert news.signs_in(signed_in)
    for wrong in (NEWS.client_secret, NEWS.client_secret.partition(":")[2]):
        answer = news.post(TOKEN, data=good("x"), headers=basic("news", wrong))
        assert refused(answer)
    answer = news.post(TOKEN, data=good("x"), headers=basic("news", NEWS_SECRET))
    assert answer.get_json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "how",
    [
        {"headers": basic("shop", "wrong")},
        {"headers": basic("shop", "")},
        {"headers": basic("nobody", SECRETS["shop"])},
        {"headers": basic("news", SECRETS["shop"])},
        {"headers": basic("app", "")},
        {"headers": basic("app", "None")},
        {"headers": {"Authorization": "Basic !!!"}},
        {"headers": {"Authorization": "Basic"}},
        {"headers": {"Authorization": "Basic c2hvcA=="}},
        {"headers": {"Authorization": "Basic /////w=="}},
        {"headers": {"Authorization": "Bearer sh0p-secret-of-24-characters"}},
        {"data": {"client_id": "shop", "client_secret": "wrong"}},
        {"data": {"client_id": "shop", "client_secret": ""}},
        {"data": {"client_id": "shop"}},
        {"data": {"client_id": "nobody"}},
        {"data": {"client_id": "店"}},
        {"data": {"client_id": "app", "client_secret": "anything-at-all"}},
        {"data": {"client_secret": SECRETS["shop"]}},
        {"data": {"client_assertion": "a.b.c", "client_id": "shop"}},
        {"query_string": {"client_id": "shop", "client_secret": SECRETS["shop"]}},
        {},
    ],
)
def test_without_the_right_secret_there_is_nothing(shop, log, how):
    """security row 116"""
    for path in (TOKEN, "/oauth2/introspect", "/oauth2/revoke"):
        data = {**good("x"), "token": "x", **how.get("data", {})}
        more = {name: value for name, value in how.items() if name != "data"}
        answer = shop.post(path, data=data, **more)
        assert refused(answer), path
        [line] = alarms(log)
        assert line["event"] == "client refused"
        assert SECRETS["shop"] not in str(line)


@pytest.mark.parametrize(
    "more",
    [
        {"client_id": "shop", "client_secret": SECRETS["shop"]},
        {"client_secret": SECRETS["shop"]},
        {"client_secret": "wrong"},
        {"client_id": "news"},
    ],
)
def test_two_methods_at_once_are_refused(shop, more):
    """security row 116; RFC 6749 section 2.3"""
    headers = basic("shop", SECRETS["shop"])
    answer = shop.post(TOKEN, data={**good("x"), **more}, headers=headers)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")


def test_secrets_are_compared_in_constant_time(app, shop, monkeypatch):
    """security rows 38 and 116: also for a client that nobody knows"""
    from wxlogin.oidc import clients

    compared = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return one == other

    monkeypatch.setattr(clients.hmac, "compare_digest", compare)
    for name in ("shop", "news", "app", "nobody"):
        compared.clear()
        shop.post(TOKEN, data=good("x"), headers=basic(name, "wrong"))
        assert compared == [(32, 32), (32, 32)], name


def test_doubled_parameters_are_refused(signed_in, shop):
    """RFC 6749 section 3.2"""
    code = shop.code_for(signed_in)
    for name in ("code", "grant_type", "redirect_uri", "client_secret"):
        data = {key: [value] for key, value in good(code).items()}
        data[name] = [*data.get(name, ["x"]), "y"]
        answer = shop.post(TOKEN, data=data, **shop.auth())
        assert answer.status_code == 400
        assert answer.get_json()["error"] == "invalid_request"


@pytest.mark.parametrize(
    "body",
    [
        {"json": {"grant_type": "authorization_code", "code": "x"}},
        {"data": "grant_type=authorization_code", "content_type": "text/plain"},
        {"data": {"a": "b"}, "content_type": "multipart/form-data"},
        {},
    ],
)
def test_only_forms_are_read(shop, body):
    """security row 26"""
    for path in (TOKEN, "/oauth2/introspect", "/oauth2/revoke"):
        answer = shop.post(path, **body, **shop.auth())
        assert answer.status_code == 415
        assert answer.get_json()["error"] == "invalid_request"


def test_nothing_is_read_from_the_address(signed_in, shop):
    code = shop.code_for(signed_in)
    answer = shop.post(TOKEN, query_string=good(code), data={"x": "y"}, **shop.auth())
    assert answer.get_json()["error"] == "invalid_request"


def test_a_fault_of_ours_is_told_in_json(shop, monkeypatch):
    def away(*_: object, **__: object) -> None:
        raise Unready("the database does not answer")

    monkeypatch.setattr(codes, "find", away)
    answer = shop.redeems("x" * 43)
    assert answer.status_code == 503
    assert answer.get_json() == {"error": "temporarily_unavailable"}
    assert answer.headers["Retry-After"] == "5"


# -- pages of scripts --


def test_pages_of_listed_sites_may_fetch_tokens(shop, native):
    """security row 27: listed origins only, and never with cookies"""
    for origin, allowed in (
        ("https://app.test", True),
        ("https://shop.test", True),
        ("https://evil.test", False),
        ("https://app.test.evil.test", False),
        ("http://app.test", False),
        ("null", False),
    ):
        for path in (TOKEN, "/oauth2/revoke"):
            headers = {"Origin": origin}
            answers = [
                native.post(path, data={}, headers=headers),
                Browser(native.app)._send("OPTIONS", path, headers=headers),
            ]
            for answer in answers:
                given = answer.headers.get("Access-Control-Allow-Origin")
                assert given == (origin if allowed else None)
                assert "Access-Control-Allow-Credentials" not in answer.headers
                assert "Origin" in answer.headers["Vary"]


def test_a_question_about_a_token_is_for_servers(native):
    answer = native.post(
        "/oauth2/introspect", data={}, headers={"Origin": "https://app.test"}
    )
    assert "Access-Control-Allow-Origin" not in answer.headers
