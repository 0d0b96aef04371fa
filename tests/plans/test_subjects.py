"""`sub`: one for each person, the same everywhere, for ever (security row 118)."""

import base64
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from tests.plans.conftest import BLOG, SHOP, party
from tests.plans.rp import basic, good_tokens
from tests.plans.visitor import Visitor
from tests.support.journey import Browser, Phone
from wxlogin.accounts.merges import Cause, merge
from wxlogin.accounts.models import Identity, UnionId, User
from wxlogin.db import db, now, transaction


@pytest.fixture
def lihua(oidc, simulator) -> Visitor:
    """李华, with a browser of her own."""
    return Visitor(Browser(oidc), Phone(simulator, "lihua"))


def test_it_is_the_same_wherever_a_site_looks(shop, visitor, oidc):
    """security row 118: ID token, userinfo, refresh, introspection, another site."""
    signed_in = shop.signs_in(visitor, shop.asks("openid profile wechat"))
    sub = signed_in.claims["sub"]
    fresh = good_tokens(shop.refreshes(signed_in.refresh_token))
    told = shop.posts("introspection_endpoint", {"token": fresh["access_token"]})
    assert told.get_json()["sub"] == sub
    assert shop.userinfo(fresh["access_token"]).get_json()["sub"] == sub
    assert party(oidc, BLOG).signs_in(visitor).claims["sub"] == sub


def test_it_shows_nothing_of_wechats_ids(shop, visitor, oidc):
    """security row 118: neither an openid nor a unionid, nor does any other claim of a
    site that did not ask for them."""
    signed_in = shop.signs_in(visitor, shop.asks("openid profile email phone"))
    with oidc.app_context():
        secret = {
            *db.session.scalars(sa.select(Identity.openid)),
            *db.session.scalars(sa.select(UnionId.unionid)),
        }
    body = signed_in.id_token.split(".")[1]
    told = base64.urlsafe_b64decode(f"{body}==").decode() + repr(signed_in.userinfo)
    assert len(secret) == 2
    assert not [one for one in secret if one in told]


def test_two_people_have_two(shop, visitor, lihua):
    assert shop.signs_in(visitor).claims["sub"] != shop.signs_in(lihua).claims["sub"]


def test_it_survives_a_merge(shop, visitor, lihua, oidc, clock):
    """security row 118: the kept one goes on, and the other one leads to it."""
    kept = shop.signs_in(visitor).claims["sub"]
    clock.shift(5)
    before = shop.signs_in(lihua)
    gone = before.claims["sub"]
    become_one(oidc, kept, gone)
    assert shop.userinfo(before.access_token).status_code == 401
    after = shop.signs_in(lihua)
    assert after.claims["sub"] == after.userinfo["sub"] == kept
    assert after.claims["former_subs"] == [gone]
    # The hint of before still says who is meant.
    silent = shop.asks(prompt="none", id_token_hint=before.id_token)
    assert shop.signs_in(lihua, silent).claims["sub"] == kept
    for sub in (kept, gone):
        assert looked_up(shop, sub)["uid"] == kept


def become_one(oidc, one: str, other: str) -> None:
    with oidc.app_context():
        query = sa.select(User.id).where(User.uid.in_((one, other)))
        ids = list(db.session.scalars(query))
        transaction(lambda s: merge(s, *ids, cause=Cause.choice, at=now()))


def looked_up(shop, sub: str) -> dict:
    """What the shop's server is told about this user."""
    answer = shop.calls(
        f"{shop.issuer}/api/site/users/{quote(sub)}",
        headers={"Authorization": basic(shop.client_id, SHOP["client_secret"])},
    )
    assert answer.status_code == 200, answer.text
    return answer.get_json()
