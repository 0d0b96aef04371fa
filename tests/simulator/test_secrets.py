"""The simulator shows the fixed world's secrets and no others (finding L3)."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from wxlogin.cli.demo import world_for
from wxlogin.config import load_settings
from wxlogin.simulator import World, create_simulator
from wxlogin.simulator.world.seed import AES_KEY

from .conftest import Site

REAL = {
    "secret": "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "token": "a-real-push-token",
    "aes_key": "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY",
}
PATHS = (
    "/",
    "/_sim/apps",
    "/_sim/people",
    "/_sim/calls",
    "/phone",
    "/calls",
    "/pushes",
)


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    """The simulator of a service with the operator's own apps."""
    web = {"name": "web", "kind": "website", "appid": "wx00112233445566aa"}
    oa = {"name": "oa", "kind": "official_account", "appid": "wx0000000000000a02"}
    apps = [web | {"secret": REAL["secret"]}, oa | REAL]
    world = world_for(load_settings(tmp_path, apps=apps, simulator="on"))
    return create_simulator(world, hold_seconds=0).test_client()


@pytest.mark.parametrize("path", PATHS)
def test_an_operators_secrets_are_not_shown(client: FlaskClient, path: str) -> None:
    text = client.get(path).text
    assert not [secret for secret in REAL.values() if secret in text]


def test_the_fixed_worlds_are_shown(client: FlaskClient) -> None:
    apps = {app["name"]: app for app in client.get("/_sim/apps").get_json()}
    assert apps["web"]["secret"] == apps["oa"]["token"] == "•••"
    assert apps["mp"]["secret"] == "secret-of-mp"
    assert apps["mp"]["aes_key"] == AES_KEY
    assert "secret-of-mp" in client.get("/").text


def test_a_sign_in_with_a_secret_that_is_not_shown(client: FlaskClient) -> None:
    appid = "wx00112233445566aa"
    site = Site(client)
    code = site.gets_code(appid=appid)
    assert "openid" in site.exchanges(code, appid=appid, secret=REAL["secret"])
    other = site.gets_code(appid=appid)
    assert site.exchanges(other, appid=appid, secret="•••")["errcode"] == 40125


def test_what_was_read_may_be_put_back(client: FlaskClient) -> None:
    apps = client.get("/_sim/apps").get_json()
    answer = client.put("/_sim/apps", json=apps)
    assert answer.get_json() == apps
    world: World = client.application.extensions["world"]
    assert world.registry.app("oa").secret == REAL["secret"]
    assert world.registry.app("oa").aes_key == REAL["aes_key"]
    new = {"name": "new", "appid": "wxnew", "secret": "•••"}
    assert client.put("/_sim/apps", json=new).status_code == 400


def test_no_secret_is_in_what_is_printed_of_an_app(client: FlaskClient) -> None:
    world: World = client.application.extensions["world"]
    assert REAL["secret"] not in repr(world.registry.apps())
