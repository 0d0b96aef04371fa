"""wechatpy, a client that knows nothing of us, signs in with only its hosts changed."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from wechatpy.exceptions import WeChatOAuthException
from wechatpy.oauth import WeChatOAuth

from wxlogin.simulator import World, create_simulator
from wxlogin.simulator.server import SimulatorServer
from wxlogin.simulator.world.ids import openid, unionid

from .conftest import CALLBACK, H5_CALLBACK, OA, WEB, Account, code_of, phone, uuid_in


@pytest.fixture
def people(world: World) -> FlaskClient:
    """What people do, in the world of the running server."""
    return create_simulator(world, hold_seconds=0).test_client()


@pytest.fixture
def wechatpy(server: SimulatorServer) -> Callable[..., WeChatOAuth]:
    class Here(WeChatOAuth):  # type: ignore[misc]  # wechatpy has no types
        API_BASE_URL = f"{server.url}/"
        OAUTH_BASE_URL = f"{server.url}/connect/"

    def make(*args: str, **more: str) -> WeChatOAuth:
        client = Here(*args, **more)
        client._http.trust_env = False
        return client

    return make


def test_a_page_inside_wechat(
    people: FlaskClient, wechatpy: Callable[..., WeChatOAuth]
) -> None:
    oauth = wechatpy(OA, "secret-of-oa", H5_CALLBACK, "snsapi_userinfo", "S1")
    outcome = Account(people).visited(oauth.authorize_url)
    tokens = oauth.fetch_access_token(code_of(outcome["redirect"]))
    assert oauth.open_id == openid(OA, "xiaoming")
    assert tokens["unionid"] == unionid("main", "xiaoming")
    assert oauth.get_user_info()["nickname"] == "小明😀"
    assert oauth.check_access_token() is True
    assert oauth.refresh_access_token(oauth.refresh_token)["scope"] == "snsapi_userinfo"


def test_a_silent_one_and_its_limits(
    people: FlaskClient, wechatpy: Callable[..., WeChatOAuth]
) -> None:
    """Its defaults: snsapi_base, and no state at all."""
    oauth = wechatpy(OA, "secret-of-oa", H5_CALLBACK)
    outcome = Account(people).visited(oauth.authorize_url)
    assert outcome["silent"] is True
    code = code_of(outcome["redirect"])
    assert oauth.fetch_access_token(code)["openid"] == openid(OA, "xiaoming")
    with pytest.raises(WeChatOAuthException) as barred:
        oauth.get_user_info()
    assert barred.value.errcode == 48001
    with pytest.raises(WeChatOAuthException) as used:
        oauth.fetch_access_token(code)
    assert used.value.errcode == 40163


def test_the_qr_code(people: FlaskClient, wechatpy: Callable[..., WeChatOAuth]) -> None:
    oauth = wechatpy(WEB, "secret-of-web", CALLBACK, state="S1")
    page = oauth._http.get(oauth.qrconnect_url, timeout=5)
    uuid = uuid_in(page.text)
    phone(people, "scan", uuid, "bell")
    url = phone(people, "confirm", uuid, "bell").get_json()["redirect"]
    assert url.endswith("&state=S1")
    oauth.fetch_access_token(code_of(url))
    assert oauth.get_user_info()["nickname"] == "贝儿\x07Bell"
