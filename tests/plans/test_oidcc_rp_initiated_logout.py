"""The modules of oidcc-rp-initiated-logout-certification-test-plan, by their names.

Where a module lets a oidc show a page with an error or with a question, the test
asks for what we chose; nowhere may the browser be sent back.
"""

import secrets
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from joserfc import jws, jwt
from joserfc.jwk import OctKey

from tests.plans.conftest import SHOP
from tests.plans.forms import forms_of
from tests.plans.rp import RelyingParty, SignedIn, unsigned
from tests.plans.visitor import Visitor

RETURN = SHOP["post_logout_redirect_uris"][0]


@pytest.fixture
def signed_in(shop, visitor) -> SignedIn:
    """小明 is signed in at the shop."""
    return shop.signs_in(visitor)


def leaves(shop: RelyingParty, visitor: Visitor, **wishes: str | None):
    """Where the browser ends that the shop sends to the end_session_endpoint."""
    query = {name: value for name, value in wishes.items() if value is not None}
    address = shop.metadata["end_session_endpoint"]
    return visitor.goes_to(f"{address}?{urlencode(query)}")


def is_signed_in(shop: RelyingParty, visitor: Visitor) -> bool:
    """What prompt=none says."""
    asked = shop.asks(prompt="none")
    arrived = visitor.goes_to(asked.url)
    if "code" in arrived.query:
        return True
    assert shop.is_refused(arrived, asked) == "login_required"
    return False


def says_yes(visitor: Visitor, page) -> Any:
    """Presses the button of the page that asks."""
    (form,) = [
        form for form in forms_of(page.answer.text) if "/oauth2/logout" in form.action
    ]
    return visitor.browser.post(
        urlsplit(form.action).path, data=form.fields, follow_redirects=True
    )


def test_oidcc_rp_initiated_logout_discovery_endpoint_verification(shop):
    """Discovery names an end_session_endpoint on https."""
    address = shop.metadata["end_session_endpoint"]
    assert address.startswith(f"{shop.issuer}/")
    assert urlsplit(address).scheme == "https"


def test_oidcc_rp_initiated_logout(shop, visitor, signed_in):
    """security row 120: hint, address, state: signed out, and back with the state."""
    state = secrets.token_urlsafe(16)
    arrived = leaves(
        shop,
        visitor,
        id_token_hint=signed_in.id_token,
        post_logout_redirect_uri=RETURN,
        state=state,
    )
    assert arrived.location == f"{RETURN}?state={state}"
    assert not is_signed_in(shop, visitor)


def test_oidcc_rp_initiated_logout_no_state(shop, visitor, signed_in):
    """Without a state the way back has none."""
    arrived = leaves(
        shop,
        visitor,
        id_token_hint=signed_in.id_token,
        post_logout_redirect_uri=RETURN,
    )
    assert arrived.location == RETURN
    assert not is_signed_in(shop, visitor)


def test_oidcc_rp_initiated_logout_bad_post_logout_redirect_uri(
    shop, visitor, signed_in
):
    """security row 120: a foreign return address gets a page, no redirect."""
    arrived = leaves(
        shop,
        visitor,
        id_token_hint=signed_in.id_token,
        post_logout_redirect_uri=f"{RETURN}/elsewhere",
        state="s",
    )
    assert arrived.is_page
    assert arrived.answer.status_code == 400


def test_oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri(
    shop, visitor, signed_in
):
    """security row 120: so does one with a query added."""
    arrived = leaves(
        shop,
        visitor,
        id_token_hint=signed_in.id_token,
        post_logout_redirect_uri=f"{RETURN}?foo=bar",
        state="s",
    )
    assert arrived.is_page
    assert arrived.answer.status_code == 400


def test_oidcc_rp_initiated_logout_modified_id_token_hint(shop, visitor, signed_in):
    """security row 120: a hint turned to `alg: none` is worth nothing."""
    arrived = leaves(
        shop,
        visitor,
        id_token_hint=unsigned(signed_in.claims),
        post_logout_redirect_uri=RETURN,
        state="s",
    )
    assert arrived.is_page
    assert arrived.answer.status_code == 400
    assert is_signed_in(shop, visitor)


def test_oidcc_rp_initiated_logout_bad_id_token_hint(shop, visitor, signed_in):
    """security row 120: nor is one that the site signed with its secret."""
    header = {"alg": "HS256", "typ": "JWT"}
    key = OctKey.import_key(SHOP["client_secret"])
    hint = jwt.encode(header, dict(signed_in.claims), key)
    assert jws.extract_compact(hint.encode()).protected == header
    arrived = leaves(
        shop, visitor, id_token_hint=hint, post_logout_redirect_uri=RETURN, state="s"
    )
    assert arrived.is_page
    assert arrived.answer.status_code == 400
    assert is_signed_in(shop, visitor)


def test_oidcc_rp_initiated_logout_no_id_token_hint(shop, visitor, signed_in):
    """security row 120: without a hint the person is asked, and not sent back."""
    arrived = leaves(shop, visitor, post_logout_redirect_uri=RETURN, state="s")
    assert arrived.is_page
    assert is_signed_in(shop, visitor)


def test_oidcc_rp_initiated_logout_no_params(shop, visitor, signed_in):
    """With nothing at all: a question, and behind the yes a page that says so."""
    arrived = leaves(shop, visitor)
    assert arrived.is_page
    assert arrived.answer.status_code == 200
    assert is_signed_in(shop, visitor)
    assert says_yes(visitor, arrived).status_code == 200
    assert not is_signed_in(shop, visitor)


def test_oidcc_rp_initiated_logout_no_post_logout_redirect_uri(
    shop, visitor, signed_in
):
    """A hint and no address: signed out, and a page of ours says so."""
    arrived = leaves(shop, visitor, id_token_hint=signed_in.id_token, state="s")
    assert arrived.is_page
    assert arrived.answer.status_code == 200
    assert not is_signed_in(shop, visitor)


def test_oidcc_rp_initiated_logout_only_state(shop, visitor, signed_in):
    """A state alone is as good as nothing at all."""
    arrived = leaves(shop, visitor, state="s")
    assert arrived.is_page
    assert arrived.answer.status_code == 200
    assert says_yes(visitor, arrived).status_code == 200
    assert not is_signed_in(shop, visitor)
