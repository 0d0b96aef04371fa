"""The modules of oidcc-basic-certification-test-plan, by their names.

Variant: discovery, static client, response_type code. Where a module lets a oidc
choose, the test asks for what we chose. Modules for registered-at-run-time clients
only are here as far as they say something of ours.
"""

import pytest

from tests.plans.conftest import BLOG, SHOP, party
from tests.plans.rp import error_of, good_tokens, pkce, unsigned
from tests.plans.visitor import Visitor
from tests.support.journey import ENGLISH, Browser, Phone
from wxlogin.oidc.claims import username

PROFILE = {"name": "小明😀", "nickname": "小明😀", "locale": "zh-CN"}


def test_oidcc_server(shop, visitor):
    """A plain sign-in: code, tokens, a good ID token, userinfo of the same sub."""
    signed_in = shop.signs_in(visitor)
    assert signed_in.logins == 1
    assert set(signed_in.tokens) >= {"access_token", "id_token", "refresh_token"}


def test_oidcc_response_type_missing(shop, visitor):
    """Without response_type: an error that says so, at us or at the site."""
    asked = shop.asks(response_type=None)
    error = shop.is_refused(visitor.goes_to(asked.url), asked)
    assert error in ("invalid_request", "unsupported_response_type")


def test_oidcc_idtoken_signature(shop, visitor):
    """With no algorithm asked for, RS256 signs, and the header names the key."""
    asked = shop.asks()
    code = shop.takes_back(visitor.goes_to(asked.url), asked)
    id_token = good_tokens(shop.redeems(code))["id_token"]
    shop.verifies(id_token, nonce=asked.nonce, algorithm="RS256")


def test_oidcc_idtoken_unsigned(shop):
    """Unsigned ID tokens, where they are supported. They never are."""
    assert "none" not in shop.metadata["id_token_signing_alg_values_supported"]


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_oidcc_idtoken_algorithm_of_the_site(provider_for, simulator, algorithm):
    """The ID token is signed as the operator said for this site."""
    site = {**SHOP, "id_token_alg": algorithm}
    oidc = provider_for(site)
    shop = party(oidc, site)
    asked = shop.asks()
    visitor = Visitor(Browser(oidc), Phone(simulator, "xiaoming"))
    code = shop.takes_back(visitor.goes_to(asked.url), asked)
    tokens = good_tokens(shop.redeems(code))
    shop.verifies(
        tokens["id_token"],
        nonce=asked.nonce,
        access_token=tokens["access_token"],
        algorithm=algorithm,
    )


def test_oidcc_userinfo_get(shop, visitor):
    """Userinfo by GET, the token in the header."""
    signed_in = shop.signs_in(visitor)
    answer = shop.userinfo(signed_in.access_token)
    assert answer.get_json()["sub"] == signed_in.claims["sub"]


def test_oidcc_userinfo_post_header(shop, visitor):
    """Userinfo by POST, the token in the header."""
    signed_in = shop.signs_in(visitor)
    answer = shop.userinfo(signed_in.access_token, "POST")
    assert answer.status_code == 200, answer.text
    assert answer.get_json() == signed_in.userinfo


def test_oidcc_userinfo_post_body(shop, visitor):
    """Userinfo by POST, the token in the form (RFC 6750 section 2.2)."""
    signed_in = shop.signs_in(visitor)
    answer = shop.calls(
        shop.metadata["userinfo_endpoint"],
        "POST",
        data={"access_token": signed_in.access_token},
    )
    assert answer.status_code == 200, answer.text
    assert answer.get_json() == signed_in.userinfo


def test_oidcc_ensure_request_without_nonce_succeeds_for_code_flow(shop, visitor):
    """The code flow needs no nonce, and then the ID token has none."""
    signed_in = shop.signs_in(visitor, shop.asks(nonce=None))
    assert "nonce" not in signed_in.claims


def test_oidcc_scope_profile(app_for, simulator):
    """Scope profile brings the claims of a profile that we have.

    Pictures of the simulated WeChat are fetched in development only.
    """
    app = app_for(sites=(SHOP,))
    shop, visitor = (
        party(app, SHOP),
        Visitor(Browser(app), Phone(simulator, "xiaoming")),
    )
    known = shop.signs_in(visitor, shop.asks("openid profile")).userinfo
    assert {name: known[name] for name in PROFILE} == PROFILE
    assert known["picture"].startswith(f"{shop.issuer}/")
    assert shop.calls(known["picture"]).mimetype == "image/jpeg"
    assert isinstance(known["updated_at"], int)


def test_oidcc_scope_email(shop, visitor):
    """Scope email: an address below our host that receives nothing, not verified."""
    known = shop.signs_in(visitor, shop.asks("openid email")).userinfo
    assert known["email"] == f"{username(known['sub'])}@users.login.example"
    assert known["email_verified"] is False
    assert "name" not in known


def test_oidcc_scope_address(shop, visitor):
    """Scope address, where it is supported. It is not, and does no harm."""
    assert "address" not in shop.metadata["scopes_supported"]
    signed_in = shop.signs_in(visitor, shop.asks("openid address"))
    assert "address" not in signed_in.userinfo
    assert signed_in.tokens.get("scope") == "openid"


