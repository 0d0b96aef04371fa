"""Refresh tokens: used once, kept within their session, dead when they come again."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.journey import Browser
from tests.web.openid_site import NEWS, PUBLIC, SHOP, SITES, SiteServer, claims
from wxlogin.accounts.models import AccessToken, Authorization
from wxlogin.accounts.models import Session as SessionRow
from wxlogin.db import db


@pytest.fixture(params=[SHOP, PUBLIC], ids=["confidential", "public"])
def site(app, request) -> SiteServer:
    return SiteServer(app, request.param)


def error_of(answer) -> str:
    assert answer.status_code == 400, answer.text
    return answer.get_json()["error"]


def works(shop: SiteServer, tokens: dict) -> bool:
    return shop.userinfo(tokens["access_token"]).status_code == 200


def test_a_refresh_gives_new_tokens_for_the_same_sign_in(signed_in, site, clock):
    """OpenID Connect Core 12.2"""
    first = site.signs_in(signed_in)
    clock.shift(1800)
    second = site.refreshes(first["refresh_token"]).get_json()
    assert second["access_token"] != first["access_token"]
    assert second["refresh_token"] != first["refresh_token"]
    assert second["scope"] == first["scope"]
    before, after = claims(first), claims(second)
    for name in ("iss", "sub", "aud", "auth_time", "sid"):
        assert after[name] == before[name]
    assert after["iat"] >= before["iat"] + 1800
    assert "nonce" not in after
    # An hour counts from each token's own beginning.
    assert works(site, first)
    clock.shift(1801)
    assert not works(site, first)
    assert works(site, second)


def test_each_refresh_token_works_once(signed_in, site, clock, log):
    """security row 119: reuse kills the family"""
    first = site.signs_in(signed_in)
    second = site.refreshes(first["refresh_token"]).get_json()
    clock.shift(11)
    log()
    assert error_of(site.refreshes(first["refresh_token"])) == "invalid_grant"
    [line] = [line for line in log() if line["level"] == "warning"]
    assert (line["event"], line["security"]) == ("refresh token reused", True)
    assert not works(site, first)
    assert not works(site, second)
    assert error_of(site.refreshes(second["refresh_token"])) == "invalid_grant"


def test_a_grandparent_kills_the_family_at_any_time(signed_in, shop):
    """security row 119: the grace is for the very last one"""
    first = shop.signs_in(signed_in)
    second = shop.refreshes(first["refresh_token"]).get_json()
    third = shop.refreshes(second["refresh_token"]).get_json()
    assert error_of(shop.refreshes(first["refresh_token"])) == "invalid_grant"
    assert not works(shop, third)
    assert error_of(shop.refreshes(third["refresh_token"])) == "invalid_grant"


def test_a_made_up_token_of_the_family_kills_it(signed_in, shop):
    tokens = shop.signs_in(signed_in)
    forged = tokens["refresh_token"][:22] + "A" * 43
    assert error_of(shop.refreshes(forged)) == "invalid_grant"
    assert not works(shop, tokens)


def test_a_family_dies_alone(signed_in, shop, clock):
    """security row 119: other sign-ins, sites and the session go on"""
    news = SiteServer(shop.app, NEWS)
    other, there = shop.signs_in(signed_in), news.signs_in(signed_in)
    first = shop.signs_in(signed_in)
    shop.refreshes(first["refresh_token"])
    clock.shift(11)
    shop.refreshes(first["refresh_token"])
    assert not works(shop, first)
    assert works(shop, other)
    assert works(news, there)
    assert signed_in.who()


def test_the_same_token_again_within_ten_seconds_is_a_retry(signed_in, site, clock):
    """security row 119: the documented grace; one family, no orphan"""
    first = site.signs_in(signed_in)
    one = site.refreshes(first["refresh_token"]).get_json()
    clock.shift(9)
    two = site.refreshes(first["refresh_token"]).get_json()
    assert one["refresh_token"] == two["refresh_token"]
    assert works(site, one)
    assert works(site, two)
    assert site.refreshes(two["refresh_token"]).status_code == 200


def test_five_at_once_stay_one_family(app, signed_in, site):
    """security row 119"""
    first = site.signs_in(signed_in)
    with ThreadPoolExecutor(5) as pool:
        token = first["refresh_token"]
        answers = list(pool.map(lambda _: site.refreshes(token), range(5)))
    assert [answer.status_code for answer in answers] == [200] * 5
    tokens = [answer.get_json() for answer in answers]
    [following] = {one["refresh_token"] for one in tokens}
    assert len({one["access_token"] for one in tokens}) == 5
    assert all(works(site, one) for one in tokens)
    with app.app_context():
        assert len(db.session.scalars(db.select(Authorization)).all()) == 1
    assert site.refreshes(following).status_code == 200


def test_the_grace_survives_a_new_secret_key(app_for, xiaoming):
    """A rotated SECRET_KEY between the two tries of one client."""
    old, new = "K7vQ2mX9pL4sW8nR3tY6bZ1cF5gH0jD2", "9d1fB6yT3rN8wS4lP9xM2qV7kJ0hG5cA"
    before = app_for(sites=SITES, secret_key=old)
    browser, shop = Browser(before), SiteServer(before, SHOP)
    started = browser.starts()
    browser.returns(started, xiaoming.confirms(started))
    first = shop.signs_in(browser)
    one = shop.refreshes(first["refresh_token"]).get_json()
    after = app_for(sites=SITES, secret_key=new, secret_key_fallbacks=(old,))
    two = SiteServer(after, SHOP).refreshes(first["refresh_token"]).get_json()
    assert one["refresh_token"] == two["refresh_token"]


def test_another_client_gains_nothing(app, signed_in, shop):
    """security row 119"""
    first = shop.signs_in(signed_in)
    for site in (NEWS, PUBLIC):
        answer = SiteServer(app, site).refreshes(first["refresh_token"])
        assert error_of(answer) == "invalid_grant"
    assert shop.refreshes(first["refresh_token"]).status_code == 200


@pytest.mark.parametrize("token", ["", "x", "A" * 65, "店" * 65, "A" * 5000])
def test_what_is_no_token_is_refused(shop, token):
    error = "invalid_grant" if token else "invalid_request"
    assert error_of(shop.refreshes(token)) == error


def test_the_kinds_do_not_stand_in_for_each_other(signed_in, shop):
    """security row 117"""
    tokens = shop.signs_in(signed_in)
    for name in ("access_token", "id_token"):
        assert error_of(shop.refreshes(tokens[name])) == "invalid_grant"
    for name in ("refresh_token", "id_token"):
        assert shop.userinfo(tokens[name]).status_code == 401
    assert works(shop, tokens)


def test_scope_shrinks_and_never_grows(signed_in, shop):
    """RFC 6749 section 6"""
    first = shop.signs_in(signed_in, scope="openid profile")
    less = shop.refreshes(first["refresh_token"], scope="profile").get_json()
    assert less["scope"] == "profile"
    assert "id_token" not in less
    assert shop.introspects(less["access_token"])["scope"] == "profile"
    for more in ("openid profile wechat", "wechat", "unknown"):
        answer = shop.refreshes(less["refresh_token"], scope=more)
        assert error_of(answer) == "invalid_scope"
    # A refused wish spends nothing, and less once is not less for ever.
    again = shop.refreshes(less["refresh_token"]).get_json()
    assert again["scope"] == "openid profile"


def test_a_scope_that_we_do_not_know_is_none(signed_in, shop):
    token = shop.signs_in(signed_in, scope="openid profile")["refresh_token"]
    for scope, said in (
        ("unknown other", "We know none of these scopes."),
        ("openid wechat", "More scope than was granted."),
    ):
        answer = shop.refreshes(token, scope=scope)
        assert error_of(answer) == "invalid_scope"
        assert answer.get_json()["error_description"] == said


@pytest.mark.parametrize(
    ("wish", "granted"),
    [
        ("openid profile offline_access", "openid profile offline_access"),
        ("offline_access openid", "openid offline_access"),
        ("openid profile address phone", "openid profile"),
        ("openid https://graph.example/read", "openid"),
        ("openid profile groups offline_access roles", "openid profile offline_access"),
    ],
)
def test_a_library_repeats_the_scope_it_began_with(signed_in, shop, wish, granted):
    """What was dropped or granted at the start is so at each refresh."""
    tokens = shop.signs_in(signed_in, scope=wish)
    for _ in range(2):
        assert tokens["scope"] == granted
        tokens = shop.refreshes(tokens["refresh_token"], scope=wish).get_json()
    assert shop.introspects(tokens["access_token"])["scope"] == granted


def test_offline_access_is_no_more_than_was_granted(signed_in, shop):
    """RFC 6749 section 6: known, so it is granted or it is not."""
    tokens = shop.signs_in(signed_in, scope="openid")
    answer = shop.refreshes(tokens["refresh_token"], scope="openid offline_access")
    assert error_of(answer) == "invalid_scope"


def test_the_end_is_absolute(app_for, xiaoming, clock):
    """security row 119: the session's own end, however often it is refreshed"""
    app = app_for(sites=SITES, session_days=3, session_idle_days=3)
    browser, shop = Browser(app), SiteServer(app, SHOP)
    started = browser.starts()
    browser.returns(started, xiaoming.confirms(started))
    tokens = shop.signs_in(browser)
    for _ in range(2):
        clock.shift(86400)
        tokens = shop.refreshes(tokens["refresh_token"]).get_json()
    clock.shift(86401)
    assert error_of(shop.refreshes(tokens["refresh_token"])) == "invalid_grant"


