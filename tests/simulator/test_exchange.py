"""/sns/oauth2/access_token: what is checked, in which order, what is answered."""

import json
import re

import pytest
from flask.testing import FlaskClient

from wxlogin.simulator import World

from .conftest import WEB, Site, errcode

PATH = "/sns/oauth2/access_token"


@pytest.mark.fact("status 200, `text/plain` under `/sns/`, raw UTF-8, GET and POST")
@pytest.mark.fact("success has no `errcode`, except in `/sns/auth`")
@pytest.mark.fact("tokens have about 110 characters")
def test_answer_in_wechats_words(site: Site) -> None:
    code = site.gets_code()
    answer = site.client.get(
        f"{PATH}?appid={WEB}&secret=secret-of-web&code={code}"
        "&grant_type=authorization_code"
    )
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain"
    assert b" " not in answer.data
    tokens = json.loads(answer.data)
    assert list(tokens) == [
        "access_token",
        "expires_in",
        "refresh_token",
        "openid",
        "scope",
        "unionid",
    ]
    assert tokens["expires_in"] == 7200
    assert tokens["scope"] == "snsapi_login"
    assert re.fullmatch(r"\d\d_[A-Za-z0-9_-]{100}", tokens["access_token"])
    assert re.fullmatch(r"o[A-Za-z0-9_-]{27}", tokens["openid"])
    assert re.fullmatch(r"o[A-Za-z0-9_-]{27}", tokens["unionid"])


@pytest.mark.parametrize("how", ["form", "query"])
@pytest.mark.fact("status 200, `text/plain` under `/sns/`, raw UTF-8, GET and POST")
def test_post_with_form_or_query(client: FlaskClient, how: str) -> None:
    params = {
        "appid": WEB,
        "secret": "secret-of-web",
        "code": Site(client).gets_code(),
        "grant_type": "authorization_code",
    }
    given = {"data": params} if how == "form" else {"query_string": params}
    answer = client.post(PATH, **given)
    assert "access_token" in json.loads(answer.data)


@pytest.mark.parametrize(
    ("changes", "wanted", "text"),
    [
        ({"appid": None}, 41002, "appid missing"),
        ({"appid": "wx1", "secret": None, "code": None}, 40013, "invalid appid"),
        ({"secret": None, "code": None}, 41004, "appsecret missing"),
        ({"code": None, "grant_type": None}, 41008, "missing code"),
        ({"grant_type": None, "secret": "x"}, 40002, "invalid grant_type\n"),
        ({"grant_type": "refresh_token"}, 40002, "invalid grant_type\n"),
        ({"secret": "x", "code": "x"}, 40125, "invalid appsecret"),
        ({"code": "x"}, 40029, "invalid code"),
    ],
)
def test_order_of_checks(
    site: Site, changes: dict[str, str | None], wanted: int, text: str
) -> None:
    given: dict[str, str | None] = {"code": "x", **changes}
    answer = site.exchanges(given.pop("code"), **given)
    assert errcode(answer) == wanted
    assert list(answer) == ["errcode", "errmsg"]
    spelled = re.fullmatch(
        r"(.*), rid: ([0-9a-f]{8})-([0-9a-f]{8})-([0-9a-f]{8})", answer["errmsg"], re.S
    )
    assert spelled
    assert spelled[1] == text


@pytest.mark.fact("`, rid: …` behind an errmsg, once `hints: [ req_id: … ]`")
def test_the_rid_begins_with_the_worlds_time(site: Site, world: World) -> None:
    world.advance(1_000_000)
    rid = site.exchanges("x")["errmsg"].rpartition("rid: ")[2]
    assert abs(int(rid[:8], 16) - world.now()) < 5


def test_a_wrong_secret_does_not_use_the_code_up(site: Site) -> None:
    code = site.gets_code()
    assert errcode(site.exchanges(code, secret="wrong")) == 40125
    assert "access_token" in site.exchanges(code)


