"""Codes of native apps, as Tencent's SDK gives them."""

import pytest
from flask.testing import FlaskClient

from wxlogin.simulator import World
from wxlogin.simulator.world.ids import openid, unionid

from .conftest import MOBILE, Site, errcode


def logs_in(client: FlaskClient, **more: object) -> dict[str, object]:
    given = {"appid": MOBILE, "person": "xiaoming"} | more
    answer = client.post("/_sim/app/login", json=given)
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def test_a_code_with_the_apps_state(site: Site) -> None:
    answer = logs_in(site.client, state="nonce")
    assert (answer["ErrCode"], answer["state"]) == (0, "nonce")
    tokens = site.exchanges(str(answer["code"]), appid=MOBILE, secret="secret-of-app")
    assert tokens["scope"] == "snsapi_userinfo"
    assert tokens["openid"] == openid(MOBILE, "xiaoming")
    assert tokens["unionid"] == unionid("main", "xiaoming")
    assert site.reads_profile(tokens)["nickname"] == "小明😀"


def test_it_lives_ten_minutes_and_belongs_to_its_app(site: Site, world: World) -> None:
    first, second = (str(logs_in(site.client)["code"]) for _ in range(2))
    assert errcode(site.exchanges(first)) == 40029
    world.advance(599)
    mine = {"appid": MOBILE, "secret": "secret-of-app"}
    assert "access_token" in site.exchanges(first, **mine)
    world.advance(2)
    assert errcode(site.exchanges(second, **mine)) == 40029


@pytest.mark.fact("an SDK that was left: ErrCode -2, refused: -4")
def test_a_refusal(client: FlaskClient) -> None:
    assert logs_in(client, allow=False) == {"ErrCode": -4}


@pytest.mark.parametrize(
    ("change", "status"),
    [({"appid": "web"}, 409), ({"appid": "x"}, 404), ({"state": 5}, 400)],
)
def test_mistakes_of_the_caller(
    client: FlaskClient, change: dict[str, object], status: int
) -> None:
    given = {"appid": "app", "person": "xiaoming"} | change
    assert client.post("/_sim/app/login", json=given).status_code == status
