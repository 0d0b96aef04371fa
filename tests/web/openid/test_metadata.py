"""Discovery and keys: what a client that knows the issuer alone finds."""

import pytest
from werkzeug.test import Client

from tests.support.journey import Browser
from tests.support.neighbour import PREFIX, Host
from tests.web.openid_site import SHOP, SITES
from wxlogin.oidc.discovery import ENDPOINTS

ISSUER = "http://127.0.0.1:5000"
WELL_KNOWN = "/.well-known/openid-configuration"


def test_the_issuer_is_our_address_byte_for_byte(browser):
    """security row 115"""
    answer = browser.get(WELL_KNOWN)
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    assert answer.get_json()["issuer"] == ISSUER
    assert browser.get("/.well-known/oauth-authorization-server").data == answer.data


@pytest.mark.parametrize("path", [f"{WELL_KNOWN}/", f"/{WELL_KNOWN}", WELL_KNOWN[:-1]])
def test_other_spellings_lead_nowhere(browser, path):
    """security row 115"""
    assert browser.get(path).status_code == 404


def test_what_it_says(browser):
    """security row 115: OpenID Connect Discovery 3, RFC 8414 section 2"""
    found = browser.get(WELL_KNOWN).get_json()
    assert {name: found.pop(name) for name in list(found) if name in ENDPOINTS} == {
        "authorization_endpoint": f"{ISSUER}/oauth2/authorize",
        "token_endpoint": f"{ISSUER}/oauth2/token",
        "userinfo_endpoint": f"{ISSUER}/oauth2/userinfo",
        "jwks_uri": f"{ISSUER}/oauth2/jwks",
        "introspection_endpoint": f"{ISSUER}/oauth2/introspect",
        "revocation_endpoint": f"{ISSUER}/oauth2/revoke",
        "end_session_endpoint": f"{ISSUER}/oauth2/logout",
    }
    assert "sub" in found.pop("claims_supported")
    basic, post = "client_secret_basic", "client_secret_post"
    assert found == {
        "issuer": ISSUER,
        "scopes_supported": ["openid", "profile", "wechat", "email", "offline_access"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": ["none", "login", "select_account", "consent"],
        "ui_locales_supported": ["zh-CN", "zh-Hant", "en"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claim_types_supported": ["normal"],
        "token_endpoint_auth_methods_supported": [basic, post, "none"],
        "revocation_endpoint_auth_methods_supported": [basic, post, "none"],
        "introspection_endpoint_auth_methods_supported": [basic, post],
        "authorization_response_iss_parameter_supported": True,
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    }


def test_every_endpoint_that_it_names_is_there(app, browser):
    """security row 115"""
    rules = {rule.rule for rule in app.url_map.iter_rules()}
    assert set(ENDPOINTS.values()) <= rules
    for path in ENDPOINTS.values():
        assert browser.get(path).status_code != 404


def test_a_site_that_wants_es256_is_offered_it(app_for):
    site = SHOP.model_copy(update={"id_token_alg": "ES256"})
    browser = Browser(app_for(sites=(site,)))
    found = browser.get(WELL_KNOWN).get_json()
    # RS256 stands there always (OpenID Connect Discovery 3).
    assert found["id_token_signing_alg_values_supported"] == ["RS256", "ES256"]
    published = browser.get("/oauth2/jwks").get_json()["keys"]
    assert [key["alg"] for key in published] == ["RS256", "ES256"]


@pytest.mark.parametrize("strips", [False, True])
def test_below_a_path_everything_is_below_it(app_for, strips):
    """security row 115: PUBLIC_URL with a path, behind a proxy of either habit"""
    issuer = f"{ISSUER}{PREFIX}"
    browser = Browser(app_for(public_url=issuer, sites=SITES))
    browser.client = Client(Host(browser.app, strips=strips))
    found = browser.get(f"{PREFIX}{WELL_KNOWN}").get_json()
    assert found["issuer"] == issuer
    for name, path in ENDPOINTS.items():
        assert found[name] == f"{issuer}{path}"
    assert browser.get(f"{PREFIX}/oauth2/jwks").get_json()["keys"]


def test_rfc_8414s_address_of_an_issuer_with_a_path(app_for):
    """security row 115: the well-known part stands in front of the path there"""
    browser = Browser(app_for(public_url=f"{ISSUER}/wx", sites=SITES))
    at_root = "/.well-known/oauth-authorization-server"
    assert browser.get(f"{at_root}/wx").get_json()["issuer"] == f"{ISSUER}/wx"
    for path in (f"{at_root}/other", f"{at_root}/wx/more"):
        assert browser.get(path).status_code == 404


def test_a_host_header_changes_nothing(browser):
    """security rows 98 and 115"""
    answer = browser.get(WELL_KNOWN, headers={"Host": "localhost:5000"})
    assert answer.get_json()["issuer"] == ISSUER


@pytest.mark.parametrize("path", [WELL_KNOWN, "/oauth2/jwks"])
def test_it_may_be_kept_for_five_minutes_and_read_by_every_page(browser, path):
    """security row 118: a new key signs an hour after it is published"""
    for headers in ({}, {"Origin": "https://anybody.test"}):
        answer = browser.get(path, headers=headers)
        assert answer.headers["Cache-Control"] == "public, max-age=300"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "Set-Cookie" not in answer.headers


def test_keys_are_public_halves_with_ids(browser):
    (key,) = browser.get("/oauth2/jwks").get_json()["keys"]
    assert set(key) == {"kty", "n", "e", "kid", "use", "alg"}
