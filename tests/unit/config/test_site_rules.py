"""What start-up refuses about sites, and what a site may be at all."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.unit.config.conftest import GOOD
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
def test_start_up_refuses(refused, changes, says):
    assert says in refused(sites=(site(**changes),))


def test_the_demos_secret_is_for_development_only(refused):
    """Security row 37."""
    assert "demo's" in refused(sites=(demo_site(),))


def test_two_sites_with_one_id_are_refused(refused):
    assert "client_id shop" in refused(sites=(site(), site(name="two")))


def test_with_several_sites_it_must_be_said_what_holds_for_none(refused, tmp_path):
    closed = site(registration=Registration.closed)
    pair = (closed, site(name="two", client_id="two"))
    assert "REGISTRATION" in refused(sites=pair)
    assert load_settings(tmp_path, **GOOD, sites=pair, registration="open")


def test_asking_for_terms_that_are_nowhere_is_refused(refused):
    assert "TERMS_URL" in refused(registration="ask")


def test_an_app_on_the_machine_itself_may_use_http(refused, tmp_path):
    """RFC 8252 section 7.3: loopback, and only for clients without a secret."""
    local = ("http://127.0.0.1/callback", "com.example.app:/callback")
    native = site(client_secret=None, redirect_uris=local)
    assert load_settings(tmp_path, **GOOD, sites=(native,)).sites == (native,)
    assert "with http:" in refused(sites=(site(redirect_uris=local),))


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


@pytest.mark.parametrize(
    "origin",
    [
        "https://*.com",
        "https://*.cn",
        "https://*.COM.cn",
        "https://*.com.cn:8443",
        "https://*.bj.cn",
        "https://*.公司.cn",
        "https://*.co.uk",
        "https://*.com.hk",
        "https://*.github.io",
        "https://*.vercel.app",
        "https://*.pages.dev",
        "https://*.myqcloud.com",
        "https://*.cos.ap-shanghai.myqcloud.com",
        "https://*.oss-cn-beijing.aliyuncs.com",
        "https://*.s3.eu-west-1.amazonaws.com",
        "https://*.tcloudbaseapp.com",
        "https://*.com.",
    ],
)
@pytest.mark.parametrize("env", ["trial", "production"])
def test_a_wildcard_over_strangers_is_refused(refused, env, origin):
    """finding L9"""
    told = refused(env=env, sites=(site(origins=(origin,)),))
    assert "origins of shop has https://*." in told
    assert "strangers have hosts below" in told


@pytest.mark.parametrize(
    "origin",
    [
        "https://*.shop.example",
        "https://*.shop.com.cn",
        "https://*.shop.cn",
        "https://*.shop.github.io",
        "https://*.com.example",
        "https://*.qq.com",
        "https://github.io",
    ],
)
def test_a_wildcard_over_the_sites_own_hosts_is_taken(started, origin):
    assert started(sites=(site(origins=(origin,)),))


@pytest.mark.parametrize(
    "origin",
    [
        "http://shop.example",
        "HTTP://shop.example",
        "http://*.shop.example",
        "http://shop.example:8080",
        "http://localhost:3000",
    ],
)
def test_an_origin_in_the_clear_is_for_trials(refused, started, origin):
    """finding L9"""
    told = refused(sites=(site(origins=(origin,)),))
    assert "origins of shop has an address with http" in told
    assert started(env="trial", sites=(site(origins=(origin,)),))


@pytest.mark.parametrize(
    "secret",
    [
        "abcdefghabcdefghabcdefgh",
        "aaaaaaaaaaaaaaaaaaaaaaaa",
        "0123456789001234567890",
        "01234567890123456789012345",
        "abcdefghijklabcdefghijkl",
        "abcdefghijklmabcdefghijklmabcdefghijklm",
        "passwordpasswordpassword",
        "abcdefghijklmnopqrstuvwxyz",
        "your-client-secret-here-12345",
        "<put-a-secret-here-please>",
        "${CLIENT_SECRET_FROM_VAULT}",
        "{{ vault.wxlogin.shop_key }}",
        "CHANGEME-3f9Ck2mQ8vLxZ71b",
        "sha256:" + "ab" * 32,
        "sha256:" + "0123456789ab" * 5 + "0123",
    ],
)
@pytest.mark.parametrize("env", ["trial", "production"])
def test_a_monotonous_secret_is_refused(refused, env, secret):
    """finding L9"""
    told = refused(
        env=env,
        sites=[
            {"name": "shop", "client_id": "s"}
            | {"client_secret": secret.ljust(24, "0")}
        ],
    )
    assert "client_secret of shop is too weak" in told
    assert secret not in told


def test_addresses_of_a_site_are_kept_as_browsers_send_them():
    """finding I7"""
    kept = site(
        origins=("https://商店.example", "https://Shop.example:443"),
        redirect_uris=("https://商店.example/cb", "https://Shop.example/Cb"),
        bind_url="https://商店.example/绑定",
        backchannel_logout_uri="http://shop_backend:8080/out",
        terms_url="https://商店.example/terms",
    )
    xn = "https://xn--czrs0t.example"
    assert kept.origins == (xn, "https://shop.example")
    assert kept.redirect_uris == (f"{xn}/cb", "https://Shop.example/Cb")
    assert kept.bind_url == f"{xn}/%E7%BB%91%E5%AE%9A"
    assert kept.backchannel_logout_uri == "http://shop_backend:8080/out"
    assert kept.terms_url == f"{xn}/terms"


@pytest.mark.parametrize("name", ["home", "start_url"])
@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/",
        "https://shop.example.evil.example/",
        "https://shop.example:8443/",
        "https://x.shop.example/",
        "https://noodles.example/",
        "https://evilnoodles.example/",
        "http://shop.example/login",
    ],
)
def test_a_place_that_is_not_the_sites_is_refused(refused, name, url):
    """A visitor would be led to somebody else; the sentence names the site."""
    origins = ("https://*.noodles.example",)
    said = refused(sites=(site(name="茶铺", origins=origins, **{name: url}),))
    assert f"{name} of 茶铺" in said


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example/",
        "https://shop.example/login?by=wechat#top",
        "https://a.b.noodles.example/x",
        "/tea/login",
        "",
    ],
)
def test_a_place_of_the_sites_is_taken(tmp_path, url):
    made = site(origins=("https://*.noodles.example",), home=url, start_url=url)
    assert load_settings(tmp_path, **GOOD, sites=(made,)).sites == (made,)


def test_a_sites_own_accent_is_readable():
    with pytest.raises(ValidationError):
        site(accent="#ffff00")
    assert site(accent="#8A1538").accent == "#8a1538"
