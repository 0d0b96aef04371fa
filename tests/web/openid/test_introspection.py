"""A site's server asks whether a token is good (RFC 7662)."""

import pytest

from tests.web.openid_site import NEWS, PUBLIC, SiteServer, claims
from wxlogin.accounts import people

PATH = "/oauth2/introspect"


def test_its_own_tokens_are_described(signed_in, shop):
    tokens = shop.signs_in(signed_in)
    told = claims(tokens)
    found = shop.introspects(tokens["access_token"])
    assert found.pop("exp") - found.pop("iat") == 3600
    assert found == {
        "active": True,
        "client_id": "shop",
        "scope": "openid profile",
        "token_type": "Bearer",
        "sub": told["sub"],
        "aud": "shop",
        "iss": told["iss"],
        "sid": told["sid"],
    }
    family = shop.introspects(tokens["refresh_token"])
    assert family["active"]
    assert "token_type" not in family


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "id_token", "x"])
def test_a_hint_changes_nothing(signed_in, shop, hint):
    tokens = shop.signs_in(signed_in)
    for name in ("access_token", "refresh_token"):
        answer = shop.asks(PATH, token=tokens[name], token_type_hint=hint)
        assert answer.get_json()["active"]


def test_another_sites_tokens_are_not_active(app, signed_in, shop):
    """security row 119"""
    tokens = shop.signs_in(signed_in)
    news = SiteServer(app, NEWS)
    for name in ("access_token", "refresh_token", "id_token"):
        assert news.introspects(tokens[name]) == {"active": False}


def test_a_public_client_may_not_ask(app, signed_in):
    """RFC 7662 section 2.1: whoever asks has proved itself"""
    native = SiteServer(app, PUBLIC)
    tokens = native.signs_in(signed_in)
    answer = native.asks(PATH, token=tokens["access_token"])
    assert answer.status_code == 401
    assert answer.get_json()["error"] == "invalid_client"


@pytest.mark.parametrize("token", ["x", "A" * 43, "A" * 65, "店", "'" * 43])
def test_what_is_no_token_is_not_active(shop, token):
    assert shop.introspects(token) == {"active": False}


def test_a_used_refresh_token_is_not_active(signed_in, shop):
    tokens = shop.signs_in(signed_in)
    younger = shop.refreshes(tokens["refresh_token"]).get_json()
    assert shop.introspects(tokens["refresh_token"]) == {"active": False}
    assert shop.introspects(younger["refresh_token"])["active"]


def test_a_disabled_user_has_no_tokens(app, signed_in, shop):
    """security row 24"""
    tokens = shop.signs_in(signed_in)
    uid = signed_in.who()["uid"]
    with app.app_context():
        people.disable(uid)
    for name in ("access_token", "refresh_token"):
        assert shop.introspects(tokens[name]) == {"active": False}
    assert shop.userinfo(tokens["access_token"]).status_code == 401
    assert shop.refreshes(tokens["refresh_token"]).status_code == 400


def test_a_token_has_to_be_named(shop):
    answer = shop.asks(PATH, token_type_hint="access_token")
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")
