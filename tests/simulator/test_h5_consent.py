"""Who is asked inside WeChat, and what the site gets: codes, ids, nothing."""

import pytest
from flask.testing import FlaskClient

from wxlogin.simulator import World
from wxlogin.simulator.world.ids import openid, unionid

from .conftest import (
    H5_CALLBACK,
    LONE,
    OA,
    Account,
    Site,
    code_of,
    consent_link,
    errcode,
)

BASE = consent_link(scope="snsapi_base")
DAY = 24 * 3600


def follows(client: FlaskClient, person: str = "xiaoming") -> None:
    answer = client.post("/_sim/follow", json={"appid": OA, "person": person})
    assert answer.get_json()["following"] is True


def is_asked(account: Account, link: str | None = None, **more: bool) -> bool:
    return account.visited(link, **more, allow=False) == {
        "page": "closed",
        "code": None,
    }


def test_allowing_leads_back_with_code_then_state(account: Account) -> None:
    outcome = account.visited()
    code = code_of(outcome["redirect"])
    assert outcome["redirect"] == f"{H5_CALLBACK}?code={code}&state=STATE1"
    assert outcome["redirects"] == [outcome["redirect"]]
    assert (outcome["silent"], outcome["snapshot"]) == (False, False)


@pytest.mark.parametrize(
    ("callback", "returned"),
    [
        ("?a=b", "?a=b&code=C&state=STATE1"),
        ("#/route", "?code=C&state=STATE1#/route"),
        ("?a=b#/route?c", "?a=b&code=C&state=STATE1#/route?c"),
        ("?state=own", "?state=own&code=C&state=STATE1"),
    ],
)
@pytest.mark.fact(
    "the callback is put together at the very end, inside WeChat before the `#`"
)
def test_where_the_parameters_stand(
    account: Account, callback: str, returned: str
) -> None:
    """Before the `#`, unlike on the QR page, and behind a state of the site's own."""
    link = consent_link(redirect_uri=H5_CALLBACK + callback)
    url = account.visited(link)["redirect"]
    assert url.replace(code_of(url), "C") == H5_CALLBACK + returned


def test_refusing_closes_the_page(account: Account) -> None:
    assert is_asked(account)


def test_deny_redirect_returns_with_the_state_alone(
    account: Account, world: World
) -> None:
    world.switch(deny_redirect=True)
    outcome = account.visited(allow=False)
    assert outcome["redirect"] == f"{H5_CALLBACK}?state=STATE1"


def test_base_never_asks(account: Account) -> None:
    outcome = account.visited(BASE, allow=False)
    assert outcome["silent"] is True
    assert "code=" in outcome["redirect"]
    assert not is_asked(account, consent_link(scope="snsapi_base", forcePopup="true"))


def test_a_follower_from_the_menu_is_not_asked(account: Account) -> None:
    assert is_asked(account, from_menu=True)
    follows(account.client)
    assert is_asked(account)
    assert not is_asked(account, from_menu=True)
    popup = consent_link(forcePopup="true")
    assert not is_asked(account, popup, from_menu=True)
    account.client.post("/_sim/unfollow", json={"appid": "oa", "person": "xiaoming"})
    assert is_asked(account, from_menu=True)


def test_a_consent_is_good_for_30_days(account: Account, world: World) -> None:
    account.visited()
    world.advance(29 * DAY)
    assert not is_asked(account)
    assert is_asked(account, consent_link(forcePopup="true"))
    assert account.visited(person="lihua", allow=False)["page"] == "closed"
    world.advance(2 * DAY)
    assert is_asked(account)


def test_a_silent_login_is_no_consent(account: Account) -> None:
    account.visited(BASE)
    follows(account.client)
    account.visited(from_menu=True)
    assert is_asked(account)


def test_a_code_lives_five_minutes(account: Account, world: World) -> None:
    young, old = (code_of(account.visited()["redirect"]) for _ in range(2))
    world.advance(299)
    assert "access_token" in account.exchanges(young)
    world.advance(2)
    assert errcode(account.exchanges(old)) == 40029


def test_ids_of_userinfo(account: Account) -> None:
    tokens = account.signs_in()
    assert tokens["scope"] == "snsapi_userinfo"
    assert tokens["openid"] == openid(OA, "xiaoming")
    assert tokens["unionid"] == unionid("main", "xiaoming")
    assert "is_snapshotuser" not in tokens
    profile = Site(account.client).reads_profile(tokens)
    assert (profile["nickname"], profile["unionid"]) == ("小明😀", tokens["unionid"])


@pytest.mark.fact("`snsapi_base` names no unionid, or after an earlier consent it does")
def test_ids_of_base(account: Account) -> None:
    tokens = account.signs_in(BASE)
    assert list(tokens) == [
        "access_token",
        "expires_in",
        "refresh_token",
        "openid",
        "scope",
    ]
    assert tokens["scope"] == "snsapi_base"
    assert errcode(Site(account.client).reads_profile(tokens)) == 48001


@pytest.mark.fact("`snsapi_base` names no unionid, or after an earlier consent it does")
def test_base_may_name_the_unionid_of_who_consented(
    account: Account, world: World
) -> None:
    world.switch(base_unionid=True)
    assert "unionid" not in account.signs_in(BASE)
    account.visited()
    assert account.signs_in(BASE)["unionid"] == unionid("main", "xiaoming")
    assert "unionid" not in account.signs_in(BASE, person="lihua")


def test_an_account_of_no_platform_has_no_unionid(account: Account) -> None:
    code = code_of(account.visited(consent_link(appid=LONE))["redirect"])
    tokens = account.exchanges(code, app="lone", appid=LONE)
    assert tokens["openid"] == openid(LONE, "xiaoming")
    assert "unionid" not in tokens
    assert "unionid" not in Site(account.client).reads_profile(tokens)


@pytest.mark.parametrize(("value", "codes"), [("same", 1), ("different", 2)])
@pytest.mark.parametrize("link", [BASE, consent_link()])
def test_the_browser_comes_back_twice(
    account: Account, world: World, value: str, codes: int, link: str
) -> None:
    world.switch(double_callback=value)
    first, second = account.visited(link)["redirects"]
    assert len({first, second}) == codes
    assert first.partition("state=")[2] == second.partition("state=")[2]
    assert "access_token" in account.exchanges(code_of(first))
    again = account.exchanges(code_of(second))
    assert ("access_token" in again) == (codes == 2)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"person": "stranger"}, 404),
        ({"person": None}, 400),
        ({"allow": "yes"}, 400),
        ({"from_menu": 1}, 400),
        ({"full": True}, 400),
    ],
)
def test_mistakes_of_the_caller(
    client: FlaskClient, change: dict[str, object], status: int
) -> None:
    given = {"url": consent_link(), "person": "xiaoming"} | change
    answer = client.post("/_sim/authorize", json=given)
    assert answer.status_code == status
    assert answer.get_json()["error"]


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"appid": "web", "person": "xiaoming"}, 409),
        ({"appid": "nope", "person": "xiaoming"}, 404),
        ({"appid": "oa", "person": "nope"}, 404),
        ({"appid": "oa"}, 400),
    ],
)
def test_who_cannot_be_followed(
    client: FlaskClient, given: dict[str, str], status: int
) -> None:
    assert client.post("/_sim/follow", json=given).status_code == status


def test_a_clean_slate_forgets_follows_and_consents(account: Account) -> None:
    follows(account.client)
    account.visited()
    account.client.post("/_sim/reset")
    assert is_asked(account, from_menu=True)
