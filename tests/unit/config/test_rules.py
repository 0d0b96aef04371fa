"""What start-up refuses (security rows 37 and 111)."""

import base64
import sys

import pytest
import sqlalchemy as sa
from pydantic import SecretStr, ValidationError

from tests.unit.config.conftest import GOOD
from wxlogin.config import App, AppKind, Site, load_settings
from wxlogin.errors import ConfigurationError

OPERATOR = SecretStr("Op7x2mQ9vL4sW8nR3tY6bZ1cF5")


def test_a_complete_production_set_up_is_accepted(tmp_path):
    settings = load_settings(tmp_path, **GOOD)
    assert settings.env == "production"
    assert not settings.simulated
    assert not (tmp_path / "secret_key").exists()


@pytest.mark.parametrize(
    "key",
    [
        "",
        "short",
        "a" * 40,
        "change-me-" * 5,
        "secret-key-secret-key-0123456789",
        "0123456789" * 4,
        "abcdefghijklmnopqrstuvwxyz" * 2,
        "zyxwvutsrqponmlkjihgfedcba987654",
        "${SECRET_KEY_FROM_THE_VAULT_9f3k}",
        "<put the real key of 32 letters in>",
    ],
)
def test_a_weak_signing_key_is_refused(refused, key):
    assert "SECRET_KEY" in refused(secret_key=SecretStr(key))


def test_on_ones_own_machine_a_key_may_be_easy_to_type(tmp_path):
    load_settings(tmp_path, secret_key=SecretStr("0123456789abcdef" * 2))
    with pytest.raises(ConfigurationError, match="SECRET_KEY"):
        load_settings(tmp_path, secret_key=SecretStr("a" * 40))


@pytest.mark.parametrize("name", ["nobody", "web", "quiet"])
def test_who_must_be_followed_has_to_tell_us(refused, name):
    """No app of this name, one that nobody follows, and one without pushes."""
    apps = (*GOOD["apps"], account("quiet"), account("oa", token="t0ken"))
    for given in ({"must_follow": name}, {"sites": (site(name),)}):
        said = refused(apps=apps, **given)
        assert f"is {name}, and APPS has no official_account" in said


def test_an_account_with_pushes_can_be_followed(tmp_path):
    apps = (*GOOD["apps"], account("oa", token="t0ken", title=" 城记茶铺 "))
    given = {"apps": apps, "must_follow": "oa", "sites": (site("oa"),)}
    settings = load_settings(tmp_path, **{**GOOD, **given})
    assert settings.account_to_follow(None).title == "城记茶铺"
    assert settings.account_to_follow(settings.sites[0]).name == "oa"


def account(name: str, **more: str) -> App:
    appid = f"wx00000000000{sum(name.encode()):05d}"
    secret = "9f86d081884c7d659a2feaa0c55ad015"
    kind = AppKind.official_account
    return App(name=name, kind=kind, appid=appid, secret=secret, **more)


def site(must_follow: str) -> Site:
    return Site(name="shop", must_follow=must_follow)


@pytest.mark.parametrize(
    "key",
    ["", "not base64!", base64.b64encode(bytes(32)).decode(), "AAECAwQFBgcICQ=="],
)
def test_a_weak_sealing_key_is_refused(refused, key):
    keys = (SecretStr(key),) if key else ()
    assert "ENCRYPTION_KEYS" in refused(encryption_keys=keys)


def test_plain_http_is_refused_in_production_and_allowed_in_a_trial(refused, tmp_path):
    assert "https" in refused(public_url="http://login.shop.example")
    trial = {**GOOD, "public_url": "http://192.0.2.7:8000", "env": "trial"}
    assert load_settings(tmp_path, **trial).env == "trial"


@pytest.mark.parametrize("env", ["production", "trial"])
def test_the_simulator_is_refused_outside_development(refused, env):
    assert "SIMULATOR" in refused(simulator="on", env=env)


def test_development_is_refused_on_a_public_address(refused):
    assert "loopback" in refused(env="development")


def test_production_without_an_app_is_refused(refused):
    assert "APPS is empty" in refused(apps=())


@pytest.mark.parametrize("secret", ["secret-of-web", "x", "a" * 32])
def test_an_app_secret_that_wechat_never_gave_out_is_refused(refused, secret):
    app = GOOD["apps"][0].model_copy(update={"secret": secret})
    told = refused(apps=(app,))
    assert "AppSecret" in told
    assert f"of {app.name} is" in told


