"""The modules of oidcc-dynamic-certification-test-plan that are about redirect URIs.

Here the operator registers a site, not the site itself; what they ask holds all the
same. Nothing that is refused may send the browser anywhere (RFC 6749 4.1.2.1).
"""

from urllib.parse import urlencode

import pytest

from tests.plans.conftest import BLOG, SHOP, party
from tests.plans.rp import RelyingParty
from wxlogin.config import Site

REGISTERED = SHOP["redirect_uris"][0]


@pytest.fixture
def blog(oidc) -> RelyingParty:
    """A site whose return address has a query of its own."""
    return party(oidc, BLOG)


def leads_nowhere(arrived) -> bool:
    """A page of ours that nobody is redirected to, and that says so by its status."""
    return arrived.is_page and arrived.answer.status_code == 400


def test_oidcc_ensure_redirect_uri_in_authorization_request(shop, visitor):
    """security row 112: without a redirect_uri there is no way back."""
    assert leads_nowhere(visitor.goes_to(shop.asks(redirect_uri=None).url))


def test_oidcc_redirect_uri_query_ok(blog, visitor):
    """security row 112: a query that is registered stays, before ours."""
    blog.signs_in(visitor)


def test_oidcc_redirect_uri_query_mismatch(blog, visitor):
    """security row 112: another query is another address."""
    other = BLOG["redirect_uris"][0].replace("from=login", "from=elsewhere")
    assert leads_nowhere(visitor.goes_to(blog.asks(redirect_uri=other).url))


def test_oidcc_redirect_uri_query_added(shop, visitor):
    """security row 112: so is one with a query where none is registered."""
    asked = shop.asks(redirect_uri=f"{REGISTERED}?foo=bar")
    assert leads_nowhere(visitor.goes_to(asked.url))


def test_oidcc_redirect_uri_regfrag():
    """A return address with a fragment is not taken from the operator."""
    with pytest.raises(ValueError, match="no #"):
        Site.model_validate({**SHOP, "redirect_uris": (f"{REGISTERED}#there",)})


@pytest.mark.parametrize(
    "altered",
    [
        "http://shop.example/callback",
        "HTTPS://shop.example/callback",
        "https://SHOP.example/callback",
        "https://shop.example:443/callback",
        "https://shop.example./callback",
        "https://shop.example/callback/",
        "https://shop.example//callback",
        "https://shop.example/x/../callback",
        "https://shop.example/%63allback",
        "https://shop.example/callback#there",
        "https://shop.example/callback ",
        "https://user@shop.example/callback",
        "https://shop.example.evil.example/callback",
        "https://evil.example/?https://shop.example/callback",
        "//shop.example/callback",
        "javascript:alert(1)",
        "",
    ],
)
@pytest.mark.parametrize("signed_in", [False, True])
def test_every_other_spelling_leads_nowhere(shop, visitor, altered, signed_in):
    """security row 112: addresses are compared as texts, for strangers and others."""
    if signed_in:
        shop.signs_in(visitor)
    arrived = visitor.goes_to(shop.asks(redirect_uri=altered).url)
    assert leads_nowhere(arrived)
    assert arrived.logins == 0


@pytest.mark.parametrize("prompt", ["none", "login"])
def test_neither_do_errors(shop, visitor, prompt):
    """security row 112: an error is no reason to go to a foreign address either."""
    foreign = "https://evil.example/callback"
    for wish in ({"response_type": "token"}, {"scope": ""}, {"request": "x"}, {}):
        asked = shop.asks(**{"redirect_uri": foreign, "prompt": prompt, **wish})
        assert leads_nowhere(visitor.goes_to(asked.url)), wish


@pytest.mark.parametrize("doubled", ["redirect_uri", "client_id", "state"])
def test_a_doubled_parameter_leads_nowhere(shop, visitor, doubled):
    """security row 112: of two, nobody knows which one was meant."""
    asked = shop.asks()
    again = urlencode({doubled: asked.query[doubled]})
    assert leads_nowhere(visitor.goes_to(f"{asked.url}&{again}"))


@pytest.mark.parametrize("client_id", [None, "", "nobody", "SHOP", "shop ", "blog"])
def test_a_foreign_client_leads_nowhere(shop, visitor, client_id):
    """security row 112: unknown, or known with other addresses."""
    assert leads_nowhere(visitor.goes_to(shop.asks(client_id=client_id).url))


def test_a_code_is_redeemed_with_the_address_it_was_sent_to(shop, visitor):
    """security row 113: RFC 6749 section 4.1.3."""
    for other in (None, f"{REGISTERED}/", "https://blog.example/callback?from=login"):
        asked = shop.asks()
        code = shop.takes_back(visitor.goes_to(asked.url), asked)
        answer = shop.redeems(code, redirect_uri=other)
        assert answer.status_code == 400
        assert answer.get_json()["error"] in ("invalid_grant", "invalid_request")
