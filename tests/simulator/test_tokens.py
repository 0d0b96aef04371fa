"""Refresh, profile and check of a token."""

import json

import pytest
from flask.testing import FlaskClient

from wxlogin.simulator import World
from wxlogin.simulator.world import tokens

from .conftest import Site, errcode

DAY = 24 * 3600


@pytest.mark.fact(
    "`/sns/oauth2/access_token` and `/sns/userinfo` name the unionid, "
    "`/sns/oauth2/refresh_token` does not and wants no secret"
)
@pytest.mark.fact("an access token lives two hours; refreshed alive it stays the same")
@pytest.mark.fact("a refresh gives the same refresh token, or another")
def test_refreshing_a_live_token_prolongs_the_same_one(
    site: Site, world: World
) -> None:
    tokens = site.signs_in()
    world.advance(7000)
    again = site.refreshes(tokens["refresh_token"])
    assert list(again) == [
        "access_token",
        "expires_in",
        "refresh_token",
        "openid",
        "scope",
    ]
    assert again["access_token"] == tokens["access_token"]
    assert again["refresh_token"] == tokens["refresh_token"]
    world.advance(7000)
    assert "nickname" in site.reads_profile(tokens)


@pytest.mark.fact("an access token lives two hours; refreshed alive it stays the same")
def test_refreshing_a_dead_token_gives_a_new_one(site: Site, world: World) -> None:
    tokens = site.signs_in()
    world.advance(7200)
    assert errcode(site.reads_profile(tokens)) == 42001
    again = site.refreshes(tokens["refresh_token"])
    assert again["access_token"] != tokens["access_token"]
    assert "nickname" in site.reads_profile(again)


@pytest.mark.fact("a refresh token lives 30 days from the consent, or 180")
def test_thirty_days_count_from_the_authorization(site: Site, world: World) -> None:
    tokens = site.signs_in()
    world.advance(29 * DAY)
    assert "access_token" in site.refreshes(tokens["refresh_token"])
    world.advance(DAY)
    answer = site.refreshes(tokens["refresh_token"])
    assert errcode(answer) == 40030
    assert answer["errmsg"].startswith("invalid refresh_token, rid: ")


@pytest.mark.fact("a new login ends the older refresh token, or leaves it")
def test_a_new_login_ends_the_older_refresh_token(site: Site) -> None:
    first = site.signs_in("lihua")
    other = site.signs_in("xiaoming")
    second = site.signs_in("lihua")
    assert errcode(site.refreshes(first["refresh_token"])) == 40030
    for alive in (second, other):
        assert "access_token" in site.refreshes(alive["refresh_token"])


@pytest.mark.fact("a refresh gives the same refresh token, or another")
def test_rotating_refresh_tokens_on_request(site: Site, world: World) -> None:
    world.switch(rotate_refresh_token=True)
    tokens = site.signs_in()
    again = site.refreshes(tokens["refresh_token"])
    assert again["refresh_token"] != tokens["refresh_token"]
    assert errcode(site.refreshes(tokens["refresh_token"])) == 40030
    world.advance(30 * DAY)
    assert errcode(site.refreshes(again["refresh_token"])) == 40030


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"appid": ""}, 41002),
        ({"appid": "wx1"}, 40013),
        ({"refresh_token": ""}, 41003),
        ({"grant_type": "authorization_code"}, 40002),
        ({"refresh_token": "98_x"}, 40030),
        ({"appid": "wx0000000000000a05"}, 40030),
    ],
)
def test_what_a_refresh_refuses(
    site: Site, changes: dict[str, str], wanted: int
) -> None:
    token = site.signs_in()["refresh_token"]
    given = {"refresh_token": token} | changes
    assert errcode(site.refreshes(**given)) == wanted


@pytest.mark.fact(
    "sex and region are empty since 2021; before, `lang` chose the region's language"
)
@pytest.mark.fact("`privilege` is empty, or lists something")
def test_the_profile_in_wechats_words(site: Site) -> None:
    tokens = site.signs_in()
    answer = site.client.get(
        "/sns/userinfo",
        query_string={k: tokens[k] for k in ("access_token", "openid")},
    )
    assert answer.headers["Content-Type"] == "text/plain"
    assert "小明😀".encode() in answer.data
    assert rb'"headimgurl":"http:\/\/localhost\/mmopen\/vi_32\/' in answer.data
    profile = json.loads(answer.data)
    assert list(profile) == [
        "openid",
        "nickname",
        "sex",
        "language",
        "city",
        "province",
        "country",
        "headimgurl",
        "privilege",
        "unionid",
    ]
    assert (profile["sex"], profile["city"], profile["privilege"]) == (0, "", [])
    assert profile["openid"] == tokens["openid"]
    assert profile["unionid"] == tokens["unionid"]
    assert profile["headimgurl"].endswith("/132")


