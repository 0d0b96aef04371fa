"""The list of an account's followers, and people by the hundred."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from wxlogin.simulator import World
from wxlogin.simulator.api import account
from wxlogin.simulator.world import ids

from .conftest import OA


@pytest.fixture
def token(client: FlaskClient, world: World) -> str:
    body = {"grant_type": "client_credential", "appid": OA}
    body["secret"] = world.registry.app("oa").secret
    return str(client.post("/cgi-bin/stable_token", json=body).json["access_token"])


def listed(client: FlaskClient, token: str, after: str = "") -> Any:
    query = {"access_token": token, "next_openid": after}
    return client.get("/cgi-bin/user/get", query_string=query).get_json(force=True)


def crowd(client: FlaskClient, count: int) -> Any:
    return client.post("/_sim/followers", json={"appid": "oa", "count": count})


@pytest.mark.fact(
    "`/cgi-bin/user/info` and `/cgi-bin/user/info/batchget` tell who follows and "
    "by which code, `/cgi-bin/user/get` ends with a page without data"
)
def test_the_list_ends_with_a_page_without_data(
    client: FlaskClient, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account, "PAGE", 4)
    assert listed(client, token) == {"total": 0, "count": 0, "next_openid": ""}
    assert crowd(client, 6).json == {"app": "oa", "followers": 6}
    first = listed(client, token)
    assert (first["total"], first["count"]) == (6, 4)
    assert first["next_openid"] == first["data"]["openid"][-1]
    last = listed(client, token, first["next_openid"])
    assert last["count"] == 2
    end = listed(client, token, last["next_openid"])
    assert end == {"total": 6, "count": 0, "next_openid": ""}
    assert listed(client, token, "oNobody")["errcode"] == 40003


@pytest.mark.fact(
    "`/cgi-bin/user/info` and `/cgi-bin/user/info/batchget` tell who follows and "
    "by which code, `/cgi-bin/user/get` ends with a page without data"
)
def test_a_crowd_is_the_same_each_time_and_on_no_page(
    client: FlaskClient, token: str, world: World
) -> None:
    crowd(client, 3)
    assert crowd(client, 5).json["followers"] == 5
    openids = [ids.openid(OA, f"crowd-{number}") for number in range(1, 6)]
    assert listed(client, token)["data"]["openid"] == openids
    assert len(client.get("/_sim/people").json) == 5
    client.post("/_sim/unfollow", json={"appid": "oa", "person": "crowd-2"})
    body = {"user_list": [{"openid": one} for one in (openids[1], openids[2], "oX")]}
    url = f"/cgi-bin/user/info/batchget?access_token={token}"
    told = client.post(url, json=body).get_json(force=True)["user_info_list"]
    assert [(one["openid"], one["subscribe"]) for one in told] == [
        (openids[1], 0),
        (openids[2], 1),
    ]
    assert crowd(client, 0).status_code == 400
    world.reset()
    assert listed(client, token)["errcode"] == 40001