def test_oidcc_scope_phone(shop, visitor):
    """Scope phone, where it is supported. It is not, and does no harm."""
    assert "phone" not in shop.metadata["scopes_supported"]
    signed_in = shop.signs_in(visitor, shop.asks("openid phone"))
    assert "phone_number" not in signed_in.userinfo
    assert signed_in.tokens.get("scope") == "openid"


def test_oidcc_scope_all(shop, visitor):
    """All standard scopes at once."""
    asked = shop.asks("openid profile email phone address")
    known = shop.signs_in(visitor, asked).userinfo
    assert known["name"] == "小明😀"
    assert known["email"].endswith("@users.login.example")


def test_oidcc_ensure_other_scope_order_succeeds(shop, visitor):
    """The order of scopes does not matter (RFC 6749 section 3.3)."""
    known = shop.signs_in(visitor, shop.asks("email openid")).userinfo
    assert known["email"]


def test_oidcc_alternate_happy_flow(shop, visitor):
    """Neither does the order of parameters."""
    asked = shop.asks("email openid")
    address, _, query = asked.url.partition("?")
    turned = "&".join(reversed(query.split("&")))
    arrived = visitor.goes_to(f"{address}?{turned}")
    assert shop.finishes(arrived, asked).userinfo["email"]


def test_oidcc_display_page(shop, visitor):
    """display=page is no reason to fail."""
    shop.signs_in(visitor, shop.asks(display="page"))


def test_oidcc_display_popup(shop, visitor):
    """Neither is display=popup."""
    shop.signs_in(visitor, shop.asks(display="popup"))


def test_oidcc_prompt_login(shop, visitor, clock):
    """security row 118: prompt=login asks for a new login, and auth_time is later."""
    before = shop.signs_in(visitor)
    clock.shift(60)
    after = shop.signs_in(visitor, shop.asks(prompt="login"))
    assert after.logins == 1
    assert after.claims["sub"] == before.claims["sub"]
    assert after.claims["auth_time"] >= before.claims["auth_time"] + 60


def test_oidcc_prompt_none_not_logged_in(shop, visitor):
    """security row 118: prompt=none shows no page to a stranger."""
    asked = shop.asks(prompt="none")
    arrived = visitor.goes_to(asked.url)
    assert shop.is_refused(arrived, asked) == "login_required"
    assert arrived.logins == 0


def test_oidcc_prompt_none_logged_in(shop, visitor, clock):
    """security row 118: prompt=none of a signed-in person: same sub and auth_time."""
    before = shop.signs_in(visitor)
    clock.shift(5)
    after = shop.signs_in(visitor, shop.asks(prompt="none"))
    assert after.logins == 0
    for name in ("sub", "auth_time"):
        assert after.claims[name] == before.claims[name]


def test_oidcc_max_age_1(shop, visitor, clock):
    """security row 118: a login older than max_age does not do."""
    before = shop.signs_in(visitor, shop.asks(max_age="15000"))
    clock.shift(2)
    after = shop.signs_in(visitor, shop.asks(max_age="1"))
    assert after.logins == 1
    assert after.claims["auth_time"] > before.claims["auth_time"]
    assert after.claims["sub"] == before.claims["sub"]


def test_oidcc_max_age_10000(shop, visitor, clock):
    """security row 118: a younger one does, and keeps its auth_time."""
    before = shop.signs_in(visitor)
    clock.shift(2)
    after = shop.signs_in(visitor, shop.asks(max_age="10000"))
    assert after.logins == 0
    assert after.claims["auth_time"] == before.claims["auth_time"]


def test_oidcc_ensure_request_with_unknown_parameter_succeeds(shop, visitor):
    """Unknown parameters are ignored (RFC 6749 section 3.1)."""
    shop.signs_in(visitor, shop.asks(extra="foobar"))


def test_oidcc_id_token_hint(shop, visitor):
    """prompt=none with the ID token of the person who is signed in."""
    before = shop.signs_in(visitor)
    asked = shop.asks(prompt="none", id_token_hint=before.id_token)
    after = shop.signs_in(visitor, asked)
    assert after.claims["sub"] == before.claims["sub"]


def test_oidcc_login_hint(shop, visitor):
    """login_hint is no reason to fail."""
    shop.signs_in(visitor, shop.asks(login_hint="buffy@login.example"))


def test_oidcc_ui_locales(shop, visitor):
    """Languages that we do not speak are no reason to fail."""
    shop.signs_in(visitor, shop.asks(ui_locales="se"))


@pytest.mark.parametrize(("wish", "spoken"), [("en", "en"), ("se zh-CN", "zh-CN")])
def test_oidcc_ui_locales_of_ours(shop, idle_visitor, wish, spoken):
    """The login page speaks the first of the languages that it knows."""
    other = {"en": {"Accept-Language": "zh-CN"}, "zh-CN": ENGLISH}[spoken]
    idle_visitor.browser.headers.update(other)
    arrived = idle_visitor.goes_to(shop.asks(ui_locales=wish).url)
    assert f'<html lang="{spoken}"' in arrived.answer.text


