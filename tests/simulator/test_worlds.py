"""Worlds beside one another: what is done in one is not seen in another."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from wxlogin.simulator.world.worlds import Worlds

from .conftest import CALLBACK, MP, OA, WEB, Site, code_of, consent_link, errcode
from .conftest import WECHAT as IN_WECHAT


@dataclass
class Beside:
    """A world that `POST /_sim/worlds` made, by its control calls."""

    client: FlaskClient
    id: str
    control: str
    apps: dict[str, dict[str, Any]]
    people: list[dict[str, Any]]

    def appid(self, app: str) -> str:
        return str(self.apps[app]["appid"])

    def asks(self, call: str) -> Any:
        return self.client.get(self.control + call).get_json()

    def posts(self, call: str, status: int = 200, **given: object) -> Any:
        answer = self.client.post(self.control + call, json=given)
        assert answer.status_code == status, answer.text
        return answer.get_json()

    def sets(self, **switches: object) -> None:
        answer = self.client.put(f"{self.control}switches", json=switches)
        assert answer.status_code == 200

    def code(self, person: str = "lihua") -> str:
        """The code of a QR login."""
        told = self.posts("login", url=self.link(), person=person)
        return code_of(told["redirect"])

    def link(self) -> str:
        back = quote(CALLBACK, safe="")
        wanted = f"appid={self.appid('web')}&redirect_uri={back}&scope=snsapi_login"
        return f"/connect/qrconnect?{wanted}&state=S1"

    def proof(self, app: str) -> dict[str, str]:
        return {"appid": self.appid(app), "secret": str(self.apps[app]["secret"])}

    def signs_in(self, person: str = "lihua") -> dict[str, Any]:
        site = Site(self.client)
        return site.exchanges(self.code(person), **self.proof("web"))


@pytest.fixture
def makes(client: FlaskClient) -> Callable[[], Beside]:
    def make() -> Beside:
        answer = client.post("/_sim/worlds")
        assert answer.status_code == 200, answer.text
        told = answer.get_json()
        apps = {app["name"]: app for app in told.pop("apps")}
        return Beside(client, apps=apps, **told)

    return make


@pytest.fixture
def beside(makes: Callable[[], Beside]) -> Beside:
    return makes()


def test_ids_are_nobody_elses(client: FlaskClient, makes: Callable[[], Beside]) -> None:
    one, two = makes(), makes()
    assert list(one.apps) == ["web", "oa", "mp", "mp2", "app", "lone"]
    for name in ("appid", "secret", "token", "aes_key", "original_id"):
        assert one.apps["oa"][name] != two.apps["oa"][name]
    ids = [client.get("/_sim/people").get_json()[0], one.people[0], two.people[0]]
    openids = [openid for person in ids for openid in person["openids"].values()]
    unionids = [unionid for person in ids for unionid in person["unionids"].values()]
    assert len(set(openids)) == 18 and len(set(unionids)) == 3
    shown = {app["appid"]: app["secret"] for app in one.asks("apps")}
    assert shown[one.appid("web")] == "•••"


def test_an_appid_leads_to_its_world(beside: Beside, site: Site) -> None:
    tokens = beside.signs_in()
    assert tokens["openid"] == beside.people[1]["openids"]["web"]
    assert site.reads_profile(tokens)["nickname"] == "李华"
    renewed = site.refreshes(tokens["refresh_token"], appid=beside.appid("web"))
    assert renewed["openid"] == tokens["openid"]
    assert errcode(site.exchanges(beside.code())) == 40029
    paths = [call["path"] for call in beside.asks("calls")]
    assert paths == [
        "/sns/oauth2/access_token",
        "/sns/userinfo",
        "/sns/oauth2/refresh_token",
    ]


def test_the_first_world_is_as_it_was(beside: Beside, site: Site) -> None:
    beside.signs_in()
    tokens = site.signs_in("lihua")
    assert tokens["openid"] != beside.people[1]["openids"]["web"]
    calls = site.client.get("/_sim/calls").get_json()
    assert [call["appid"] for call in calls] == [WEB]


def test_a_uuid_leads_to_its_world(beside: Beside, site: Site) -> None:
    uuid = site.shows_qr(appid=beside.appid("web"))
    beside.posts("scan", uuid=uuid, person="jose")
    assert "wx_errcode=404" in site.polls(uuid)
    assert site.client.get(f"/connect/qrcode/{uuid}").status_code == 200
    beside.posts("confirm", uuid=uuid, person="jose")
    assert "wx_errcode=405" in site.polls(uuid)
    answer = site.client.post("/_sim/scan", json={"uuid": uuid, "person": "jose"})
    assert answer.status_code == 404


def test_the_page_inside_wechat_and_its_sheet(beside: Beside, site: Site) -> None:
    link, client = consent_link(appid=beside.appid("oa")), site.client
    told = beside.posts("authorize", url=link, person="jose")
    tokens = site.exchanges(code_of(told["redirect"]), **beside.proof("oa"))
    assert tokens["openid"] == beside.people[2]["openids"]["oa"]
    page = client.get(link.partition("#")[0], headers=IN_WECHAT, follow_redirects=True)
    assert "AppID" not in page.text
    given = {"link": link, "person": "lihua", "action": "allow"}
    answer = client.post("/phone/authorize", data=given)
    tokens = site.exchanges(code_of(answer.location), **beside.proof("oa"))
    assert tokens["openid"] == beside.people[1]["openids"]["oa"]


def test_a_mini_program_and_an_accounts_code(beside: Beside, site: Site) -> None:
    code = beside.posts("mp/login", appid="mp", person="jose")["code"]
    wanted = {"js_code": code, "grant_type": "authorization_code"}
    session = site.asks("/sns/jscode2session", **wanted, **beside.proof("mp"))
    assert session["openid"] == beside.people[2]["openids"]["mp"]
    proof = {"grant_type": "client_credential"} | beside.proof("oa")
    answer = site.client.post("/cgi-bin/stable_token", json=proof)
    token = {"access_token": answer.get_json()["access_token"]}
    scene = {"action_name": "QR_SCENE", "action_info": {"scene": {"scene_id": 7}}}
    made = site.client.post("/cgi-bin/qrcode/create", query_string=token, json=scene)
    ticket = {"ticket": made.get_json()["ticket"]}
    shown = site.client.get("/cgi-bin/showqrcode", query_string=ticket)
    assert shown.status_code == 200
    told = beside.posts("scan_oa", person="jose", **ticket)
    assert (told["app"], told["outcome"]) == ("oa", "followed")
    assert site.asks("/cgi-bin/user/get", **token)["total"] == 1


def test_switches_and_clock_are_its_own(
    makes: Callable[[], Beside], site: Site
) -> None:
    one, two = makes(), makes()
    one.sets(errcode={"errcode": -1, "path": "/sns/userinfo"})
    two.posts("clock", advance=7200)
    tokens = one.signs_in(), two.signs_in(), site.signs_in()
    assert errcode(site.reads_profile(tokens[0])) == -1
    assert "errcode" not in site.reads_profile(tokens[1])
    two.posts("clock", advance=7200)
    assert errcode(site.reads_profile(tokens[1])) == 42001
    assert "errcode" not in site.reads_profile(tokens[2])


def test_people_and_apps_are_its_own(client: FlaskClient, beside: Beside) -> None:
    beside.posts("people", name="lihua", nickname="李华华", avatar="generated")
    assert client.get("/_sim/people").get_json()[1]["nickname"] == "李华"
    tokens = beside.signs_in()
    profile = Site(client).reads_profile(tokens)
    assert profile["nickname"] == "李华华"
    assert client.get(profile["headimgurl"]).status_code == 200
    beside.posts("reset")
    assert beside.asks("people")[1]["nickname"] == "李华"
    assert errcode(Site(client).reads_profile(tokens)) == 40001
    assert beside.asks("apps")[0]["appid"] == beside.appid("web")


def test_an_appid_is_of_one_world(client: FlaskClient, beside: Beside) -> None:
    mine = {"name": "mine", "appid": "wxbdc5610cc59c1631", "secret": "s3"}
    assert client.put(f"{beside.control}apps", json=mine).status_code == 200
    for path, appid in (
        ("/_sim/apps", mine["appid"]),
        (f"{beside.control}apps", OA),
    ):
        answer = client.put(path, json=[mine | {"name": "other", "appid": appid}])
        assert answer.status_code == 409
    beside.posts("mp/login", 404, appid=MP, person="jose")


def test_a_world_that_was_dropped(client: FlaskClient, beside: Beside) -> None:
    tokens, code = beside.signs_in(), beside.code()
    assert client.get("/_sim/worlds").get_json() == [
        {"id": beside.id, "control": beside.control}
    ]
    assert client.delete(f"/_sim/worlds/{beside.id}").status_code == 200
    assert client.get("/_sim/worlds").get_json() == []
    site = Site(client)
    assert errcode(site.reads_profile(tokens)) == 40001
    assert errcode(site.exchanges(code, **beside.proof("web"))) == 40013
    for answer in (
        client.get(f"{beside.control}people"),
        client.delete(f"/_sim/worlds/{beside.id}"),
    ):
        assert answer.status_code == 404
        assert answer.get_json() == {"error": f"no world {beside.id!r}"}


def test_a_foreign_page_makes_none(client: FlaskClient, beside: Beside) -> None:
    foreign = {"Origin": "https://evil.example"}
    assert client.post("/_sim/worlds", headers=foreign).status_code == 403
    reset = client.post(f"{beside.control}reset", headers=foreign)
    assert reset.status_code == 403
    assert client.post("/_sim/worlds", json={"apps": []}).status_code == 400


def test_a_thousand_at_once(client: FlaskClient, makes: Callable[[], Beside]) -> None:
    worlds: Worlds = client.application.extensions["worlds"]
    made = [worlds.make() for _ in range(999)]
    last = makes()
    assert last.signs_in()["openid"] == last.people[1]["openids"]["web"]
    for name in made:
        worlds.drop(name)
    assert worlds.names() == [last.id]