@pytest.mark.fact("control characters, emoji or nothing as a nickname")
def test_a_control_character_stands_raw_in_the_json(site: Site) -> None:
    tokens = site.signs_in("bell")
    answer = site.client.get(
        "/sns/userinfo",
        query_string={k: tokens[k] for k in ("access_token", "openid")},
    )
    assert b"\x07" in answer.data
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.data)
    assert "\x07" in json.loads(answer.data, strict=False)["nickname"]


@pytest.mark.fact("control characters, emoji or nothing as a nickname")
def test_nobody_has_neither_name_nor_avatar(site: Site) -> None:
    profile = site.reads_profile(site.signs_in("nobody"))
    assert profile["nickname"] == profile["headimgurl"] == ""


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"access_token": ""}, 41001),
        ({"openid": ""}, 40001),
        ({"access_token": "98_x"}, 40001),
    ],
)
@pytest.mark.fact(
    "without openid userinfo is 40001; a foreign one is ignored, or 40003"
)
def test_what_the_profile_refuses(
    site: Site, changes: dict[str, str], wanted: int
) -> None:
    tokens = site.signs_in()
    assert errcode(site.reads_profile(tokens | changes)) == wanted


@pytest.mark.fact(
    "without openid userinfo is 40001; a foreign one is ignored, or 40003"
)
def test_a_foreign_openid_is_ignored_by_the_profile(site: Site) -> None:
    tokens = site.signs_in()
    profile = site.reads_profile(tokens | {"openid": "oForeign"})
    assert profile["openid"] == tokens["openid"]


@pytest.mark.fact("success has no `errcode`, except in `/sns/auth`")
def test_auth_tells_whether_the_pair_is_good(site: Site, world: World) -> None:
    tokens = site.signs_in()
    pair = {k: tokens[k] for k in ("access_token", "openid")}
    answer = site.client.get("/sns/auth", query_string=pair)
    assert answer.data == b'{"errcode":0,"errmsg":"ok"}'
    assert errcode(site.asks("/sns/auth", **pair | {"openid": "oX"})) == 40003
    assert errcode(site.asks("/sns/auth", openid="oX")) == 41001
    world.advance(7200)
    assert errcode(site.asks("/sns/auth", **pair)) == 42001


@pytest.mark.fact(
    "the last part of `headimgurl` is the size, and the address ends when the "
    "picture changes"
)
def test_the_avatar_is_a_square_jpeg_in_five_sizes(site: Site) -> None:
    from io import BytesIO

    from PIL import Image

    url = site.reads_profile(site.signs_in())["headimgurl"]
    base = url.removeprefix("http://localhost").rpartition("/")[0]
    for size, side in (("0", 640), ("46", 46), ("64", 64), ("96", 96), ("132", 132)):
        image = Image.open(BytesIO(site.client.get(f"{base}/{size}").data))
        assert (image.format, image.size) == ("JPEG", (side, side))
    assert site.client.get(f"{base}/47").status_code == 404


@pytest.mark.fact(
    "the last part of `headimgurl` is the size, and the address ends when the "
    "picture changes"
)
def test_a_changed_avatar_ends_the_old_address(client: FlaskClient) -> None:
    site = Site(client)
    tokens = site.signs_in("lihua")
    old = site.reads_profile(tokens)["headimgurl"]
    client.post("/_sim/people", json={"name": "lihua", "avatar": "generated"})
    new = site.reads_profile(tokens)["headimgurl"]
    assert new != old
    assert client.get(old.removeprefix("http://localhost")).status_code == 404
    assert client.get(new.removeprefix("http://localhost")).status_code == 200


def test_codes_that_are_over_are_forgotten_and_others_are_not(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is alive is not looked at again with each code: that would be every login's
    time for all logins of ten minutes."""
    monkeypatch.setattr(tokens, "_ROOM", 4)
    world: World = site.client.application.extensions["world"]
    world.reset()
    app = world.registry.app("web")
    old = [world.grants.issue_code(app, "lihua") for _ in range(4)]
    world.advance(601)
    new = [world.grants.issue_code(app, "lihua") for _ in range(9)]
    assert not any(map(world.grants.peek, old))
    assert all(map(world.grants.peek, new))
