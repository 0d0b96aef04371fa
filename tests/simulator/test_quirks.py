"""What some saw of WeChat and others did not: each a switch, off by itself."""

import base64
import json
import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from wxlogin.simulator import World

from .conftest import MOBILE, Account, Site, errcode, phone

DAYS = 24 * 3600


@pytest.mark.fact(
    "a website app whose certification lapsed gets the page about the scope"
)
def test_a_website_app_whose_certification_lapsed(site: Site) -> None:
    for change in ({"verified": False}, {"verified": True, "scopes": []}):
        site.client.put("/_sim/apps", json={"name": "web"} | change)
        page = site.opens_qr_page()
        assert "Scope 参数错误或没有 Scope 权限" in page.text
    site.client.put("/_sim/apps", json={"name": "web", "scopes": ["snsapi_base"]})
    assert "wx_default_tip" in site.opens_qr_page().text


@pytest.mark.fact("the mark is missing, or stands by a real person")
def test_the_flag_of_a_preview_may_be_missing(site: Site, world: World) -> None:
    world.switch(snapshot=True, snapshot_flag="missing")
    tokens = site.signs_in("lihua")
    assert "is_snapshotuser" not in tokens
    assert site.reads_profile(tokens)["nickname"] == "微信用户"


@pytest.mark.fact("the mark is missing, or stands by a real person")
def test_the_flag_of_a_preview_may_stand_by_a_real_person(
    site: Site, world: World
) -> None:
    real = site.signs_in("lihua")
    world.switch(("person", "lihua"), snapshot_flag="real")
    flagged = site.signs_in("lihua")
    assert flagged["is_snapshotuser"] == 1
    assert flagged["openid"] == real["openid"]
    assert "is_snapshotuser" not in site.signs_in("jose")


@pytest.mark.fact(
    "a refusal goes nowhere; once it came back with `state` alone, long ago with "
    "`code=authdeny`"
)
def test_a_refusal_with_authdeny(site: Site, account: Account, world: World) -> None:
    world.switch(deny_redirect="authdeny")
    uuid = site.shows_qr()
    phone(site.client, "scan", uuid, "lihua")
    told = phone(site.client, "cancel", uuid, "lihua").get_json()
    assert told["redirect"].endswith("?code=authdeny&state=STATE1")
    outcome = account.visited(allow=False)
    assert outcome["redirect"].endswith("?code=authdeny&state=STATE1")


@pytest.mark.fact("a new login ends the older refresh token, or leaves it")
def test_older_refresh_tokens_may_live_on(site: Site, world: World) -> None:
    first, second = site.signs_in(), site.signs_in()
    assert errcode(site.refreshes(first["refresh_token"])) == 40030
    world.switch(keep_refresh_token=True)
    third = site.signs_in()
    for tokens in (second, third):
        assert "access_token" in site.refreshes(tokens["refresh_token"])


@pytest.mark.fact(
    "a code lives ten minutes (five inside WeChat), works once and for one app: "
    "40163, then 40029"
)
@pytest.mark.fact("an access token lives two hours; refreshed alive it stays the same")
@pytest.mark.fact("a refresh token lives 30 days from the consent, or 180")
def test_how_long_tokens_live(site: Site, world: World) -> None:
    lives = {"code": 60, "access_token": 100, "refresh_token": 180 * DAYS}
    world.switch(("app", "web"), token_lives=lives)
    code, late = site.gets_code(), site.gets_code()
    tokens = site.exchanges(code)
    assert tokens["expires_in"] == 100
    world.advance(61)
    assert errcode(site.exchanges(late)) == 40029
    world.advance(60)
    assert errcode(site.reads_profile(tokens)) == 42001
    world.advance(179 * DAYS)
    assert site.refreshes(tokens["refresh_token"])["expires_in"] == 100
    world.advance(1 * DAYS)
    assert errcode(site.refreshes(tokens["refresh_token"])) == 40030


@pytest.mark.fact("a changed password ends both tokens (42007)")
def test_a_changed_password_ends_all_tokens_and_no_login(site: Site) -> None:
    tokens, other = site.signs_in("lihua"), site.signs_in("jose")
    told = site.client.post("/_sim/password", json={"person": "lihua"}).get_json()
    assert told == {"person": "lihua", "ended": 1}
    assert errcode(site.reads_profile(tokens)) == 42007
    assert errcode(site.refreshes(tokens["refresh_token"])) == 42007
    assert "nickname" in site.reads_profile(other)
    assert "nickname" in site.reads_profile(site.signs_in("lihua"))


