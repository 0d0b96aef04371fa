"""The tea shop of the demo: there where nothing is set, and nowhere else."""

import hashlib

import pytest

from wxlogin.config import load_settings
from wxlogin.config.demo import demo_site, has_known_secret
from wxlogin.errors import ConfigurationError

SECRET = "the-tea-shop-has-no-secrets"
HASHED = f"sha256:{hashlib.sha256(SECRET.encode()).hexdigest()}"


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    monkeypatch.delenv("SHOP_PORT", raising=False)


def test_the_demo_has_a_shop_in_three_languages(tmp_path):
    [site] = load_settings(tmp_path).sites
    assert (site.client_id, site.client_secret) == ("teashop", SECRET)
    ports = [5002, 5003, 5004]
    assert list(site.redirect_uris) == [
        f"http://127.0.0.1:{port}/callback" for port in ports
    ]
    assert list(site.post_logout_redirect_uris) == [
        f"http://127.0.0.1:{port}/" for port in ports
    ]


def test_the_shop_moves_with_its_port(tmp_path, monkeypatch):
    monkeypatch.setenv("SHOP_PORT", "6002")
    [site] = load_settings(tmp_path).sites
    assert site.redirect_uris[0] == "http://127.0.0.1:6002/callback"


@pytest.mark.parametrize("port", ["shop", "0", "70000", "-1"])
def test_a_port_that_is_none_is_refused(tmp_path, monkeypatch, port):
    monkeypatch.setenv("SHOP_PORT", port)
    with pytest.raises(ConfigurationError, match="SHOP_PORT"):
        load_settings(tmp_path)


def test_sites_of_your_own_take_its_place(tmp_path):
    settings = load_settings(tmp_path, sites=[{"name": "mine"}])
    assert [site.name for site in settings.sites] == ["mine"]


def test_without_the_simulator_there_is_none(tmp_path):
    assert load_settings(tmp_path, simulator="off").sites == ()


@pytest.mark.parametrize("secret", [SECRET, HASHED])
@pytest.mark.parametrize("env", ["trial", "production"])
def test_its_secret_is_refused_wherever_others_come(tmp_path, env, secret):
    """security row 37: everybody knows it."""
    site = demo_site().model_copy(update={"client_secret": secret})
    assert has_known_secret(site)
    with pytest.raises(ConfigurationError, match=r"the demo's.* everybody"):
        load_settings(
            tmp_path,
            public_url="https://login.shop.test",
            env=env,
            sites=[site.model_dump()],
        )
