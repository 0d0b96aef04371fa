"""An official account's codes: how they are made and shown, and what a scan tells."""

import json
from base64 import b64decode, urlsafe_b64decode
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image

from wxlogin.simulator import World
from wxlogin.simulator.world.ids import openid, original_id

from .conftest import LONE, OA, Program, errcode
from .receiver import Receiver

PATH = "/cgi-bin/qrcode/create"
TEMPORARY = {
    "expire_seconds": 600,
    "action_name": "QR_STR_SCENE",
    "action_info": {"scene": {"scene_str": "login_8f2c"}},
}


@pytest.fixture
def receiver(world: World) -> Receiver:
    return Receiver(world)


@pytest.fixture
def oa(client: FlaskClient) -> Program:
    """The account's server."""
    return Program(client, "oa", OA)


def asked(action: str, scene: object, **more: object) -> dict[str, Any]:
    name = "scene_str" if "STR" in action else "scene_id"
    return {"action_name": action, "action_info": {"scene": {name: scene}}} | more


def made(server: Program, given: object = TEMPORARY) -> dict[str, Any]:
    return server.posts(PATH, given, {"access_token": server.token()})


def scans(client: FlaskClient, **given: object) -> str:
    answer = client.post("/_sim/scan_oa", json={"person": "xiaoming"} | given)
    assert answer.status_code == 200, answer.text
    return str(answer.get_json()["outcome"])


def told_of(server: Program, person: str = "xiaoming") -> dict[str, Any]:
    """user/info."""
    query = {"access_token": server.token(), "openid": openid(OA, person)}
    answer = server.client.get("/cgi-bin/user/info", query_string=query)
    told: dict[str, Any] = json.loads(answer.data)
    return told


def test_a_temporary_code(oa: Program, world: World) -> None:
    answer = made(oa)
    assert list(answer) == ["ticket", "expire_seconds", "url"]
    assert answer["expire_seconds"] == 600
    assert answer["url"].startswith("http://weixin.qq.com/q/")
    ticket = answer["ticket"]
    assert (len(ticket), ticket[:2], ticket[-2:]) == (96, "gQ", "==")
    raw = urlsafe_b64decode(ticket)
    # The text of the code, the time and the seconds stand in it in clear.
    assert answer["url"].encode() in raw
    assert abs(int.from_bytes(raw[-10:-6], "little") - world.now()) < 60
    assert int.from_bytes(raw[-4:], "little") == 600


@pytest.mark.parametrize(
    ("action", "scene"), [("QR_LIMIT_SCENE", 100_000), ("QR_LIMIT_STR_SCENE", "s" * 64)]
)
def test_a_permanent_code(
    oa: Program, client: FlaskClient, world: World, action: str, scene: object
) -> None:
    answer = made(oa, asked(action, scene, expire_seconds=600))
    assert list(answer) == ["ticket", "url"]
    world.advance(400 * 24 * 3600)
    assert scans(client, ticket=answer["ticket"], follow=False) == "declined"


@pytest.mark.parametrize(
    ("given", "seconds"),
    [(None, 60), (0, 60), (-5, 60), (1, 1), (2_592_001, 2_592_000)],
)
@pytest.mark.fact(
    "`/cgi-bin/qrcode/create`: how long it is good, a scene one level up is lost, "
    "48001 for who is not verified"
)
def test_how_long_it_is_good(oa: Program, given: int | None, seconds: int) -> None:
    asked_for = TEMPORARY | {"expire_seconds": given}
    if given is None:
        del asked_for["expire_seconds"]
    assert made(oa, asked_for)["expire_seconds"] == seconds


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ({}, 40052),
        ({"action_name": "QR_CODE"}, 40052),
        ({"action_name": 1}, 40052),
        ({"action_name": "QR_STR_SCENE"}, 40053),
        ({"action_name": "QR_STR_SCENE", "action_info": "x"}, 40053),
        (asked("QR_STR_SCENE", ""), 40053),
        (asked("QR_STR_SCENE", "s" * 65), 40053),
        (asked("QR_LIMIT_STR_SCENE", "s" * 65), 40053),
        (asked("QR_STR_SCENE", ["x"]), 47001),
        (asked("QR_SCENE", 0), 40053),
        (asked("QR_SCENE", -1), 40053),
        (asked("QR_LIMIT_SCENE", 0), 40053),
        (asked("QR_LIMIT_SCENE", 100_001), 40053),
        (asked("QR_SCENE", "one"), 47001),
        (asked("QR_SCENE", True), 47001),
        (TEMPORARY | {"expire_seconds": "600"}, 47001),
        (TEMPORARY | {"expire_seconds": True}, 47001),
    ],
)
def test_what_is_refused(oa: Program, given: object, number: int) -> None:
    assert errcode(made(oa, given)) == number