@pytest.mark.fact("`scope` ends with a comma")
def test_scope_with_a_comma_at_its_end(site: Site, world: World) -> None:
    world.switch(scope_comma=True)
    tokens = site.signs_in()
    assert tokens["scope"] == "snsapi_login,"
    assert site.refreshes(tokens["refresh_token"])["scope"] == "snsapi_login,"


@pytest.mark.parametrize(
    ("lang", "province"),
    [("", "广东"), ("zh_CN", "广东"), ("zh_TW", "廣東"), ("en", "Guangdong")],
)
@pytest.mark.fact(
    "sex and region are empty since 2021; before, `lang` chose the region's language"
)
@pytest.mark.fact("`privilege` is empty, or lists something")
def test_a_profile_of_before_2021(
    site: Site, world: World, lang: str, province: str
) -> None:
    tokens = site.signs_in()
    query = {k: tokens[k] for k in ("access_token", "openid")} | {"lang": lang}
    new = site.asks("/sns/userinfo", **query)
    world.switch(old_profile=True, privilege=["chinaunicom"])
    old = site.asks("/sns/userinfo", **query)
    assert list(old) == list(new)
    assert (new["sex"], new["province"], new["privilege"]) == (0, "", [])
    assert (old["sex"], old["province"]) == (1, province)
    assert old["privilege"] == ["chinaunicom"]


@pytest.mark.fact("`headimgurl` is http, or at another of WeChat's hosts")
def test_avatars_at_another_host(site: Site, world: World) -> None:
    world.switch(avatar_host="http://wx.qlogo.cn")
    profile = site.reads_profile(site.signs_in())
    assert profile["headimgurl"].startswith("http://wx.qlogo.cn/mmopen/vi_32/")
    assert site.reads_profile(site.signs_in("nobody"))["headimgurl"] == ""


@pytest.mark.fact(
    "without openid userinfo is 40001; a foreign one is ignored, or 40003"
)
def test_a_foreign_openid_may_be_refused(site: Site, world: World) -> None:
    tokens = site.signs_in()
    foreign = tokens | {"openid": site.signs_in("jose")["openid"]}
    assert "nickname" in site.reads_profile(foreign)
    world.switch(strict_openid=True)
    assert errcode(site.reads_profile(foreign)) == 40003
    assert "nickname" in site.reads_profile(tokens)


@pytest.mark.fact("damaged UTF-8 in a nickname")
def test_broken_utf_8_in_the_nickname_alone(site: Site, world: World) -> None:
    given = base64.b64encode(b"\xe5\xb0\xff\xed\xa0\xbd").decode()
    world.switch(nickname={"base64": given})
    tokens = site.signs_in()
    query = {k: tokens[k] for k in ("access_token", "openid")}
    answer = site.client.get("/sns/userinfo", query_string=query)
    assert b'"nickname":"\xe5\xb0\xff\xed\xa0\xbd","sex":0' in answer.data
    assert json.loads(answer.data.decode("utf-8", "replace"))["sex"] == 0


@pytest.mark.fact(
    "the fast login signs in without a scan, with the parameters before the `#`, "
    "or at both places"
)
def test_after_the_fast_login_parameters_at_both_places(
    site: Site, world: World
) -> None:
    world.switch(fast_login="lihua", fast_callback="both")
    uuid = site.shows_qr(redirect_uri="http://localhost/#/login")
    found = re.search(r"wx_redirecturl=\"(.*?)\"", site.polls(uuid, f="url"))
    assert found
    head, _, end = found[1].partition("#")
    assert head.startswith("http://localhost/?code=")
    assert end == f"/login?{head.partition('?')[2]}"


@pytest.mark.fact("an SDK that was left: ErrCode -2, refused: -4")
def test_a_native_app_hears_that_the_person_left(client: FlaskClient) -> None:
    given = {"appid": MOBILE, "person": "lihua", "cancel": True}
    assert client.post("/_sim/app/login", json=given).get_json() == {"ErrCode": -2}


@pytest.mark.parametrize(
    "values",
    [
        {"token_lives": {}},
        {"token_lives": {"access_token": 0}},
        {"token_lives": {"acces_token": 5}},
        {"privilege": "chinaunicom"},
        {"avatar_host": "wx.qlogo.cn"},
        {"avatar_host": "https://wx.qlogo.cn/x"},
        {"deny_redirect": "deny"},
        {"snapshot_flag": True},
        {"nickname": {"base64": "%"}},
    ],
)
def test_a_wrong_value_is_one_sentence(client: FlaskClient, values: Any) -> None:
    answer = client.put("/_sim/switches", json=values)
    assert answer.status_code == 400
    assert next(iter(values)) in answer.get_json()["error"]
