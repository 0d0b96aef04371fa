"""The fixture `wechat`, as somebody's tests have it who install the simulator."""

import re
import socket
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from wechatpy.oauth import WeChatOAuth

from wxlogin.simulator import SimulatorError
from wxlogin.simulator.actors import WeChat
from wxlogin.simulator.fixtures import WeChatServer, wechat, wechat_server
from wxlogin.simulator.hosts import API, OPEN

from .conftest import CALLBACK, H5_CALLBACK, code_of, consent_link

__all__ = ["wechat", "wechat_server"]

ROOT = Path(__file__).parents[2]


def link(wechat: WeChat, **changes: str) -> str:
    query = {
        "appid": wechat.app("web").appid,
        "redirect_uri": CALLBACK,
        "scope": "snsapi_login",
        "state": "S1",
    }
    return f"https://{OPEN}/connect/qrconnect?{urlencode(query | changes)}"


def exchange(wechat: WeChat, code: str, app: str = "web") -> requests.Response:
    query = {
        "appid": wechat.app(app).appid,
        "secret": wechat.app(app).secret,
        "code": code,
        "grant_type": "authorization_code",
    }
    return requests.get(
        f"https://{API[0]}/sns/oauth2/access_token", params=query, timeout=5
    )


def test_a_scan_at_the_real_names(wechat: WeChat) -> None:
    ming = wechat.person("小明").scans(link(wechat))
    tokens = exchange(wechat, code_of(ming.confirms())).json()
    assert tokens["openid"] == ming.openid("web")
    assert tokens["unionid"] == ming.unionid("web")
    query = {"access_token": tokens["access_token"], "openid": tokens["openid"]}
    profile = requests.get(f"https://{API[0]}/sns/userinfo", params=query, timeout=5)
    told = profile.content.decode()
    assert '"nickname":"小明"' in told
    assert [call.path for call in wechat.calls] == [
        "/sns/oauth2/access_token",
        "/sns/userinfo",
    ]
    picture = profile.json()["headimgurl"]
    assert picture.startswith("https://thirdwx.qlogo.cn/")
    assert requests.get(picture, timeout=5).headers["Content-Type"] == "image/jpeg"


def test_a_client_that_knows_nothing_of_it(wechat: WeChat) -> None:
    oa = wechat.app("oa")
    oauth = WeChatOAuth(oa.appid, oa.secret, H5_CALLBACK, "snsapi_userinfo", "S1")
    back = wechat.person("lihua").opens(oauth.authorize_url)
    oauth.fetch_access_token(code_of(back))
    assert oauth.open_id == wechat.person("李华").openid("oa")
    assert oauth.get_user_info()["nickname"] == "李华"


def test_faults_and_the_clock(wechat: WeChat) -> None:
    wechat.fails("/sns/oauth2/access_token", errcode=-1, times=2)
    wechat.fails("/sns/userinfo", errcode=48001)
    code = code_of(wechat.person("jose").scans(link(wechat)).confirms())
    answers = [exchange(wechat, code).json() for _ in range(3)]
    assert [answer.get("errcode", 0) for answer in answers] == [-1, -1, 0]
    late = code_of(wechat.person("jose").scans(link(wechat)).confirms())
    wechat.advances(minutes=10)
    assert exchange(wechat, late).json()["errcode"] == 40029


def test_a_fault_that_is_used_up_stands_in_no_other_ones_way(wechat: WeChat) -> None:
    wechat.fails("/sns/oauth2/access_token", errcode=-1, times=1)
    assert exchange(wechat, "none").json()["errcode"] == -1
    wechat.fails("/sns/oauth2/access_token", errcode=45011, times=1)
    answers = [exchange(wechat, "none").json()["errcode"] for _ in range(2)]
    assert answers == [45011, 40029]


def test_what_people_do(wechat: WeChat) -> None:
    jose = wechat.person("jose").follows("oa")
    assert wechat.world.relations.follows(wechat.app("oa"), "jose")
    jose.unfollows("oa")
    assert not wechat.world.relations.followers(wechat.app("oa"))
    assert jose.unionid("lone") == ""
    session = requests.get(
        f"{wechat.url}/sns/jscode2session",
        params={
            "appid": wechat.app("mp").appid,
            "secret": wechat.app("mp").secret,
            "js_code": jose.logs_in("mp"),
            "grant_type": "authorization_code",
        },
        timeout=5,
    )
    assert session.json()["openid"] == jose.openid("mp")
    page = f"https://{OPEN}{consent_link(appid=wechat.app('oa').appid)}"
    assert jose.refuses(page) is None
    jose.scans(link(wechat)).cancels()
    with pytest.raises(SimulatorError):
        jose.confirms()


def test_an_app_of_the_tests_own(wechat: WeChat) -> None:
    with pytest.raises(
        SimulatorError, match=r"WeChat shows redirect_uri 参数错误: The"
    ):
        wechat.person("jose").scans(link(wechat, redirect_uri="https://shop.example/"))
    with pytest.raises(SimulatorError, match="WeChat shows a blank page"):
        wechat.person("jose").opens(f"https://{OPEN}/connect/oauth2/authorize?appid=1")
    with pytest.raises(SimulatorError, match="does not lead to WeChat"):
        wechat.person("jose").scans("https://shop.example/connect/qrconnect")
    with pytest.raises(SimulatorError, match="another world"):
        wechat.app("mine", appid="wx0000000000000a01", secret="s3")
    wechat.app("web", callback_domains=["shop.example"])
    back = wechat.person("jose").scans(
        link(wechat, redirect_uri="https://shop.example/")
    )
    assert back.confirms().startswith("https://shop.example/?code=")


def test_the_documents_example(wechat: WeChat) -> None:
    page = (ROOT / "docs" / "simulator.md").read_text("utf-8")
    found = re.search(r"```python\n([^`]*def test_a_login.*?)```", page, re.S)
    names: dict[str, Any] = {}
    exec(found[1] if found else "", names)  # noqa: S102 - it is our own page
    names["test_a_login"](wechat)


def test_each_test_has_its_own(wechat: WeChat, wechat_server: WeChatServer) -> None:
    assert wechat_server.worlds.names() == [wechat.id]
    assert wechat.calls == [] and len(wechat.world.registry.people()) == 5
    people = requests.get(f"{wechat.control}/people", timeout=5).json()
    assert people[0]["openids"]["web"] == wechat.person("xiaoming").openid("web")


def test_only_names_and_only_https(wechat: WeChat) -> None:
    assert socket.getaddrinfo("127.0.0.1", 443)[0][4][1] == 443
    assert socket.getaddrinfo("API.weixin.qq.com.", 443)[0][4][0] == "127.0.0.1"
    with pytest.raises(socket.gaierror, match="https alone"):
        socket.getaddrinfo(b"api.weixin.qq.com", 80)


@pytest.mark.parametrize(
    ("project", "package"),
    [
        ("pyproject.toml", "wxlogin.simulator"),
        ("packaging/wechat-simulator/pyproject.toml", "wechat_simulator"),
    ],
)
def test_both_distributions_have_it(project: str, package: str) -> None:
    found = tomllib.loads((ROOT / project).read_text())["project"]["entry-points"]
    assert found == {"pytest11": {"wechat_simulator": f"{package}.fixtures"}}