@pytest.mark.fact(
    "a code lives ten minutes (five inside WeChat), works once and for one app: "
    "40163, then 40029"
)
def test_a_code_works_once(site: Site, world: World) -> None:
    """40163 soon after the first use, 40029 long after."""
    code = site.gets_code()
    site.exchanges(code)
    assert errcode(site.exchanges(code)) == 40163
    world.advance(600)
    assert errcode(site.exchanges(code)) == 40029


@pytest.mark.fact(
    "a code lives ten minutes (five inside WeChat), works once and for one app: "
    "40163, then 40029"
)
def test_a_code_lives_ten_minutes(site: Site, world: World) -> None:
    early, late = site.gets_code(), site.gets_code()
    world.advance(595)
    assert "access_token" in site.exchanges(early)
    world.advance(10)
    assert errcode(site.exchanges(late)) == 40029


@pytest.mark.fact(
    "a code lives ten minutes (five inside WeChat), works once and for one app: "
    "40163, then 40029"
)
def test_a_code_of_a_page_inside_wechat_lives_five_minutes(
    site: Site, world: World
) -> None:
    oa = world.registry.app("oa")
    code = world.grants.issue_code(oa, "lihua", "snsapi_userinfo")
    world.advance(301)
    answer = site.exchanges(code, appid=oa.appid, secret=oa.secret)
    assert errcode(answer) == 40029


@pytest.mark.fact(
    "a code lives ten minutes (five inside WeChat), works once and for one app: "
    "40163, then 40029"
)
def test_a_code_belongs_to_its_appid(site: Site, world: World) -> None:
    app = world.registry.app("app")
    code = site.gets_code()
    answer = site.exchanges(code, appid=app.appid, secret=app.secret)
    assert errcode(answer) == 40029
    assert "access_token" in site.exchanges(code)


@pytest.mark.fact(
    "an app that is bound to no open-platform account has no unionid, at another "
    "account it has new ones"
)
def test_no_unionid_without_an_open_platform(site: Site, world: World) -> None:
    lone = world.registry.app("lone")
    code = world.grants.issue_code(lone, "lihua", "snsapi_userinfo")
    tokens = site.exchanges(code, appid=lone.appid, secret=lone.secret)
    assert "unionid" not in tokens
    assert "unionid" not in site.reads_profile(tokens)


def test_a_silent_code_of_a_page_inside_wechat_names_no_unionid(
    site: Site, world: World
) -> None:
    oa = world.registry.app("oa")
    code = world.grants.issue_code(oa, "lihua", "snsapi_base")
    tokens = site.exchanges(code, appid=oa.appid, secret=oa.secret)
    assert "unionid" not in tokens
    assert errcode(site.reads_profile(tokens)) == 48001


def test_openid_per_app_unionid_per_open_platform_the_same_in_every_world(
    site: Site, world: World
) -> None:
    people = {p["name"]: p for p in site.client.get("/_sim/people").get_json()}
    tokens = site.signs_in("lihua")
    assert tokens["openid"] == people["lihua"]["openids"]["web"]
    assert tokens["unionid"] == people["lihua"]["unionids"]["main"]
    assert len(set(people["lihua"]["openids"].values())) == 6
    again = World.demo().registry
    assert again.ids_of(again.person("lihua"))["openids"]["web"] == tokens["openid"]


def test_an_unknown_path_is_40066_with_status_200(site: Site) -> None:
    answer = site.asks("/sns/oauth2/token")
    assert errcode(answer) == 40066
    assert answer["errmsg"].startswith("invalid url, rid: ")


def test_many_people_at_once_get_their_own_tokens(world: World) -> None:
    from concurrent.futures import ThreadPoolExecutor

    app = world.registry.app("web")

    def sign_in(number: int) -> tuple[str, str]:
        name = f"p{number}"
        world.registry.put_person({"name": name})
        grant = world.grants.spend(world.grants.issue_code(app, name), app)
        return name, grant.person

    with ThreadPoolExecutor(20) as pool:
        results = list(pool.map(sign_in, range(200)))
    assert all(name == person for name, person in results)
