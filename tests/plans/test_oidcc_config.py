"""The module of oidcc-config-certification-test-plan, by its name, and its parts."""

import re
from urllib.parse import urlsplit

import pytest

from tests.plans.conftest import SHOP, party
from tests.plans.rp import WELL_KNOWN

# RFC 6749 appendix A.4.
SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
LANGUAGE = re.compile(r"[a-z]{2}(-[A-Z]{2}|-[A-Z][a-z]{3})?")
BASE64URL = re.compile(r"[A-Za-z0-9_-]+")
ENDPOINTS = {
    "authorization_endpoint": "/oauth2/authorize",
    "token_endpoint": "/oauth2/token",
    "userinfo_endpoint": "/oauth2/userinfo",
    "introspection_endpoint": "/oauth2/introspect",
    "revocation_endpoint": "/oauth2/revoke",
    "end_session_endpoint": "/oauth2/logout",
    "jwks_uri": "/oauth2/jwks",
}
PUBLIC_PARTS = {
    "RSA": {"n", "e"},
    "EC": {"crv", "x", "y"},
}


@pytest.mark.parametrize("path", ["", "/wx"])
def test_oidcc_discovery_endpoint_verification(provider_for, path):
    """security row 115: the document is complete, right, and about this very issuer."""
    shop = party(provider_for(path=path), SHOP)
    answer = shop.calls(shop.issuer + WELL_KNOWN)
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    known = answer.get_json()
    assert known["issuer"] == f"https://login.example{path}"
    check_endpoints(known)
    check_lists(known)
    check_keys(shop.keys())


def check_endpoints(known) -> None:
    for name, path in ENDPOINTS.items():
        assert known[name] == known["issuer"] + path
    for name, address in known.items():
        if name.endswith(("_endpoint", "_uri")):
            assert urlsplit(address).scheme == "https", name
            assert urlsplit(address).fragment == "", name


def check_lists(known) -> None:
    assert known["response_types_supported"] == ["code"]
    assert known["subject_types_supported"] == ["public"]
    assert "RS256" in known["id_token_signing_alg_values_supported"]
    assert set(known["grant_types_supported"]) == {
        "authorization_code",
        "refresh_token",
    }
    assert {"openid", "profile", "wechat"} <= set(known["scopes_supported"])
    assert all(SCOPE.fullmatch(scope) for scope in known["scopes_supported"])
    assert known["code_challenge_methods_supported"] == ["S256"]
    assert all(LANGUAGE.fullmatch(word) for word in known["ui_locales_supported"])
    assert {"sub", "iss", "aud", "exp", "iat"} <= set(known["claims_supported"])
    # Absent, this one would mean yes (Discovery section 3).
    assert known["request_uri_parameter_supported"] is False
    assert known["authorization_response_iss_parameter_supported"] is True
    for name, value in known.items():
        if name.endswith("_supported") and isinstance(value, list):
            assert value and len(value) == len(set(value)), name


def check_keys(keys) -> None:
    """Public keys only, each with its id, in base64url without padding."""
    assert keys["keys"]
    assert len({key["kid"] for key in keys["keys"]}) == len(keys["keys"])
    for key in keys["keys"]:
        parts = PUBLIC_PARTS[key["kty"]]
        assert set(key) == {"kty", "kid", "use", "alg"} | parts
        assert (key["use"], key["alg"]) in {("sig", "RS256"), ("sig", "ES256")}
        assert all(BASE64URL.fullmatch(key[part]) for part in parts)


@pytest.mark.parametrize("more", ["/", "//", "?x=1#y"])
def test_the_document_stands_at_one_address(shop, more):
    """security row 115: an issuer with a slash behind it is another issuer."""
    answer = shop.calls(shop.issuer + WELL_KNOWN + more)
    assert answer.status_code == 404 or answer.get_json()["issuer"] == shop.issuer


def test_both_documents_say_the_same(shop):
    """RFC 8414 section 3: clients without OpenID look at the other address."""
    other = shop.calls(f"{shop.issuer}/.well-known/oauth-authorization-server")
    assert other.status_code == 200
    assert other.get_json() == shop.metadata


def test_every_page_of_scripts_may_read_them(shop):
    """Discovery and keys are for everybody, scripts of any site included."""
    for address in (shop.issuer + WELL_KNOWN, shop.metadata["jwks_uri"]):
        answer = shop.calls(address, headers={"Origin": "https://anywhere.example"})
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers
