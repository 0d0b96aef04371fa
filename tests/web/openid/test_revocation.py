"""A site gives tokens back (RFC 7009)."""

import pytest

from tests.web.openid_site import NEWS, PUBLIC, SHOP, SiteServer

PATH = "/oauth2/revoke"


@pytest.fixture(params=[SHOP, PUBLIC], ids=["confidential", "public"])
def site(app, request) -> SiteServer:
    return SiteServer(app, request.param)


def works(site: SiteServer, tokens: dict) -> bool:
    return site.userinfo(tokens["access_token"]).status_code == 200


def revokes(site: SiteServer, token: str, **more: str) -> None:
    answer = site.asks(PATH, token=token, **more)
    assert answer.status_code == 200, answer.text


def test_an_access_token_ends_by_itself(signed_in, site):
    tokens = site.signs_in(signed_in)
    revokes(site, tokens["access_token"])
    assert not works(site, tokens)
    younger = site.refreshes(tokens["refresh_token"]).get_json()
    assert works(site, younger)


def test_a_refresh_token_ends_with_all_that_hangs_on_it(signed_in, site):
    tokens = site.signs_in(signed_in)
    other = site.signs_in(signed_in)
    revokes(site, tokens["refresh_token"])
    assert not works(site, tokens)
    assert site.refreshes(tokens["refresh_token"]).status_code == 400
    assert works(site, other)
    assert signed_in.who()


def test_so_does_one_that_was_used_before(signed_in, shop):
    tokens = shop.signs_in(signed_in)
    younger = shop.refreshes(tokens["refresh_token"]).get_json()
    revokes(shop, tokens["refresh_token"])
    assert not works(shop, younger)


def test_another_sites_token_is_let_be(app, signed_in, shop):
    """security row 119"""
    tokens = shop.signs_in(signed_in)
    for site in (NEWS, PUBLIC):
        for name in ("access_token", "refresh_token"):
            revokes(SiteServer(app, site), tokens[name])
    assert works(shop, tokens)
    assert shop.refreshes(tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "nonsense"])
def test_a_hint_changes_nothing(signed_in, shop, hint):
    tokens = shop.signs_in(signed_in)
    revokes(shop, tokens["access_token"], token_type_hint=hint)
    assert not works(shop, tokens)


def test_what_is_no_token_is_no_error(shop):
    """RFC 7009 section 2.2"""
    for token in ("x", "A" * 43, "A" * 65, "店"):
        revokes(shop, token)


def test_twice_is_no_error(signed_in, shop):
    tokens = shop.signs_in(signed_in)
    for _ in range(2):
        revokes(shop, tokens["access_token"])
        revokes(shop, tokens["refresh_token"])


def test_a_token_has_to_be_named(shop):
    answer = shop.asks(PATH, token_type_hint="access_token")
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")