def test_two_apps_of_one_name_or_appid_are_refused(refused):
    told = refused(apps=GOOD["apps"] * 2)
    assert "the name web" in told
    assert "the appid wx1234567890abcdef" in told


def test_a_file_of_settings_that_everybody_may_read_is_refused(refused, tmp_path):
    path = tmp_path / "wxlogin.toml"
    path.write_text('site_name = "x"\n')
    path.chmod(0o644)
    assert "every user of this machine may read" in refused()
    path.chmod(0o602)
    assert "every user of this machine may change" in refused()
    path.chmod(0o640)
    load_settings(tmp_path, **GOOD)


def test_a_weak_operator_key_is_refused(refused):
    assert "OPERATOR_KEY" in refused(operator_key=SecretStr("operator"))


def test_a_token_is_shared_by_a_key_and_of_apps_that_have_one(refused, tmp_path):
    """security row 106a"""
    fields = {"kind": "official_account", "share_access_token": True}
    sharing = GOOD["apps"][0].model_dump() | fields
    assert "needs OPERATOR_KEY" in refused(apps=[sharing])
    load_settings(tmp_path, **GOOD | {"apps": [sharing], "operator_key": OPERATOR})
    website = sharing | {"kind": "website"}
    with pytest.raises(ConfigurationError, match="has an access token"):
        load_settings(tmp_path, **GOOD | {"apps": [website], "operator_key": OPERATOR})


def test_all_mistakes_are_told_at_once(refused):
    told = refused(secret_key=SecretStr(""), encryption_keys=(), apps=())
    assert len(told.splitlines()) == 3


@pytest.mark.parametrize(
    ("url", "todo"),
    [
        ("postgres://u:hush@host/db", "write postgresql+psycopg://"),
        ("mysql+oursql://u:hush@host/db", "write postgresql+psycopg://"),
        ("not a url, hush", "for SQLite leave it out"),
    ],
)
def test_a_database_url_that_nothing_can_open_is_refused(refused, url, todo):
    text = refused(database_url=url)
    assert todo in text
    assert "hush" not in text


def test_a_driver_that_is_not_installed_is_named_with_its_extra(refused, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    text = refused(database_url="postgresql+psycopg://u:hush@host/db")
    assert "pip install 'wxlogin[postgresql]'" in text
    assert "hush" not in text


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("mysql+pymysql://u@h/d?CHARSET=utf8", "CHARSET (did you mean charset?)"),
        ("mysql+pymysql://u@h/d?useUnicode=true", "useUnicode"),
        ("mysql+pymysql://u@h/d?characterEncoding=utf8", "characterEncoding"),
        ("postgresql+psycopg://u@h/d?charset=utf8", "charset"),
        ("postgresql+psycopg://u@h/d?SSLMODE=require", "did you mean sslmode?"),
    ],
)
def test_an_option_that_the_driver_does_not_know_is_told_at_the_start(
    refused, url, name
):
    said = refused(database_url=url)
    assert name in said
    assert "DATABASE_URL" in said


@pytest.mark.parametrize(
    "url",
    [
        "mysql+pymysql://u@h/d?charset=utf8&ssl_ca=/ca.pem&init_command=SET%20x=1",
        "postgresql+psycopg://u@h/d?sslmode=require&options=-c%20x%3D1",
    ],
)
def test_options_that_it_knows_are_taken(tmp_path, url):
    assert load_settings(tmp_path, **GOOD, database_url=url).database_url == url


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("", "{}/wxlogin.db"),
        ("sqlite:///people.db", "{}/people.db"),
        ("sqlite:////srv/people.db", "/srv/people.db"),
        ("sqlite:///data/people.db?timeout=3", "{}/data/people.db"),
    ],
)
def test_a_sqlite_file_is_in_the_instance_folder(tmp_path, url, place):
    found = load_settings(tmp_path, **GOOD, database_url=url)
    assert sa.make_url(found.database_url).database == place.format(tmp_path)


def test_a_weak_metrics_token_is_refused(refused):
    assert "METRICS_TOKEN is too weak" in refused(metrics_token=SecretStr("metrics"))
    assert "METRICS_TOKEN has a blank" in refused(metrics_token=SecretStr("a b" * 12))


def test_a_previous_secret_is_another_one():
    app = {"name": "web", "kind": "website", "appid": "wx0123456789abcdef"}
    assert App(**app, secret="one", secret_previous="two").secret_previous == "two"
    with pytest.raises(ValidationError, match="is the secret itself"):
        App(**app, secret="one", secret_previous="one")
