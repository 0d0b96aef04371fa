"""What start-up refuses (security rows 37 and 111)."""

import base64
import os
import sys

import pytest
from pydantic import SecretStr

from wxlogin.config import App, AppKind, load_settings
from wxlogin.errors import ConfigurationError

GOOD_KEY = "9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c"
GOOD = {
    "public_url": "https://login.shop.example",
    "secret_key": SecretStr(GOOD_KEY),
    "encryption_keys": (SecretStr(base64.b64encode(bytes(range(32))).decode()),),
    "apps": (
        App(
            name="web",
            kind=AppKind.website,
            appid="wx1234567890abcdef",
            secret="0f1e2d3c4b5a69788796a5b4c3d2e1f0",
        ),
    ),
}


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    for name in list(os.environ):
        if name.startswith("WXLOGIN_"):
            monkeypatch.delenv(name)


def refused(tmp_path, **changes):
    with pytest.raises(ConfigurationError) as caught:
        load_settings(tmp_path, **{**GOOD, **changes})
    return caught.value.operator


def test_a_complete_production_set_up_is_accepted(tmp_path):
    settings = load_settings(tmp_path, **GOOD)
    assert settings.env == "production"
    assert not settings.simulated
    assert not (tmp_path / "secret_key").exists()


@pytest.mark.parametrize(
    "key", ["", "short", "a" * 40, "change-me-" * 5, "secret-key-secret-key-0123456789"]
)
def test_a_weak_signing_key_is_refused(tmp_path, key):
    assert "SECRET_KEY" in refused(tmp_path, secret_key=SecretStr(key))


@pytest.mark.parametrize(
    "key",
    ["", "not base64!", base64.b64encode(bytes(32)).decode(), "AAECAwQFBgcICQ=="],
)
def test_a_weak_sealing_key_is_refused(tmp_path, key):
    keys = (SecretStr(key),) if key else ()
    assert "ENCRYPTION_KEYS" in refused(tmp_path, encryption_keys=keys)


def test_plain_http_is_refused_in_production_and_allowed_in_a_trial(tmp_path):
    assert "https" in refused(tmp_path, public_url="http://login.shop.example")
    trial = {**GOOD, "public_url": "http://192.0.2.7:8000", "env": "trial"}
    assert load_settings(tmp_path, **trial).env == "trial"


@pytest.mark.parametrize("env", ["production", "trial"])
def test_the_simulator_is_refused_outside_development(tmp_path, env):
    assert "SIMULATOR" in refused(tmp_path, simulator="on", env=env)


def test_development_is_refused_on_a_public_address(tmp_path):
    assert "loopback" in refused(tmp_path, env="development")


def test_production_without_an_app_is_refused(tmp_path):
    assert "APPS is empty" in refused(tmp_path, apps=())


@pytest.mark.parametrize("secret", ["secret-of-web", "x", "a" * 32])
def test_an_app_secret_that_wechat_never_gave_out_is_refused(tmp_path, secret):
    app = GOOD["apps"][0].model_copy(update={"secret": secret})
    told = refused(tmp_path, apps=(app,))
    assert "AppSecret" in told
    assert f"of {app.name} is" in told


def test_two_apps_of_one_name_or_appid_are_refused(tmp_path):
    told = refused(tmp_path, apps=GOOD["apps"] * 2)
    assert "the name web" in told
    assert "the appid wx1234567890abcdef" in told


def test_a_file_of_settings_that_everybody_may_read_is_refused(tmp_path):
    path = tmp_path / "wxlogin.toml"
    path.write_text('site_name = "x"\n')
    path.chmod(0o644)
    assert "chmod 600" in refused(tmp_path)
    path.chmod(0o640)
    load_settings(tmp_path, **GOOD)


def test_a_weak_operator_key_is_refused(tmp_path):
    assert "OPERATOR_KEY" in refused(tmp_path, operator_key=SecretStr("operator"))


def test_all_mistakes_are_told_at_once(tmp_path):
    told = refused(tmp_path, secret_key=SecretStr(""), encryption_keys=(), apps=())
    assert len(told.splitlines()) == 3


@pytest.mark.parametrize(
    ("url", "todo"),
    [
        ("postgres://u:hush@host/db", "write postgresql+psycopg://"),
        ("mysql+oursql://u:hush@host/db", "write postgresql+psycopg://"),
        ("not a url, hush", "for SQLite leave it out"),
    ],
)
def test_a_database_url_that_nothing_can_open_is_refused(tmp_path, url, todo):
    text = refused(tmp_path, database_url=url)
    assert todo in text
    assert "hush" not in text


def test_a_driver_that_is_not_installed_is_named_with_its_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    text = refused(tmp_path, database_url="postgresql+psycopg://u:hush@host/db")
    assert "pip install 'wxlogin[postgresql]'" in text
    assert "hush" not in text
