"""The words of a test, said in the simulator's own process and from another one.

Each test here is run twice: by `actors`, as the fixture `wechat` has them, and by
`client`, which has nothing but the control API.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from wxlogin.simulator import SimulatorError, actors
from wxlogin.simulator.client import Simulator
from wxlogin.simulator.fixtures import WeChatServer, wechat_names, wechat_server
from wxlogin.simulator.hosts import API, OPEN
from wxlogin.simulator.refusals import Clash, Invalid, Unknown
from wxlogin.simulator.verbs import WeChat

from .conftest import CALLBACK, code_of, consent_link, uuid_in

__all__ = ["wechat_names", "wechat_server"]


@pytest.fixture(params=["here", "elsewhere"])
def wechat(
    request: pytest.FixtureRequest, wechat_names: WeChatServer
) -> Iterator[WeChat]:
    here = request.param == "here"
    with (
        actors.WeChat(wechat_names.worlds, wechat_names.url)
        if here
        else Simulator(wechat_names.url).world()
    ) as mine:
        yield mine
    assert mine.id not in wechat_names.worlds.names()


def link(wechat: WeChat, **changes: str) -> str:
    query = {
        "appid": wechat.app("web").appid,
        "redirect_uri": CALLBACK,
        "scope": "snsapi_login",
        "state": "S1",
    }
    return f"https://{OPEN}/connect/qrconnect?{urlencode(query | changes)}"


def page(wechat: WeChat, **changes: str | None) -> str:
    named = {"appid": wechat.app("oa").appid} | changes
    return f"https://{OPEN}{consent_link(**named)}"


def exchange(wechat: WeChat, back: str, app: str = "web") -> requests.Response:
    query = {
        "appid": wechat.app(app).appid,
        "secret": wechat.app(app).secret,
        "code": code_of(back),
        "grant_type": "authorization_code",
    }
    url = f"https://{API[0]}/sns/oauth2/access_token"
    return requests.get(url, params=query, timeout=5)


def followers(wechat: WeChat) -> list[str]:
    """Whom the account is told."""
    oa = wechat.app("oa")
    api = f"https://{API[0]}/cgi-bin"
    query = {"grant_type": "client_credential", "appid": oa.appid, "secret": oa.secret}
    token = requests.get(f"{api}/token", params=query, timeout=5).json()
    query = {"access_token": token["access_token"]}
    told = requests.get(f"{api}/user/get", params=query, timeout=5).json()
    return list(told.get("data", {}).get("openid", []))


NOBODY = f"{CALLBACK}?code=none"


def test_a_scan_at_the_real_names(wechat: WeChat) -> None:
    ming = wechat.person("小明").scans(link(wechat))
    tokens = exchange(wechat, ming.confirms()).json()
    assert tokens["openid"] == ming.openid("web")
    assert tokens["unionid"] == ming.unionid("web")
    query = {"access_token": tokens["access_token"], "openid": tokens["openid"]}
    profile = requests.get(f"https://{API[0]}/sns/userinfo", params=query, timeout=5)
    assert '"nickname":"小明"' in profile.content.decode()
    exchanged, asked = wechat.calls
    assert (exchanged.path, asked.path) == ("/sns/oauth2/access_token", "/sns/userinfo")
    assert (asked.errcode, asked.params["openid"]) == (0, tokens["openid"])
    picture = profile.json()["headimgurl"]
    assert picture.startswith("https://thirdwx.qlogo.cn/")
    assert requests.get(picture, timeout=5).headers["Content-Type"] == "image/jpeg"


def test_a_code_that_is_on_show(wechat: WeChat) -> None:
    uuid = uuid_in(requests.get(link(wechat), timeout=5).text)
    ming = wechat.person("xiaoming")
    ming.scans(f"https://{OPEN}/connect/confirm?uuid={uuid}")
    assert exchange(wechat, ming.confirms()).json()["openid"] == ming.openid("web")


def test_who_says_no(wechat: WeChat) -> None:
    jose = wechat.person("José")
    jose.scans(link(wechat)).cancels()
    with pytest.raises(Clash):
        jose.confirms()
    assert jose.refuses(page(wechat)) is None


def test_who_is_asked_nothing_cannot_say_no(wechat: WeChat) -> None:
    back = wechat.person("jose").refuses(page(wechat, scope="snsapi_base"))
    assert back is not None and "code=" in back


def test_a_page_inside_wechat(wechat: WeChat) -> None:
    hua = wechat.person("lihua")
    back = hua.opens(page(wechat))
    assert exchange(wechat, back, "oa").json()["openid"] == hua.openid("oa")
    wechat.switch(snapshot=True)
    ming = wechat.person("xiaoming")
    told = exchange(wechat, ming.opens(page(wechat)), "oa").json()
    assert told["openid"] != ming.openid("oa")
    told = exchange(wechat, ming.opens(page(wechat), full_service=True), "oa").json()
    assert told["openid"] == ming.openid("oa")
    jose = wechat.person("jose").follows("oa")
    told = exchange(wechat, jose.opens(page(wechat), from_menu=True), "oa").json()
    assert told["openid"] == jose.openid("oa")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"scope": "snsapi_login"}, "没有这些 scope 的权限，错误码：10005: Only a"),
        ({"scope": "snsapi_login", "state": None}, "10005"),
        ({"response_type": "token"}, "a blank page: Inside WeChat a link has appid"),
        ({"appid": "wx0"}, "AppID 参数错误: No app has this appid. https://"),
    ],
)
def test_wechat_shows_a_page_of_its_own(
    wechat: WeChat, changes: dict[str, str | None], says: str
) -> None:
    with pytest.raises(Clash, match=f"^WeChat shows .*{says}"):
        wechat.person("jose").opens(page(wechat, **changes))


def test_a_link_that_the_qr_page_refuses(wechat: WeChat) -> None:
    jose = wechat.person("jose")
    with pytest.raises(Clash, match=r"^WeChat shows redirect_uri 参数错误: The host"):
        jose.scans(link(wechat, redirect_uri="https://shop.example/"))
    with pytest.raises(Invalid, match=r"^url: "):
        jose.scans("https://shop.example/connect/qrconnect")
    with pytest.raises(Invalid, match=r"^url: "):
        jose.opens("https://shop.example/connect/oauth2/authorize")


def test_people(wechat: WeChat) -> None:
    ada = wechat.person("Ada")
    assert wechat.person("Ada") is ada and ada.name == "person-6"
    assert wechat.person("小明😀").name == wechat.person("xiaoming").name == "xiaoming"
    assert wechat.person("Bo").name == "person-7"
    told = exchange(wechat, ada.scans(link(wechat)).confirms()).json()
    assert told["openid"] == ada.openid("web") == ada.openid(wechat.app("web").appid)
    assert ada.unionid("web") == ada.unionid("oa") != ada.unionid("lone") == ""


def test_followers_and_programs(wechat: WeChat) -> None:
    jose = wechat.person("jose")
    openid = jose.openid("oa")
    assert jose.follows("oa") is jose and followers(wechat) == [openid]
    assert jose.unfollows("oa") is jose and followers(wechat) == []
    mp = wechat.app("mp")
    query = {
        "appid": mp.appid,
        "secret": mp.secret,
        "js_code": jose.logs_in("mp"),
        "grant_type": "authorization_code",
    }
    url = f"{wechat.url}/sns/jscode2session"
    assert requests.get(url, params=query, timeout=5).json()["openid"] == (
        jose.openid("mp")
    )
    for act in (jose.follows, jose.unfollows, jose.logs_in):
        with pytest.raises(Clash, match="'web' is of kind website"):
            act("web")
        with pytest.raises(Unknown, match="no app 'none'"):
            act("none")


def test_apps(wechat: WeChat) -> None:
    before = wechat.app("web")
    assert before.kind == "website" and len(before.secret) == 32
    changed = wechat.app("web", callback_domains=["shop.example"])
    assert changed.callback_domains == ("shop.example",)
    assert (changed.appid, changed.secret) == (before.appid, before.secret)
    assert wechat.app(before.appid) == changed
    back = wechat.person("jose").scans(
        link(wechat, redirect_uri="https://shop.example/")
    )
    assert back.confirms().startswith("https://shop.example/?code=")
    appid = f"wx-{wechat.id}"
    mine = wechat.app("mine", kind="mobile", appid=appid, secret="s3")
    assert (mine.kind, mine.appid, mine.secret) == ("mobile", appid, "s3")
    assert wechat.app("mine") == mine
    assert wechat.app("mine", secret="s4").secret == "s4"
    with pytest.raises(Clash, match="another world"):
        wechat.app("theirs", appid="wx0000000000000a01", secret="s3")
    with pytest.raises(Invalid, match="kind"):
        wechat.app("mine", kind="none")
    with pytest.raises(Unknown, match="'none'"):
        wechat.app("none")


def test_faults(wechat: WeChat) -> None:
    path = "/sns/oauth2/access_token"
    wechat.fails(path, errcode=-1, times=2)
    wechat.fails("/sns/userinfo", errcode=48001)
    back = wechat.person("jose").scans(link(wechat)).confirms()
    answers = [exchange(wechat, back).json() for _ in range(3)]
    assert [answer.get("errcode", 0) for answer in answers] == [-1, -1, 0]
    # One that is used up stands in no other one's way.
    wechat.fails(path, errcode=45011, times=1, errmsg="slow")
    answers = [exchange(wechat, NOBODY).json() for _ in range(2)]
    assert [answer["errcode"] for answer in answers] == [45011, 40029]
    assert answers[0]["errmsg"].startswith("slow")
    assert wechat.calls[-1].rule.startswith("A code is for the app")
    with pytest.raises(Invalid, match="errcode"):
        wechat.fails(path, errcode="x")  # type: ignore[arg-type]


def test_switches(wechat: WeChat) -> None:
    wechat.switch(drop_unionid=True)
    back = wechat.person("jose").scans(link(wechat)).confirms()
    assert "unionid" not in exchange(wechat, back).json()
    with pytest.raises(Invalid, match="drop_unionid"):
        wechat.switch(drop_uniond=True)


def test_the_clock(wechat: WeChat) -> None:
    back = wechat.person("jose").scans(link(wechat)).confirms()
    wechat.advances(minutes=9, seconds=61)
    assert exchange(wechat, back).json()["errcode"] == 40029
    clock = f"{wechat.control}/clock"
    wechat.advances(days=1, hours=1)
    assert requests.get(clock, timeout=5).json()["offset"] == 601 + 90_000
    with pytest.raises(Invalid, match="advance"):
        wechat.advances(seconds=-1)


def test_a_world_that_is_gone(wechat_names: WeChatServer) -> None:
    with Simulator(wechat_names.url).world() as wechat:
        assert wechat.asks("GET", "clock")["offset"] == 0
        jose = wechat.person("jose")
    for act in (lambda: wechat.calls, lambda: jose.openid("web"), wechat.drop):
        with pytest.raises(Unknown, match=f"no world '{wechat.id}'"):
            act()


@pytest.mark.parametrize("page", ["simulator.md", "simulator.zh-CN.md"])
def test_the_documents_example(page: str, wechat_names: WeChatServer) -> None:
    text = (Path(__file__).parents[2] / "docs" / page).read_text("utf-8")
    found = re.search(r"```python\n(from wxlogin\.simulator\.client.*?)```", text, re.S)
    code = found[1] if found else ""
    names: dict[str, Any] = {}
    exec(code.replace("http://localhost:5001", wechat_names.url), names)  # noqa: S102 - our own page
    assert names["back"].startswith("https://shop.example/cb?code=")


def test_where_no_simulator_is(
    monkeypatch: pytest.MonkeyPatch, wechat_names: WeChatServer
) -> None:
    monkeypatch.delenv("WECHAT_SIMULATOR_URL", raising=False)
    with pytest.raises(Invalid, match="WECHAT_SIMULATOR_URL, such as"):
        Simulator()
    with pytest.raises(Invalid, match="not 'wxsim:5001'"):
        Simulator("wxsim:5001")
    monkeypatch.setenv("WECHAT_SIMULATOR_URL", f"{wechat_names.url}/")
    # Nobody's proxy is asked.
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    with Simulator().world() as wechat:
        assert wechat.url == wechat_names.url
    with pytest.raises(SimulatorError, match=r"^no simulator answers at .*refused"):
        Simulator("http://127.0.0.1:9").world()
    with pytest.raises(SimulatorError, match=r"is no simulator: 404$"):
        Simulator(f"{wechat_names.url}/phone").world()
    with pytest.raises(SimulatorError, match=r"^the simulator does not answer under"):
        Simulator(wechat_names.url.replace("localhost", "127.1")).world()
