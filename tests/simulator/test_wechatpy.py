"""wechatpy, a client that knows nothing of us, signs in with only its hosts changed."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from wechatpy import WeChatClient
from wechatpy.crypto import WeChatWxaCrypto
from wechatpy.exceptions import WeChatClientException, WeChatOAuthException
from wechatpy.oauth import WeChatOAuth

from wxlogin.simulator import World, create_simulator
from wxlogin.simulator.server import SimulatorServer
from wxlogin.simulator.world.ids import openid, unionid

from .conftest import (
    CALLBACK,
    H5_CALLBACK,
    MP,
    OA,
    WEB,
    Account,
    Program,
    code_of,
    no_proxies,
    phone,
    uuid_in,
)


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


def client_of(server: SimulatorServer, appid: str, secret: str) -> WeChatClient:
    """Its client of a server that holds an access_token."""

    class Here(WeChatClient):  # type: ignore[misc]  # wechatpy has no types
        API_BASE_URL = f"{server.url}/cgi-bin/"

        def fetch_access_token(self) -> None:
            params = {
                "grant_type": "client_credential",
                "appid": self.appid,
                "secret": self.secret,
            }
            self._fetch_access_token(f"{server.url}/cgi-bin/token", params)

    client = Here(appid, secret)
    client.wxa.API_BASE_URL = f"{server.url}/"
    client._http.trust_env = False
    return client


@pytest.fixture
def wxa(server: SimulatorServer) -> WeChatClient:
    """A mini program's."""
    return client_of(server, MP, "secret-of-mp")


@pytest.fixture
def oa(server: SimulatorServer) -> WeChatClient:
    """An official account's."""
    return client_of(server, OA, "secret-of-oa")


def test_a_mini_programs_login_and_its_open_data(
    people: FlaskClient, wxa: WeChatClient
) -> None:
    program = Program(people)
    session = wxa.wxa.code_to_session(program.gets_code())
    assert session["openid"] == openid(MP, "xiaoming")
    assert session["unionid"] == unionid("main", "xiaoming")
    data = program.phone("userdata", form="legacy")
    crypto = WeChatWxaCrypto(session["session_key"], data["iv"], MP)
    told = crypto.decrypt_message(data["encryptedData"])
    assert (told["openId"], told["nickName"]) == (session["openid"], "小明😀")


def test_a_mini_programs_code_and_its_refusals(wxa: WeChatClient, world: World) -> None:
    picture = wxa.wxa.get_wxa_code_unlimited("k3J9", page="pages/scan/scan")
    assert picture.headers["Content-Type"] == "image/jpeg"
    (launch,) = world.launches.recent()
    assert (launch.page, launch.scene) == ("pages/scan/scan", "k3J9")
    for scene, wanted in (("", 40169), ("%", 40129)):
        with pytest.raises(WeChatClientException) as refused:
            wxa.wxa.get_wxa_code_unlimited(scene)
        assert refused.value.errcode == wanted


def test_a_token_that_another_server_ended_is_fetched_anew(
    people: FlaskClient, wxa: WeChatClient, world: World
) -> None:
    first = wxa.access_token
    Program(people).asks_token()
    world.advance(300)
    assert wxa.wxa.get_wxa_code_unlimited("k3J9").content[:2] == b"\xff\xd8"
    assert wxa.access_token != first


def test_an_accounts_code_and_its_follower(
    oa: WeChatClient, people: FlaskClient, server: SimulatorServer
) -> None:
    scene = {"scene": {"scene_str": "login_1"}}
    code = oa.qrcode.create({"action_name": "QR_STR_SCENE", "action_info": scene})
    assert code["expire_seconds"] == 60
    # Its address of the picture, at our host.
    picture = oa.qrcode.get_url(code).replace("https://mp.weixin.qq.com", server.url)
    assert no_proxies().get(picture).content[:2] == b"\xff\xd8"
    people.post("/_sim/scan_oa", json={"ticket": code["ticket"], "person": "lihua"})
    info = oa.user.get(openid(OA, "lihua"))
    assert (info["subscribe_scene"], info["qr_scene_str"]) == (
        "ADD_SCENE_QR_CODE",
        "login_1",
    )


def test_an_accounts_menu(oa: WeChatClient, people: FlaskClient) -> None:
    assert oa.menu.get() is None
    menu = {"button": [{"type": "click", "name": "登录", "key": "LOGIN"}]}
    oa.menu.create(menu)
    assert oa.menu.get()["menu"]["button"][0]["key"] == "LOGIN"
    assert oa.menu.get_menu_info()["is_menu_open"] == 1
    oa.menu.delete()
    assert oa.menu.get() is None
    people.put("/_sim/console", json={"appid": "oa", "follow": "欢迎"})
    told = oa.message.get_autoreply_info()
    assert told["add_friend_autoreply_info"]["content"] == "欢迎"
