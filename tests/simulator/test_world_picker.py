"""Which world the front page and the phone show: `?world=`, and a form to pick one."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from wxlogin.simulator import World

from .conftest import consent_link
from .test_login_call import link


@pytest.fixture
def other(client: FlaskClient) -> str:
    """A world beside the first, with a person and a call of its own."""
    made = client.post("/_sim/worlds").get_json()
    ada = {"name": "ada", "nickname": "Ada"}
    client.post(f"{made['control']}people", json=ada)
    client.get("/sns/oauth2/access_token", query_string={"appid": appid(client, made)})
    return str(made["id"])


def appid(client: FlaskClient, made: dict[str, str], app: str = "web") -> str:
    apps = client.get(f"{made['control']}apps").get_json()
    return str(next(each["appid"] for each in apps if each["name"] == app))


def control(world: str) -> dict[str, str]:
    return {"control": f"/_sim/worlds/{world}/"}


def picked(page: str) -> list[str]:
    return re.findall(r'data-world="(\w+)"', page)


def test_who_has_one_world_picks_none(client: FlaskClient) -> None:
    for path in ("/", "/phone", "/phone?person=xiaoming"):
        page = client.get(path).text
        assert picked(page) == [] and "world=" not in page


@pytest.mark.parametrize("path", ["/", "/phone", "/phone/browser?person=jose"])
def test_the_first_is_shown_until_another_is_picked(
    client: FlaskClient, other: str, path: str
) -> None:
    page = client.get(path).text
    assert picked(page) == ["first"]
    assert f'<option value="{other}" >{other}</option>' in page
    named = {"world": other, **parse_qs(urlsplit(path).query)}
    page = client.get(urlsplit(path).path, query_string=named).text
    assert picked(page) == [other]
    assert f'<option value="{other}" selected>' in page
    named["world"] = "first"
    again = client.get(urlsplit(path).path, query_string=named).text
    assert picked(again) == ["first"]


def test_the_front_page_shows_its_parties_and_calls(
    client: FlaskClient, other: str
) -> None:
    mine = appid(client, control(other))
    first, page = client.get("/").text, client.get(f"/?world={other}").text
    for each in (mine, "<bdi>Ada</bdi>"):
        assert each in page and each not in first
    # What keeps it fresh, and what leads on, is about the same world.
    for href in ("/calls", "/pushes", "/phone"):
        assert f'"{href}?world={other}"' in page
    assert "41004" in client.get(f"/calls?world={other}").text
    assert "41004" not in client.get("/calls").text


def test_its_forms_change_that_world(
    client: FlaskClient, world: World, other: str
) -> None:
    posts = (
        {"what": "person", "put": "new", "person.name": "bo", "person.nickname": "Bo"},
        {"switch": "drop_unionid", "value": "true"},
        {"advance": "300"},
    )
    for form in posts:
        answer = client.post(f"/?world={other}", data=form)
        assert answer.status_code == 303
        assert parse_qs(urlsplit(answer.location).query)["world"] == [other]
    there = control(other)["control"]
    assert client.get(f"{there}clock").get_json()["offset"] == 300
    assert client.get(f"{there}switches").get_json()["everyone"] == {
        "drop_unionid": True
    }
    assert "bo" in [p["name"] for p in client.get(f"{there}people").get_json()]
    assert (world.clock.offset, len(world.registry.people())) == (0, 5)
    assert client.post(f"/?world={other}", data={"reset": "1"}).status_code == 303
    assert client.get(f"{there}clock").get_json()["offset"] == 0


def test_the_phone_is_that_of_the_worlds_people(
    client: FlaskClient, other: str
) -> None:
    page = client.get(f"/phone?world={other}").text
    onward = re.search(r'data-person="ada" href="([^"]+)"', page)
    assert onward
    camera = client.get(onward[1].replace("&amp;", "&")).text
    assert 'data-me="ada"' in camera
    hidden = f'<input type="hidden" name="world" value="{other}">'
    assert hidden in camera
    for href in re.findall(r'href="(/phone[^"]*)"', camera):
        assert f"world={other}" in href
    # Nobody of this name is in the first one.
    assert 'data-state="choose"' in client.get("/phone?person=ada&world=first").text


def test_a_code_and_a_link_lead_to_their_own_world(
    client: FlaskClient, other: str
) -> None:
    """Whichever is picked; and the phone stays there."""
    shown = client.get(link(appid=appid(client, control(other)))).text
    uuid = re.search(r"\?uuid=(\w{16})", shown)
    assert uuid and f"/phone?world={other}" in shown
    page = client.get(f"/connect/confirm?uuid={uuid[1]}&person=ada&world=first").text
    assert 'data-state="sheet"' in page
    answer = client.post(
        "/connect/confirm",
        data={"uuid": uuid[1], "person": "ada", "action": "confirm"},
    )
    assert f"world={other}" in answer.location
    assert 'data-result="confirmed"' in client.get(answer.location).text
    oa = appid(client, control(other), "oa")
    url = f"http://localhost{consent_link(appid=oa)}"
    opened = client.post("/phone/browser", data={"person": "jose", "url": url})
    sheet = client.get(opened.location, headers={"User-Agent": "MicroMessenger/8"})
    assert 'data-state="consent"' in sheet.text and picked(sheet.text) == [other]


def test_a_world_that_is_gone_is_not_found(client: FlaskClient, other: str) -> None:
    client.post("/_sim/worlds")
    client.delete(f"/_sim/worlds/{other}")
    for path in ("/", "/phone", "/calls"):
        answer = client.get(path, query_string={"world": other})
        assert answer.status_code == 404
        assert f"no world &#39;{other}&#39;" in answer.text


def test_what_is_wechats_knows_no_such_parameter(
    client: FlaskClient, other: str
) -> None:
    query = {"appid": "wx0000000000000a01", "world": other}
    client.get("/sns/oauth2/access_token", query_string=query)
    client.get("/sns/userinfo", query_string={"world": "none"})
    paths = [call["path"] for call in client.get("/_sim/calls").get_json()]
    assert paths == ["/sns/oauth2/access_token", "/sns/userinfo"]
