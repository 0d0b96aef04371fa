"""/oauth2/userinfo: claims for an access token, and nothing for anything else."""

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.support.journey import Browser
from tests.web.openid_site import PUBLIC, SITES, SiteServer

PATH = "/oauth2/userinfo"
BARE = 'Bearer realm="wxlogin"'


@pytest.fixture
def tokens(shop, signed_in) -> dict:
    return shop.signs_in(signed_in, scope="openid profile wechat")


@pytest.fixture
def server(app) -> Browser:
    """A program; it has no cookies."""
    return Browser(app)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def claims_of(id_token: str, server: Browser) -> dict:
    """The claims of an ID token, verified with the published key."""
    published = KeySet.import_key_set(server.get("/oauth2/jwks").get_json())
    return jwt.decode(id_token, published, algorithms=["RS256"]).claims


def test_it_says_what_the_id_token_says(server, tokens, signed_in):
    """security row 118: `sub` is the same everywhere"""
    answer = server.get(PATH, headers=bearer(tokens["access_token"]))
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    found = answer.get_json()
    in_token = claims_of(tokens["id_token"], server)
    assert found["sub"] == in_token["sub"] == signed_in.who()["uid"]
    assert found["name"] == "小明😀"
    assert found["wechat"]["identities"][0]["app"] == "web"
    assert found == {name: in_token[name] for name in found}


def test_the_picture_can_be_fetched_by_anybody(server, tokens):
    found = server.get(PATH, headers=bearer(tokens["access_token"])).get_json()
    picture = server.goes_to(found["picture"])
    assert (picture.status_code, picture.mimetype) == (200, "image/jpeg")


def test_get_and_post_say_the_same(server, tokens):
    """security row 118: also with the token in the form (RFC 6750 section 2.2)"""
    token = tokens["access_token"]
    by_get = server.get(PATH, headers=bearer(token))
    foreign = {"Sec-Fetch-Site": "cross-site"}
    by_post = server._send("POST", PATH, headers={**foreign, **bearer(token)})
    by_form = server._send("POST", PATH, headers=foreign, data={"access_token": token})
    assert by_get.status_code == 200
    assert by_get.data == by_post.data == by_form.data


def test_a_token_in_the_address_is_refused(server, tokens):
    """security row 118: RFC 9700 section 4.3.2"""
    query = {"access_token": tokens["access_token"]}
    for headers in ({}, bearer(tokens["access_token"])):
        answer = server.get(PATH, query_string=query, headers=headers)
        assert answer.status_code == 400
        assert answer.get_json()["error"] == "invalid_request"


def test_two_tokens_at_once_are_refused(server, tokens):
    """RFC 6750 section 2: one method a request"""
    token = tokens["access_token"]
    answer = server._send(
        "POST", PATH, headers=bearer(token), data={"access_token": token}
    )
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")


def test_who_sends_no_token_is_told_what_would_do(server):
    """RFC 6750 section 3.1: without an error"""
    for headers in ({}, {"Authorization": "Basic c2hvcDpzaG9w"}):
        answer = server.get(PATH, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == BARE


def test_a_session_of_the_browser_counts_for_nothing(signed_in):
    assert signed_in.get(PATH).status_code == 401


def dead(answer) -> bool:
    challenge = answer.headers.get("WWW-Authenticate", "")
    return (
        answer.status_code == 401
        and answer.get_json()["error"] == "invalid_token"
        and 'error="invalid_token"' in challenge
    )


def test_an_id_token_is_no_access_token(server, tokens):
    """security row 117"""
    assert dead(server.get(PATH, headers=bearer(tokens["id_token"])))


def test_a_refresh_token_is_no_access_token(server, tokens):
    """security row 117"""
    assert dead(server.get(PATH, headers=bearer(tokens["refresh_token"])))


@pytest.mark.parametrize("token", ["x", "A" * 43, "A" * 5000, "ä", "a.b.c"])
def test_an_unknown_token_is_dead(server, token):
    assert dead(server.get(PATH, headers=bearer(token)))


def test_a_token_dies_after_an_hour(server, tokens, clock):
    headers = bearer(tokens["access_token"])
    clock.shift(3590)
    assert server.get(PATH, headers=headers).status_code == 200
    clock.shift(20)
    assert dead(server.get(PATH, headers=headers))


def test_a_token_dies_with_the_session(server, tokens, signed_in):
    """security row 24"""
    signed_in.post("/logout")
    assert dead(server.get(PATH, headers=bearer(tokens["access_token"])))


def test_a_token_dies_with_the_account(server, tokens, signed_in):
    signed_in.post("/me/delete", data={"sure": "yes"})
    assert dead(server.get(PATH, headers=bearer(tokens["access_token"])))


def test_a_token_of_a_site_that_left_the_settings_is_dead(app, app_for, tokens):
    other = Browser(app_for(sites=SITES[1:]))
    assert dead(other.get(PATH, headers=bearer(tokens["access_token"])))


def test_a_token_without_openid_is_not_enough(shop, signed_in, server):
    """RFC 6750 section 3.1"""
    tokens = shop.signs_in(signed_in, scope="profile")
    answer = server.get(PATH, headers=bearer(tokens["access_token"]))
    assert answer.status_code == 403
    challenge = answer.headers["WWW-Authenticate"]
    assert 'error="insufficient_scope"' in challenge and 'scope="openid"' in challenge


def test_a_page_of_a_listed_site_may_read_it(app, server, signed_in):
    """security row 27: that origin, without cookies, and no other"""
    native = SiteServer(app, PUBLIC, "https://app.test/back")
    token = native.signs_in(signed_in)["access_token"]
    preflight = server._send(
        "OPTIONS",
        PATH,
        headers={
            "Origin": "https://app.test",
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "authorization",
        },
    )
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    good = server.get(PATH, headers={"Origin": "https://app.test", **bearer(token)})
    assert good.status_code == 200
    for answer in (preflight, good):
        assert answer.headers["Access-Control-Allow-Origin"] == "https://app.test"
        assert "Access-Control-Allow-Credentials" not in answer.headers
    other = server.get(PATH, headers={"Origin": "https://evil.test", **bearer(token)})
    assert "Access-Control-Allow-Origin" not in other.headers
    assert "Origin" in other.headers["Vary"]


def test_the_log_says_why_and_holds_no_token(server, tokens, log):
    log()
    server.get(PATH, headers=bearer(tokens["id_token"]))
    (line,) = (line for line in log() if line["event"] == "userinfo refused")
    assert line["error"] == "invalid_token"
    assert tokens["id_token"][:40] not in str(line)
