"""The fixture `wechat`, as somebody's tests have it who install the simulator."""

import re
import socket
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import requests
from wechatpy.oauth import WeChatOAuth

from wxlogin import simulator
from wxlogin.simulator.actors import WeChat
from wxlogin.simulator.fixtures import (
    WeChatServer,
    wechat,
    wechat_names,
    wechat_server,
)

from .conftest import H5_CALLBACK, code_of

__all__ = ["wechat", "wechat_names", "wechat_server"]

ROOT = Path(__file__).parents[2]


def test_a_client_that_knows_nothing_of_it(wechat: WeChat) -> None:
    oa = wechat.app("oa")
    oauth = WeChatOAuth(oa.appid, oa.secret, H5_CALLBACK, "snsapi_userinfo", "S1")
    back = wechat.person("lihua").opens(oauth.authorize_url)
    oauth.fetch_access_token(code_of(back))
    assert oauth.open_id == wechat.person("李华").openid("oa")
    assert oauth.get_user_info()["nickname"] == "李华"


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


def test_a_suite_that_wants_no_simulator_loads_none() -> None:
    loads = "import sys, wxlogin.simulator.fixtures; print(*sys.modules, sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", loads], capture_output=True, text=True, check=True
    )
    loaded = done.stdout.split("\n")
    ours = [name for name in loaded if name.startswith("wxlogin.")]
    assert ours == [f"wxlogin.simulator{part}" for part in ("", ".hosts", ".fixtures")]
    assert not {"flask", "PIL", "requests", "cryptography"} & set(loaded)


def test_what_the_package_has_is_there_when_it_is_asked_for() -> None:
    assert [getattr(simulator, name) for name in simulator.__all__]
    with pytest.raises(AttributeError, match="'none'"):
        simulator.none  # type: ignore[attr-defined]  # noqa: B018 - asked for