def test_a_body_that_is_no_json_has_no_action_name(oa: Program) -> None:
    def posted(**given: Any) -> dict[str, Any]:
        query = {"access_token": oa.token()}
        answer = oa.client.post(PATH, query_string=query, **given)
        told: dict[str, Any] = json.loads(answer.data)
        return told

    answer = posted(data=str(TEMPORARY))
    assert errcode(answer) == 40052
    assert answer["errmsg"].startswith("invalid action name rid: ")
    assert errcode(posted(data={"action_name": "QR_SCENE"})) == 40052
    assert errcode(posted()) == 44002


def test_who_may_make_codes(oa: Program, client: FlaskClient, program: Program) -> None:
    assert errcode(program.posts(PATH, TEMPORARY)) == 41001
    assert errcode(made(program)) == 48001
    client.put("/_sim/apps", json={"name": "oa", "scopes": []})
    assert errcode(made(oa)) == 48001
    client.put("/_sim/apps", json={"name": "oa", "scopes": ["snsapi_base"]})
    client.put("/_sim/switches", json={"errcode": {"errcode": 48001, "path": PATH}})
    assert errcode(made(oa)) == 48001
    assert errcode(json.loads(client.get(PATH).data)) == 48001
    client.put("/_sim/switches", json={"errcode": None})
    assert errcode(json.loads(client.get(PATH).data)) == 43002


@pytest.mark.fact(
    "`/cgi-bin/qrcode/create`: how long it is good, a scene one level up is lost, "
    "48001 for who is not verified"
)
def test_an_account_that_is_not_verified(oa: Program, client: FlaskClient) -> None:
    """No codes, no followers, no pages; pushes and their answers are everybody's."""
    client.put("/_sim/apps", json={"name": "oa", "verified": False})
    assert errcode(made(oa)) == 48001
    assert errcode(told_of(oa)) == 48001
    for path in ("/cgi-bin/user/get", "/cgi-bin/user/info/batchget"):
        answer = oa.client.open(
            path,
            method="POST" if path.endswith("batchget") else "GET",
            query_string={"access_token": oa.token()},
            json={"user_list": [{"openid": openid(OA, "xiaoming")}]},
        )
        assert errcode(json.loads(answer.data)) == 48001
    wrong = client.put("/_sim/apps", json={"name": "oa", "verified": "no"})
    assert wrong.status_code == 400
    client.put("/_sim/apps", json={"name": "oa", "verified": True})
    assert told_of(oa)["subscribe"] == 0


def test_permanent_codes_are_counted(oa: Program, client: FlaskClient) -> None:
    client.put("/_sim/switches", json={"quota": {"path": PATH, "calls": 2}})
    for number in (1, 2):
        assert "ticket" in made(oa, asked("QR_LIMIT_SCENE", number))
    assert errcode(made(oa, asked("QR_LIMIT_SCENE", 3))) == 45029
    # Temporary ones are not; this one is the third call of the day.
    assert errcode(made(oa)) == 45009


def test_the_picture(oa: Program, client: FlaskClient) -> None:
    ticket = made(oa)["ticket"]
    shown = client.get("/cgi-bin/showqrcode", query_string={"ticket": ticket})
    assert shown.status_code == 200
    assert shown.headers["Content-Type"] == "image/jpg"
    assert shown.headers["Cache-Control"] == "max-age=604800"
    assert Image.open(BytesIO(shown.data)).format == "JPEG"
    for wrong in ("", "gQ==", ticket[:-2]):
        path = "/cgi-bin/showqrcode"
        assert client.get(path, query_string={"ticket": wrong}).status_code == 404


def test_the_plain_codes_picture(client: FlaskClient) -> None:
    shown = client.get("/qr/code", query_string={"username": original_id(OA)})
    assert (shown.status_code, shown.mimetype) == (200, "image/jpg")
    assert client.get("/qr/code?username=gh_0").status_code == 404


def test_a_follower_scans(oa: Program, client: FlaskClient, receiver: Receiver) -> None:
    client.post("/_sim/follow", json={"appid": "oa", "person": "xiaoming"})
    ticket = made(oa)["ticket"]
    assert scans(client, ticket=ticket) == "scanned"
    told = receiver.told[-1]
    assert (told["Event"], told["EventKey"], told["Ticket"]) == (
        "SCAN",
        "login_8f2c",
        ticket,
    )
    assert told["FromUserName"] == openid(OA, "xiaoming")


@pytest.mark.fact(
    "`/cgi-bin/user/info` and `/cgi-bin/user/info/batchget` tell who follows and "
    "by which code, `/cgi-bin/user/get` ends with a page without data"
)
def test_somebody_else_follows_first(
    oa: Program, client: FlaskClient, receiver: Receiver
) -> None:
    ticket = made(oa)["ticket"]
    assert scans(client, ticket=ticket, follow=False) == "declined"
    assert receiver.told == []
    assert told_of(oa)["subscribe"] == 0
    assert scans(client, ticket=ticket) == "followed"
    (told,) = receiver.told
    assert (told["Event"], told["EventKey"]) == ("subscribe", "qrscene_login_8f2c")
    assert told["Ticket"] == ticket
    info = told_of(oa)
    assert info["subscribe_scene"] == "ADD_SCENE_QR_CODE"
    assert (info["qr_scene"], info["qr_scene_str"]) == (0, "login_8f2c")


