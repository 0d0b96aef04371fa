"""What all calls of a server have in common, whatever they are for."""

import json
import re

import pytest
from flask.testing import FlaskClient

from wxlogin.simulator.api.calls import PAGES

UNKNOWN = (
    "/cgi-bin/no/such", "/cgi-bin", "/wxa/business/nosuch", "/SNS/userinfo",
    "/sns//userinfo", "/datacube/getusersummary", "/favicon",
    "/connectx/qrconnect",
)  # fmt: skip


@pytest.mark.parametrize("path", UNKNOWN)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PROPFIND"])
@pytest.mark.fact("an unknown path is 40066, a wrong method 43001 or 43002")
def test_an_unknown_path_is_40066_as_json_with_status_200(
    client: FlaskClient, path: str, method: str
) -> None:
    answer = client.open(path, method=method)
    assert answer.status_code == 200
    told = json.loads(answer.data)
    assert told["errcode"] == 40066
    # No comma in front of the rid outside /sns/.
    comma = "," if path.startswith("/sns/") else ""
    kind = "text/plain" if comma else "application/json; encoding=utf-8"
    assert answer.headers["Content-Type"] == kind
    assert re.fullmatch(
        rf"invalid url{comma} rid: [0-9a-f]{{8}}(-[0-9a-f]{{8}}){{2}}", told["errmsg"]
    )


@pytest.mark.parametrize(
    ("method", "path", "errcode"),
    [
        ("PUT", "/sns/userinfo", 43001),
        ("DELETE", "/sns/oauth2/access_token", 43001),
        ("OPTIONS", "/sns/auth", 43001),
        ("PATCH", "/cgi-bin/token", 43001),
        ("POST", "/cgi-bin/token", 43001),
        ("GET", "/cgi-bin/stable_token", 43002),
        ("PUT", "/cgi-bin/stable_token", 43002),
    ],
)
@pytest.mark.fact("an unknown path is 40066, a wrong method 43001 or 43002")
def test_another_method_is_an_errcode(
    client: FlaskClient, method: str, path: str, errcode: int
) -> None:
    answer = client.open(path, method=method)
    assert (answer.status_code, json.loads(answer.data)["errcode"]) == (200, errcode)


def test_head_is_a_get_without_a_body(client: FlaskClient) -> None:
    answer = client.head("/sns/auth")
    assert (answer.status_code, answer.data) == (200, b"")
    assert client.get("/_sim/calls").get_json()[0]["errcode"] == 41001


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/connect/nosuch", 404),
        ("POST", "/connect/qrconnect", 405),
        ("GET", "/mmopen/nosuch", 404),
        ("GET", "/phone/nosuch", 404),
        ("GET", "/static/nosuch", 404),
        ("PUT", "/_sim/nosuch", 404),
        ("DELETE", "/_sim/apps", 405),
    ],
)
def test_pages_have_the_statuses_of_the_web(
    client: FlaskClient, method: str, path: str, status: int
) -> None:
    assert client.open(path, method=method).status_code == status


def test_it_is_noted_and_may_be_spoiled(client: FlaskClient) -> None:
    switch = {"path": "/wxa/nosuch", "errcode": -1}
    client.put("/_sim/switches", json={"errcode": switch, "content_type": "image/jpeg"})
    answer = client.get("/wxa/nosuch?access_token=MARKER")
    assert json.loads(answer.data)["errcode"] == -1
    assert answer.headers["Content-Type"] == "image/jpeg"
    (call,) = client.get("/_sim/calls").get_json()
    assert (call["path"], call["errcode"]) == ("/wxa/nosuch", -1)
    assert call["params"] == {"access_token": "•••"}


def test_every_page_is_known_as_one(client: FlaskClient) -> None:
    rules = client.application.url_map.iter_rules()
    firsts = {rule.rule.split("/")[1] for rule in rules}
    assert firsts - {"sns", "cgi-bin", "wxa"} == PAGES
