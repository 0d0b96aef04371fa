"""oidcc-server-rotate-keys of the dynamic plan, and the two modules of
oidcc-backchannel-rp-initiated-logout-certification-test-plan."""

from urllib.parse import urlencode

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.plans.conftest import SHOP, party
from tests.plans.rp import ALGORITHMS, RelyingParty
from tests.plans.test_oidcc_config import check_keys
from tests.plans.visitor import Visitor
from tests.support.journey import Browser, Phone
from tests.support.receiver import Receiver, receiver
from wxlogin.oidc import key_rotation
from wxlogin.service import running
from wxlogin.telling.backchannel import outbox

HOUR = 3600
EVENT = "http://schemas.openid.net/event/backchannel-logout"


def kids(shop: RelyingParty) -> set[str]:
    return {key["kid"] for key in shop.keys()["keys"]}


def test_oidcc_server_rotate_keys(shop, visitor, oidc, clock):
    """security row 118: a new key beside the old one, then the new one signs, and what
    the old one signed can still be checked."""
    before = shop.signs_in(visitor)
    old = kids(shop)
    with oidc.app_context():
        key_rotation.rotate()
    check_keys(shop.keys())
    assert kids(shop) > old
    clock.shift(2 * HOUR)
    asked = shop.asks()
    code = shop.takes_back(visitor.goes_to(asked.url), asked)
    id_token = shop.redeems(code).get_json()["id_token"]
    new = jwt.decode(
        id_token, KeySet.import_key_set(shop.keys()), algorithms=ALGORITHMS
    )
    assert new.header["kid"] not in old
    jwt.decode(
        before.id_token, KeySet.import_key_set(shop.keys()), algorithms=ALGORITHMS
    )


def test_oidcc_backchannel_logout_discovery_endpoint_verification(shop):
    """Discovery says that we call sites, and with the session's id."""
    assert shop.metadata["backchannel_logout_supported"] is True
    assert shop.metadata["backchannel_logout_session_supported"] is True


@pytest.fixture
def ear():
    """The shop's server, where it is told that somebody is gone."""
    with receiver() as server:
        yield server


def test_oidcc_backchannel_rp_initiated_logout(app_for, simulator, ear: Receiver):
    """security row 120: sign out at us, and the shop's server hears of it too."""
    site = {**SHOP, "backchannel_logout_uri": f"{ear.url}/backchannel_logout"}
    app = app_for(sites=(site,))
    shop, visitor = (
        party(app, site),
        Visitor(Browser(app), Phone(simulator, "xiaoming")),
    )
    signed_in = shop.signs_in(visitor)
    back = site["post_logout_redirect_uris"][0]
    query = {
        "id_token_hint": signed_in.id_token,
        "post_logout_redirect_uri": back,
        "state": "s",
    }
    address = shop.metadata["end_session_endpoint"]
    arrived = visitor.goes_to(f"{address}?{urlencode(query)}")
    assert arrived.location == f"{back}?state=s"
    told(app, site)
    check_logout_token(shop, signed_in, ear)
    asked = shop.asks(prompt="none")
    assert shop.is_refused(visitor.goes_to(asked.url), asked) == "login_required"


def told(app, site) -> None:
    """What the deliverer beside the requests does."""
    with app.app_context():
        outbox.tell(running().settings.site_of(site["client_id"]))


def check_logout_token(shop: RelyingParty, signed_in, ear: Receiver) -> None:
    """Back-Channel Logout sections 2.4 to 2.6, in their order."""
    (heard,) = ear.requests
    assert set(heard.form) == {"logout_token"}
    keys = KeySet.import_key_set(shop.keys())
    token = jwt.decode(heard.form["logout_token"], keys, algorithms=ALGORITHMS)
    claims = token.claims
    assert token.header["typ"] == "logout+jwt"
    assert claims["iss"] == shop.issuer
    assert claims["aud"] in (shop.client_id, [shop.client_id])
    assert claims["iat"] < claims["exp"] <= claims["iat"] + 120
    assert claims["jti"]
    assert claims["events"] == {EVENT: {}}
    assert "nonce" not in claims
    for name in ("sub", "sid"):
        assert claims[name] == signed_in.claims[name]