def test_a_refresh_is_a_use_of_the_session(app, signed_in, shop, clock):
    tokens = shop.signs_in(signed_in)
    for days in (13, 13):
        clock.shift(days * 86400)
        answer = shop.refreshes(tokens["refresh_token"])
        assert answer.status_code == 200
        tokens = answer.get_json()
    assert signed_in.who()


def test_a_use_is_written_every_five_minutes_at_most(app, signed_in, shop, clock):
    tokens = shop.signs_in(signed_in)
    seen = []
    for seconds in (200, 200):
        clock.shift(seconds)
        tokens = shop.refreshes(tokens["refresh_token"]).get_json()
        with app.app_context():
            seen.append(db.session.scalars(db.select(SessionRow.seen_at)).one())
    assert seen[0] < seen[1]
    clock.shift(100)
    shop.refreshes(tokens["refresh_token"])
    with app.app_context():
        assert db.session.scalars(db.select(SessionRow.seen_at)).one() == seen[1]


def test_a_session_nobody_used_is_over_for_sites_too(signed_in, shop, clock):
    tokens = shop.signs_in(signed_in)
    clock.shift(15 * 86400)
    assert error_of(shop.refreshes(tokens["refresh_token"])) == "invalid_grant"


def test_signing_in_again_ends_nobodys_tokens(signed_in, xiaoming, shop):
    """The same person in the same browser: sites go on."""
    tokens = shop.signs_in(signed_in)
    started = signed_in.starts()
    signed_in.returns(started, xiaoming.confirms(started))
    assert works(shop, tokens)
    assert shop.refreshes(tokens["refresh_token"]).status_code == 200


def test_somebody_elses_sign_in_does(signed_in, lihua, shop):
    """security row 20"""
    tokens = shop.signs_in(signed_in)
    started = signed_in.starts()
    signed_in.returns(started, lihua.confirms(started))
    assert not works(shop, tokens)
    assert error_of(shop.refreshes(tokens["refresh_token"])) == "invalid_grant"


def test_tokens_that_are_over_do_not_pile_up(app, signed_in, shop, clock):
    tokens = shop.signs_in(signed_in)
    for _ in range(4):
        clock.shift(3601)
        tokens = shop.refreshes(tokens["refresh_token"]).get_json()
    with app.app_context():
        assert len(db.session.scalars(db.select(AccessToken)).all()) == 1