def test_the_link_in_the_code_does_as_well(oa: Program, client: FlaskClient) -> None:
    assert scans(client, link=made(oa)["url"]) == "followed"


def test_a_number_is_told_as_one(
    oa: Program, client: FlaskClient, receiver: Receiver
) -> None:
    # Above 32 bits it is cut.
    ticket = made(oa, asked("QR_SCENE", 2**40))["ticket"]
    scans(client, ticket=ticket)
    assert receiver.told[-1]["EventKey"] == "qrscene_4294967295"
    assert told_of(oa)["qr_scene"] == 4_294_967_295
    assert told_of(oa)["qr_scene_str"] == ""


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"action_name": "QR_STR_SCENE", "action_info": {"scene_str": "lost"}}, ""),
        ({"action_name": "QR_SCENE", "action_info": {"scene_id": 12}}, "0"),
        (
            {"action_name": "QR_SCENE", "action_info": {"scene": {"scene_str": "x"}}},
            "0",
        ),
    ],
)
@pytest.mark.fact(
    "`/cgi-bin/qrcode/create`: how long it is good, a scene one level up is lost, "
    "48001 for who is not verified"
)
def test_a_scene_in_the_wrong_place_is_lost(
    oa: Program,
    client: FlaskClient,
    receiver: Receiver,
    given: dict[str, Any],
    key: str,
) -> None:
    ticket = made(oa, given)["ticket"]
    assert scans(client, ticket=ticket) == "followed"
    assert receiver.told[-1]["EventKey"] == f"qrscene_{key}"
    assert scans(client, ticket=ticket) == "scanned"
    assert receiver.told[-1]["EventKey"] == key


def test_an_expired_code_does_nothing(
    oa: Program, client: FlaskClient, receiver: Receiver, world: World
) -> None:
    ticket = made(oa)["ticket"]
    world.advance(599)
    assert scans(client, ticket=ticket, follow=False) == "declined"
    world.advance(1)
    assert scans(client, ticket=ticket) == "expired"
    assert scans(client, ticket=ticket, person="lihua") == "expired"
    assert receiver.told == []


def test_the_plain_code_is_silent(
    client: FlaskClient, receiver: Receiver, oa: Program
) -> None:
    assert scans(client, appid="oa") == "followed"
    (told,) = receiver.told
    assert (told["Event"], told["EventKey"]) == ("subscribe", "")
    assert "Ticket" not in told
    assert told_of(oa)["qr_scene_str"] == ""
    assert scans(client, appid="oa") == "silent"
    assert len(receiver.told) == 1


def test_wrong_orders_to_the_control(client: FlaskClient, oa: Program) -> None:
    def status(**given: object) -> int:
        return client.post("/_sim/scan_oa", json=given).status_code

    ticket = made(oa)["ticket"]
    assert status(ticket="gQ==", person="lihua") == 404
    assert status(link="http://weixin.qq.com/q/none", person="lihua") == 404
    assert status(ticket=ticket, person="nosuch") == 404
    assert status(appid="mp", person="lihua") == 409
    assert status(ticket=ticket, person="lihua", folow=True) == 400
    client.post("/_sim/reset")
    assert status(ticket=ticket, person="lihua") == 404


def test_codes_are_their_accounts(client: FlaskClient) -> None:
    lone = Program(client, "lone", LONE)
    answer = client.post(
        "/_sim/scan_oa", json={"ticket": made(lone)["ticket"], "person": "lihua"}
    ).get_json()
    assert answer == {
        "app": "lone",
        "following": True,
        "outcome": "followed",
        "person": "lihua",
    }


def test_tickets_are_as_public_ones() -> None:
    # One of public code, as old as its time says; ours has the same parts.
    seen = (
        "gQGy8DoAAAAAAAAAASxodHRwOi8vd2VpeGluLnFxLmNvbS9xLzRFT3Fpb2JsRVo5b215M1RG"
        "bTBrAAIEn3TOVgMEgDoJAA=="
    )
    world = World.demo()
    ours = world.account_codes.make(world.registry.app("oa"), "x", 604_800)
    theirs, raw = b64decode(seen), urlsafe_b64decode(ours.ticket)
    assert len(raw) == len(theirs) == 70
    assert raw[:2] + raw[4:37] == theirs[:2] + theirs[4:37]
    assert raw[57:60] + raw[64:] == theirs[57:60] + theirs[64:]
