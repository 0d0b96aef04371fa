"""A third-party platform logs people in for an account of somebody else."""

from typing import Any

import pytest

from wxlogin.simulator import World
from wxlogin.simulator.world.seed import COMPONENT

from .conftest import OA, Account, Site, code_of, consent_link, errcode

TOKEN = "/sns/oauth2/component/access_token"
REFRESH = "/sns/oauth2/component/refresh_token"


def proof(account: Account) -> str:
    given = {"component_appid": COMPONENT}
    told = account.client.post("/_sim/component", json=given).get_json()
    assert told["expires_in"] == 7200
    return str(told["component_access_token"])


def exchanges(account: Account, code: str, /, **changes: str) -> dict[str, Any]:
    query = {
        "appid": OA,
        "code": code,
        "grant_type": "authorization_code",
        "component_appid": COMPONENT,
        "component_access_token": proof(account),
    } | changes
    given = {name: value for name, value in query.items() if value}
    return Site(account.client).asks(TOKEN, **given)


@pytest.mark.fact(
    "a third-party platform's link, callback with `appid`, exchange and refresh"
)
def test_the_whole_login(account: Account, world: World) -> None:
    """The callback names the account, and no secret is needed."""
    url = account.visited(consent_link(component_appid=COMPONENT))["redirect"]
    assert url.endswith(f"&state=STATE1&appid={OA}")
    tokens = exchanges(account, code_of(url))
    assert list(tokens)[:2] == ["access_token", "expires_in"]
    assert "unionid" in tokens
    assert Site(account.client).reads_profile(tokens)["nickname"] == "小明😀"
    world.advance(7200)
    query = {
        "appid": OA,
        "grant_type": "refresh_token",
        "refresh_token": tokens["refresh_token"],
        "component_appid": COMPONENT,
        "component_access_token": proof(account),
    }
    fresh = Site(account.client).asks(REFRESH, **query)
    assert fresh["openid"] == tokens["openid"]
    assert fresh["access_token"] != tokens["access_token"]
    shown = account.client.get(f"/_sim/calls?path={REFRESH}").get_json()[0]["params"]
    assert shown["component_appid"] == COMPONENT
    assert shown["component_access_token"] == "•••"


def test_without_a_platform_nothing_is_named(account: Account) -> None:
    assert "appid=" not in account.visited()["redirect"]


@pytest.mark.parametrize("link", ["component_appid", "forcePopup"])
def test_a_code_is_the_platforms_or_the_accounts(account: Account, link: str) -> None:
    """Neither exchanges the other's (inferred)."""
    for_platform = link == "component_appid"
    changes = {"component_appid": COMPONENT} if for_platform else {}
    code = code_of(account.visited(consent_link(**changes))["redirect"])
    wrong = account.exchanges if for_platform else lambda c: exchanges(account, c)
    assert errcode(wrong(code)) == 40029
    right = account.exchanges if not for_platform else lambda c: exchanges(account, c)
    assert "openid" in right(code)
    assert errcode(right(code)) == 40163


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"appid": ""}, 41002),
        ({"component_appid": ""}, 41002),
        ({"component_appid": "wx0000000000000b02"}, 40013),
        ({"appid": "wx0000000000000a06"}, 40013),
        ({"component_access_token": ""}, 41001),
        ({"component_access_token": "98_wrong"}, 40001),
        ({"code": ""}, 41008),
        ({"grant_type": "x"}, 40002),
        ({}, 40029),
    ],
)
def test_what_is_refused(account: Account, changes: dict[str, str], code: int) -> None:
    assert errcode(exchanges(account, "x", **changes)) == code


def test_a_token_of_a_platform_is_over_after_two_hours(
    account: Account, world: World
) -> None:
    token = proof(account)
    world.advance(7200)
    assert errcode(exchanges(account, "x", component_access_token=token)) == 42001


def test_a_platform_that_the_account_has_not_authorized(account: Account) -> None:
    outcome = account.visited(consent_link(component_appid="wx0000000000000b02"))
    assert outcome["code"] == 10015
    assert "component_appid" in outcome["rule"]
    given = {"component_appid": "wx0000000000000b02"}
    assert account.client.post("/_sim/component", json=given).status_code == 404
    app = {"name": "oa", "components": ["wx0000000000000b02"]}
    account.client.put("/_sim/apps", json=app)
    assert account.client.post("/_sim/component", json=given).status_code == 200
    assert "redirect" in account.visited(consent_link(**given))
