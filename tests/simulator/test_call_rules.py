"""A refused call of a server: its rule, where that stands, and its switch."""

import ast
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.simulator.conftest import MP, WEB, Site
from wxlogin.simulator import World, api, world
from wxlogin.simulator.api.dialect import ERRMSG
from wxlogin.simulator.world.call_rules import _SAYS, ERRCODES, broken


def raised() -> set[int]:
    """Every errcode that a file of calls or of the world has in it."""
    folders = [Path(str(part.__file__)).parent for part in (api, world)]
    files = [file for folder in folders for file in folder.glob("*.py")]
    return {
        node.value
        for file in files
        if file.name not in ("dialect.py", "call_rules.py", "switch_values.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Constant) and node.value in ERRMSG and node.value
        if isinstance(node.value, int) and node.value > 40000
    }


def test_every_errcode_of_a_call_has_a_rule() -> None:
    found = raised()
    assert len(found) > 40
    assert found - _SAYS.keys() == set()


def test_a_refused_call_is_explained(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    answer = site.exchanges("s3cret-code")
    assert answer["errmsg"].startswith("invalid code, rid: ")
    assert answer.keys() == {"errcode", "errmsg"}
    (call,) = site.client.get("/_sim/calls").get_json()
    assert call["rule"] == broken(40029, "/sns/oauth2/access_token").says
    assert call["source"] == (
        "https://developers.weixin.qq.com/doc/service/api/webdev/access/"
        "api_snsaccesstoken"
    )
    assert call["switch"] == ""
    (line,) = caplog.messages
    assert line.startswith("refused: GET /sns/oauth2/access_token, 40029: A code is")
    assert line.endswith(call["source"])
    assert "s3cret" not in line and "secret-of-web" not in line


def test_in_the_language_of_whoever_asks(client: FlaskClient) -> None:
    client.get("/sns/userinfo")
    (call,) = client.get("/_sim/calls?lang=zh").get_json()
    assert call["rule"] == "这个接口需要 access_token，放在查询参数里。"
    page = client.get("/?lang=zh").text
    assert call["rule"] in page and call["source"] in page


def test_an_answered_call_breaks_nothing(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.exchanges(site.gets_code())
    (call,) = site.client.get("/_sim/calls?lang=zh").get_json()
    assert (call["rule"], call["source"], call["switch"]) == ("", "", "")
    assert not caplog.messages


def test_the_switch_is_named(client: FlaskClient, world: World) -> None:
    world.switch(errcode={"errcode": 45009, "times": 1})
    client.get("/sns/userinfo")
    world.switch(quota={"path": "/cgi-bin/token", "calls": 0})
    asked = {"appid": MP, "secret": "secret-of-mp", "grant_type": "client_credential"}
    client.get("/cgi-bin/token", query_string=asked)
    client.get("/cgi-bin/token")
    chosen, quota, other = client.get("/_sim/calls").get_json()
    assert (chosen["errcode"], chosen["switch"]) == (45009, "errcode=null")
    assert "a switch does" in chosen["rule"]
    assert (quota["errcode"], quota["switch"]) == (45009, "quota")
    assert (other["errcode"], other["switch"]) == (40002, "")
    assert other["source"] == ERRCODES


def test_a_path_cannot_write_lines(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    client.get(f"/sns/x%0arefused: nothing?appid={WEB}")
    (line,) = caplog.messages
    assert line.startswith("refused: GET /sns/x?refused: nothing, 40066: ")
    assert "\n" not in line
