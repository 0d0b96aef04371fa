"""A mini program on the phone: how it is opened, and what wx gives it."""

import html
import json
import re

import pytest
from flask.testing import FlaskClient

from wxlogin.simulator import World
from wxlogin.simulator.world.ids import openid

from .conftest import MP, WEB, Program, errcode

PATH = "/phone/mp"


def hook(page: str, name: str) -> str:
    found = re.search(rf'data-{name}="([^"]*)"', page)
    assert found, page
    return html.unescape(found[1])


def acts(client: FlaskClient, action: str, **more: str) -> str:
    form = {"appid": MP, "page": "", "scene": "", "person": "xiaoming"} | more
    answer = client.post(PATH, data=form | {"action": action})
    assert answer.status_code == 200
    return answer.text


def test_the_programs_are_a_part_of_the_phone(client: FlaskClient) -> None:
    camera = client.get("/phone?person=lihua").text
    assert 'data-tab="program" href="/phone/mp?person=lihua"' in camera
    listed = client.get("/phone/mp?person=lihua").text
    assert 'data-state="programs"' in listed
    assert re.findall(r'data-program="(\w+)"', listed) == ["mp", "mp2"]
    opened = client.get(f"{PATH}?appid={MP}&person=lihua").text
    assert (hook(opened, "program"), hook(opened, "page")) == (
        "mp",
        "pages/index/index",
    )
    assert "data-scene" not in opened


def test_what_a_code_opens(client: FlaskClient) -> None:
    query = {"appid": MP, "page": "pages/scan/scan", "scene": "a=1&b", "env": "release"}
    asked = client.get(PATH, query_string=query).text
    assert 'data-state="choose"' in asked
    onward = re.search(r'data-person="jose" href="([^"]+)"', asked)
    assert onward
    page = client.get(html.unescape(onward[1])).text
    assert hook(page, "me") == "jose"
    assert hook(page, "page") == "pages/scan/scan"
    assert hook(page, "scene") == "a=1&b"
    # The program decodes it once.
    assert hook(page, "query") == "scene=a%3D1%26b"
    assert "1047" in page
    assert "data-problem" not in page


def test_a_page_that_is_not_released(client: FlaskClient) -> None:
    query = {"appid": MP, "page": "pages/new/new", "person": "jose"}
    assert hook(client.get(PATH, query_string=query).text, "problem") == "page"
    trial = client.get(PATH, query_string=query | {"env": "trial"}).text
    assert "data-problem" not in trial
    assert hook(trial, "env") == "trial"


def test_a_login_on_the_screen_is_one(client: FlaskClient, program: Program) -> None:
    page = acts(client, "login", scene="s1", page="pages/scan/scan")
    assert hook(page, "scene") == "s1"
    session = program.exchanges(hook(page, "code"))
    assert session["openid"] == openid(MP, "xiaoming")
    again = acts(client, "login")
    assert "openid" in program.exchanges(hook(again, "code"))


def test_open_data_and_the_number_on_the_screen(
    client: FlaskClient, program: Program
) -> None:
    assert hook(acts(client, "userdata"), "problem") == "wx"
    program.signs_in()
    page = acts(client, "userdata")
    told = re.search(r"<pre class=\"take\" data-answer>(.*?)</pre>", page, re.S)
    assert told
    assert json.loads(html.unescape(told[1]))["errMsg"] == "getUserInfo:ok"
    code = hook(acts(client, "phone"), "code")
    answer = program.posts(
        "/wxa/business/getuserphonenumber",
        {"code": code},
        {"access_token": program.token()},
    )
    assert errcode(answer) == 0
    refused = acts(client, "phone-deny")
    assert "data-code" not in refused
    assert "getPhoneNumber:fail user deny" in refused
    assert hook(acts(client, "phone", person="nobody"), "problem") == "wx"


def test_the_camera_lists_codes_made_lately(
    client: FlaskClient, program: Program, world: World
) -> None:
    token = {"access_token": program.token()}
    seen = hook(client.get("/phone/codes?person=lihua").text, "version")
    for scene in ("first", "a&b", "first"):
        given = {"scene": scene, "page": "pages/scan/scan"}
        path = "/wxa/getwxacodeunlimit"
        client.post(path, json=given, query_string=token)
    listed = client.get(f"/phone/codes?person=lihua&version={seen}").text
    assert hook(listed, "version") != seen
    found = re.findall(r'data-launch="([^"]*)" href="([^"]*)"', listed)
    assert [html.unescape(scene) for scene, _ in found] == ["first", "a&b"]
    page = client.get(html.unescape(found[1][1])).text
    assert (hook(page, "me"), hook(page, "scene")) == ("lihua", "a&b")
    world.advance(1800)
    assert "data-launch" not in client.get("/phone/codes?person=lihua").text


def test_the_list_of_codes_is_short(client: FlaskClient, program: Program) -> None:
    token = {"access_token": program.token()}
    for number in range(8):
        given = {"scene": f"s{number}"}
        client.post("/wxa/getwxacodeunlimit", json=given, query_string=token)
    listed = client.get("/phone/codes?person=lihua").text
    found = re.findall(r'data-launch="s(\d)"', listed)
    assert found == ["7", "6", "5", "4", "3", "2"]


def test_a_pasted_link_of_a_code(client: FlaskClient) -> None:
    link = f"http://localhost/phone/mp?appid={MP}&page=pages%2Fscan%2Fscan&scene=a%26b"
    answer = client.get(
        "/phone/open",
        query_string={"person": "lihua", "link": link},
        follow_redirects=True,
    )
    assert (hook(answer.text, "me"), hook(answer.text, "scene")) == ("lihua", "a&b")


@pytest.mark.parametrize("appid", ["", "wx1", WEB])
def test_what_is_no_mini_program(client: FlaskClient, appid: str) -> None:
    query = {"appid": appid, "person": "lihua"}
    assert client.get(PATH, query_string=query).status_code == 404


def test_who_may_not_act(client: FlaskClient) -> None:
    form = {"appid": MP, "person": "lihua", "action": "login"}
    for change, headers, status in (
        ({}, {"Origin": "https://evil.test"}, 400),
        ({"action": "nosuch"}, {}, 400),
        ({"person": "nosuch"}, {}, 404),
        ({"appid": "nosuch"}, {}, 404),
    ):
        answer = client.post(PATH, data=form | change, headers=headers)
        assert answer.status_code == status


def test_what_a_code_holds_is_text(client: FlaskClient) -> None:
    nasty = "<img src=x onerror=alert(1)>"
    query = {"appid": MP, "page": nasty, "scene": nasty, "env": nasty}
    for person in ({}, {"person": "lihua"}):
        assert nasty not in client.get(PATH, query_string=query | person).text


def test_a_phone_s_browser_opens_a_page_by_its_scheme(client: FlaskClient) -> None:
    """weixin://dl/business/ is here a path of the same name."""
    query = {"appid": MP, "path": "pages/scan/scan", "query": "scene=k3J9%261"}
    asked = client.get("/dl/business/", query_string=query, follow_redirects=True).text
    assert 'data-state="choose"' in asked
    client.get("/phone?person=jose")
    page = client.get("/dl/business/", query_string=query, follow_redirects=True).text
    assert hook(page, "me") == "jose"
    assert (hook(page, "page"), hook(page, "scene")) == ("pages/scan/scan", "k3J9&1")
    assert "1286" in page
    trial = client.get("/dl/business/", query_string=query | {"env_version": "trial"})
    assert "env=trial" in trial.location
    assert client.get("/dl/business/?appid=wx1").status_code == 404