def test_oidcc_claims_locales(shop, visitor):
    """claims_locales is no reason to fail."""
    shop.signs_in(visitor, shop.asks(claims_locales="se"))


def test_oidcc_ensure_request_with_acr_values_succeeds(shop, visitor):
    """Neither are acr_values, which are a wish only."""
    shop.signs_in(visitor, shop.asks(acr_values="1 2"))


def test_oidcc_codereuse(shop, visitor):
    """security row 113: a code is good once."""
    asked = shop.asks()
    code = shop.takes_back(visitor.goes_to(asked.url), asked)
    good_tokens(shop.redeems(code))
    assert error_of(shop.redeems(code)) == "invalid_grant"


def test_oidcc_codereuse_30seconds(shop, visitor, clock):
    """security row 113: after 30 seconds too, and then the first token is dead."""
    asked = shop.asks()
    code = shop.takes_back(visitor.goes_to(asked.url), asked)
    tokens = good_tokens(shop.redeems(code))
    clock.shift(30)
    assert error_of(shop.redeems(code)) == "invalid_grant"
    assert shop.userinfo(tokens["access_token"]).status_code == 401
    assert error_of(shop.refreshes(tokens["refresh_token"])) == "invalid_grant"


def test_oidcc_ensure_registered_redirect_uri(shop, visitor):
    """security row 112: an address that nobody registered gets a page, no Location."""
    asked = shop.asks(redirect_uri="https://shop.example/callback/other")
    arrived = visitor.goes_to(asked.url)
    assert arrived.is_page
    assert arrived.answer.status_code == 400


def test_oidcc_ensure_post_request_succeeds(shop, visitor):
    """The request may be a form that is posted (Core section 3.1.2.1)."""
    asked = shop.asks()
    endpoint = shop.metadata["authorization_endpoint"]
    arrived = visitor.posts_to(endpoint, asked.query)
    shop.finishes(arrived, asked)


def test_oidcc_server_client_secret_post(shop_by_post, visitor):
    """The plain sign-in with the secret in the form."""
    methods = shop_by_post.metadata["token_endpoint_auth_methods_supported"]
    assert {"client_secret_basic", "client_secret_post"} <= set(methods)
    shop_by_post.signs_in(visitor)


def test_oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported(
    shop, visitor
):
    """A request by reference is done right, or refused as not supported: refused."""
    asked = shop.asks(request_uri="https://shop.example/request.jwt")
    error = shop.is_refused(visitor.goes_to(asked.url), asked)
    assert error == "request_uri_not_supported"


def test_oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(
    shop, visitor
):
    """So is a request object. To overlook it would be wrong."""
    plain = shop.asks()
    asked = shop.asks(
        state=plain.state, nonce=plain.nonce, request=unsigned(plain.query)
    )
    error = shop.is_refused(visitor.goes_to(asked.url), asked)
    assert error == "request_not_supported"


def test_oidcc_claims_essential(shop, visitor):
    """`claims` asks for a name as essential. It is no reason to fail without one."""
    wish = '{"userinfo": {"name": {"essential": true}}}'
    shop.signs_in(visitor, shop.asks(claims=wish))


def test_oidcc_ensure_request_object_with_redirect_uri(shop, visitor):
    """A request object does not repair a foreign redirect_uri: a page, no Location."""
    inner = shop.asks().query
    asked = shop.asks(
        redirect_uri="https://shop.example/foreign", request=unsigned(inner)
    )
    arrived = visitor.goes_to(asked.url)
    assert arrived.is_page
    assert arrived.answer.status_code == 400


def test_oidcc_refresh_token(shop, visitor, oidc, clock):
    """security row 119: a refresh gives good tokens, to its own client only."""
    assert "refresh_token" in shop.metadata["grant_types_supported"]
    first = shop.signs_in(visitor)
    assert first.refresh_token.isascii() and first.refresh_token.isprintable()
    clock.shift(5)
    tokens = good_tokens(shop.refreshes(first.refresh_token))
    assert tokens["access_token"] != first.access_token
    claims = shop.verifies(tokens["id_token"], nonce=first.nonce_after(tokens))
    for name in ("iss", "sub", "aud", "auth_time", "sid"):
        assert claims[name] == first.claims[name], name
    assert claims["iat"] > first.claims["iat"]
    known = shop.userinfo(tokens["access_token"]).get_json()
    assert known["sub"] == claims["sub"]
    blog = party(oidc, BLOG)
    of_blog = blog.signs_in(visitor)
    assert error_of(shop.refreshes(of_blog.refresh_token)) == "invalid_grant"
    good_tokens(blog.refreshes(of_blog.refresh_token))


def test_oidcc_ensure_request_with_valid_pkce_succeeds(shop, visitor):
    """A client with a secret may use PKCE as well."""
    verifier, challenge = pkce()
    asked = shop.asks(code_challenge=challenge, code_challenge_method="S256")
    arrived = visitor.goes_to(asked.url)
    shop.finishes(arrived, asked, code_verifier=verifier)
