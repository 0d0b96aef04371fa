"""What start-up refuses about sites, and what a site may be at all."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.unit.config.test_rules import GOOD, bare_environment, refused  # noqa: F401
from wxlogin.config import Registration, Site, load_settings
from wxlogin.config.demo import demo_site

PAGE = Path(__file__).parents[3] / "docs" / "settings.md"
SECRET = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"


def site(**changes) -> Site:
    given = {
        "name": "shop",
        "client_id": "shop",
        "client_secret": SECRET,
        "redirect_uris": ("https://shop.example/callback",),
    }
    return Site(**{**given, **changes})


def test_a_site_with_everything_is_accepted(tmp_path):
    whole = site(
        origins=("https://shop.example",),
        post_logout_redirect_uris=("https://shop.example/",),
        backchannel_logout_uri="https://shop.example/logout",
        registration=Registration.ask,
        terms_url="https://shop.example/terms",
        privacy_url="https://shop.example/privacy",
        terms_version="2026-11",
        bind_url="https://shop.example/bind",
        webhook_url="https://shop.example/hooks",
        webhook_secret="whsec_" + "A" * 43 + "=",
    )
    assert load_settings(tmp_path, **GOOD, sites=(whole,)).site_of("shop") == whole


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"client_secret": "aaaaaaaaaaaaaaaaaaaaaaaaaaaa"}, "too weak"),
        ({"registration": Registration.ask}, "terms_url"),
        ({"redirect_uris": ("http://shop.example/callback",)}, "redirect_uris of"),
        ({"bind_url": "http://shop.example/bind"}, "bind_url of"),
        ({"backchannel_logout_uri": "http://shop.example/out"}, "not https"),
    ],
)
def test_start_up_refuses(tmp_path, changes, says):
    assert says in refused(tmp_path, sites=(site(**changes),))


def test_the_demos_secret_is_for_development_only(tmp_path):
    """Security row 37."""
    assert "demo's" in refused(tmp_path, sites=(demo_site(),))


def test_two_sites_with_one_id_are_refused(tmp_path):
    assert "client_id shop" in refused(tmp_path, sites=(site(), site(name="two")))


def test_with_several_sites_it_must_be_said_what_holds_for_none(tmp_path):
    closed = site(registration=Registration.closed)
    pair = (closed, site(name="two", client_id="two"))
    assert "REGISTRATION" in refused(tmp_path, sites=pair)
    assert load_settings(tmp_path, **GOOD, sites=pair, registration="open")


def test_asking_for_terms_that_are_nowhere_is_refused(tmp_path):
    assert "TERMS_URL" in refused(tmp_path, registration="ask")


def test_an_app_on_the_machine_itself_may_use_http(tmp_path):
    """RFC 8252 section 7.3: loopback, and only for clients without a secret."""
    local = ("http://127.0.0.1/callback", "com.example.app:/callback")
    native = site(client_secret=None, redirect_uris=local)
    assert load_settings(tmp_path, **GOOD, sites=(native,)).sites == (native,)
    assert "with http:" in refused(tmp_path, sites=(site(redirect_uris=local),))


@pytest.mark.parametrize(
    "uri",
    [
        "/callback",
        "shop.example/callback",
        "https://shop.example/#top",
        "https://*.shop.example/callback",
        "https://user@shop.example/callback",
        "https://shop.example/a b",
        "https://shop.example/\\evil",
        "javascript:alert(1)",
        "data:text/html,x",
        "app:/callback",
    ],
)
def test_an_address_to_return_to_is_whole_and_plain(uri):
    with pytest.raises(ValidationError):
        site(redirect_uris=(uri,))


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "with blank"},
        {"client_id": "x" * 65},
        {"client_id": None},
        {"client_secret": "short"},
        {"client_secret": "sha256:not-hexadecimal-at-all-but-long"},
        {"webhook_url": "https://shop.example/hooks"},
        {"webhook_secret": "whsec_c2hvcnQ="},
        {"backchannel_logout_uri": "https://shop.example:99999/out"},
        {"backchannel_logout_uri": "https://shop.example:0/out"},
    ],
)
def test_what_is_no_site(changes):
    with pytest.raises(ValidationError):
        site(**changes)


def test_the_document_names_every_field():
    text = PAGE.read_text("utf-8")
    table = text.partition("<!-- site -->")[2].partition("<!-- /site -->")[0]
    assert [name for name in Site.model_fields if f"| `{name}` |" not in table] == []
