"""Pushes: what an app's server is told, how often, and what the person then sees."""

import json
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from wxlogin.simulator import World
from wxlogin.simulator.world import ids
from wxlogin.simulator.world.push_answers import OUT_OF_ORDER, Answer
from wxlogin.simulator.world.push_crypto import signature

from .conftest import LONE, MP, OA, WEB
from .receiver import URL, Receiver, opened, parsed, query, reply, sealed

OPENID = ids.openid(OA, "xiaoming")
TEXT = {"event": "text", "content": "hi"}


@pytest.fixture
def receiver(world: World) -> Receiver:
    return Receiver(world)


def push(client: FlaskClient, **given: Any) -> dict[str, Any]:
    asked = {"appid": "oa", "person": "xiaoming", "event": "subscribe"} | given
    answer = client.post("/_sim/push", json=asked)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.get_json()
    return told


def refusal(client: FlaskClient, path: str = "/_sim/push", **given: Any) -> str:
    answer = client.post(path, json={"appid": "oa"} | given)
    assert answer.status_code in (400, 404, 409)
    return str(answer.get_json()["error"])


def test_a_follow_in_tencents_words(
    client: FlaskClient, receiver: Receiver, world: World
) -> None:
    done = push(client)
    assert (done["outcome"], done["why"], done["shown"]) == ("success", "", "")
    (letter,) = receiver.letters
    assert (letter.method, letter.content_type) == ("POST", "text/xml")
    assert letter.url.startswith(f"{URL}?signature=")
    assert list(query(letter)) == [
        *("signature", "timestamp", "nonce", "openid"),
        *("encrypt_type", "msg_signature"),
    ]
    assert query(letter)["openid"] == OPENID
    assert list(parsed(letter.body)) == ["ToUserName", "Encrypt"]
    (told,) = receiver.told
    assert list(told.items())[:2] == [
        ("ToUserName", receiver.app.original_id),
        ("FromUserName", OPENID),
    ]
    assert abs(int(told.pop("CreateTime")) - world.now()) < 60
    assert list(told.items())[2:] == [
        ("MsgType", "event"),
        ("Event", "subscribe"),
        ("EventKey", ""),
    ]


def test_plain_and_compatible(
    client: FlaskClient, receiver: Receiver, world: World
) -> None:
    world.switch(push_mode="plain")
    push(client)
    world.switch(push_mode="compatible")
    push(client)
    plain, both = receiver.letters
    assert list(query(plain)) == ["signature", "timestamp", "nonce", "openid"]
    start = f"<xml><ToUserName><![CDATA[{receiver.app.original_id}]]></ToUserName>"
    assert plain.body.decode().startswith(start)
    assert b"<CreateTime>1" in plain.body
    asked = query(plain)
    assert asked["signature"] == signature(
        "token-of-oa", asked["timestamp"], asked["nonce"]
    )
    outside = parsed(both.body)
    assert list(outside) == [*parsed(plain.body), "Encrypt"]
    inside = opened(receiver.app, both)
    assert outside.pop("Encrypt")
    assert inside == outside


def test_json_for_a_mini_program(
    client: FlaskClient, world: World, receiver: Receiver
) -> None:
    client.put(
        "/_sim/apps", json={"name": "mp", "push_url": URL, "push_format": "json"}
    )
    mp = world.registry.app("mp")
    push(client, appid="mp", event="user_authorization_revoke", info="19")
    world.switch(push_mode="compatible")
    push(client, appid="mp", event="debug_demo", more={"debug_str": "hello 世界"})
    one, two = receiver.letters
    assert one.content_type == "application/json"
    assert set(json.loads(one.body)) == {"ToUserName", "Encrypt"}
    told = opened(mp, one)
    assert isinstance(told.pop("CreateTime"), int)
    assert told.pop("FromUserName") not in (ids.openid(MP, "xiaoming"), "")
    assert told == {
        "ToUserName": mp.original_id,
        "MsgType": "event",
        "Event": "user_authorization_revoke",
        "OpenID": ids.openid(MP, "xiaoming"),
        "AppID": MP,
        "RevokeInfo": "19",
    }
    outside = json.loads(two.body)
    assert outside.pop("Encrypt")
    assert opened(mp, two) == outside
    assert "hello 世界".encode() in two.body


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"event": "unsubscribe"}, {"Event": "unsubscribe", "EventKey": ""}),
        (
            {"event": "subscribe", "key": "login_8f_2c", "ticket": "gQ=="},
            {
                "Event": "subscribe",
                "EventKey": "qrscene_login_8f_2c",
                "Ticket": "gQ==",
            },
        ),
        (
            {"event": "SCAN", "key": "0", "ticket": "gQ=="},
            {"Event": "SCAN", "EventKey": "0", "Ticket": "gQ=="},
        ),
        ({"event": "CLICK", "key": "k"}, {"Event": "CLICK", "EventKey": "k"}),
        ({"event": "VIEW", "key": URL}, {"Event": "VIEW", "EventKey": URL}),
        ({"event": "weapp_audit_success"}, {"Event": "weapp_audit_success"}),
        (
            {"event": "subscribe", "more": {"EventKey": "last_trade_no_40"}},
            {"Event": "subscribe", "EventKey": "last_trade_no_40"},
        ),
        ({"event": "subscribe", "more": {"EventKey": None}}, {"Event": "subscribe"}),
        (
            {
                "event": "scancode_push",
                "key": "k",
                "more": {"ScanCodeInfo": {"ScanType": "qrcode", "ScanResult": "1"}},
            },
            {
                "Event": "scancode_push",
                "EventKey": "k",
                "ScanCodeInfo": {"ScanType": "qrcode", "ScanResult": "1"},
            },
        ),
    ],
)
def test_events(
    client: FlaskClient,
    receiver: Receiver,
    given: dict[str, Any],
    wanted: dict[str, Any],
) -> None:
    push(client, **given)
    told = receiver.told[0]
    assert list(told.items())[4:] == list(wanted.items())


def test_a_message_has_a_number_of_its_own(
    client: FlaskClient, receiver: Receiver
) -> None:
    push(client, **TEXT)
    push(client, **TEXT | {"content": "a]]>b <&>"})
    push(client, **TEXT, more={"MsgId": 18446744073709551615})
    one, two, three = receiver.told
    assert (one["MsgType"], one["Content"]) == ("text", "hi")
    assert int(one["MsgId"]) > 2**53
    assert (two["MsgId"] != one["MsgId"], two["Content"]) == (True, "a]]>b <&>")
    assert three["MsgId"] == "18446744073709551615"


def test_what_people_type_and_xml_forbids(
    client: FlaskClient, receiver: Receiver, world: World
) -> None:
    world.switch(push_mode="plain")
    push(client, **TEXT | {"content": "482\x1d913 \x02"})
    push(client, **TEXT | {"content": "\ud83d"})
    push(client, raw="<xml><a>")
    push(client, base64="/wA=")
    bodies = [letter.body for letter in receiver.letters]
    assert b"<![CDATA[482\x1d913 \x02]]>" in bodies[0]
    assert b"<![CDATA[\xed\xa0\xbd]]>" in bodies[1]
    assert bodies[2:] == [b"<xml><a>", b"\xff\x00"]


@pytest.mark.parametrize(
    ("app", "info", "other"), [("oa", "205", "6"), ("web", "301", "205")]
)
def test_what_was_taken_back(
    client: FlaskClient, world: World, app: str, info: str, other: str
) -> None:
    receiver = Receiver(world, app)
    appid = receiver.app.appid
    for event in (
        "user_authorization_revoke",
        "user_authorization_cancellation",
        "user_info_modified",
    ):
        push(client, appid=app, event=event)
    revoke, cancel, modified = receiver.told
    openid = ids.openid(appid, "xiaoming")
    assert revoke["FromUserName"] == cancel["FromUserName"] != openid
    assert list(revoke.items())[4:] == [
        ("Event", "user_authorization_revoke"),
        ("OpenID", openid),
        ("UnionID", ids.unionid("main", "xiaoming")),
        ("AppID", appid),
        ("RevokeInfo", info),
    ]
    assert "RevokeInfo" not in {**cancel, **modified}
    wrong = {"person": "xiaoming", "event": "user_authorization_revoke"}
    assert "info" in refusal(client, appid=app, **wrong, info=other)


def test_an_app_without_platform_names_no_unionid(
    client: FlaskClient, world: World
) -> None:
    receiver = Receiver(world, "lone")
    push(client, appid="lone", event="user_authorization_revoke")
    assert "UnionID" not in receiver.told[0]
    assert receiver.told[0]["AppID"] == LONE


def test_it_comes_three_times_five_seconds_apart(
    client: FlaskClient, receiver: Receiver
) -> None:
    receiver.answers = [None]
    done = push(client, **TEXT)
    assert (done["outcome"], done["shown"]) == ("no_answer", OUT_OF_ORDER)
    assert [r["status"] for r in done["requests"]] == [0, 0, 0]
    assert receiver.paused == pytest.approx([5, 5], abs=0.5)
    assert receiver.told[0] == receiver.told[1] == receiver.told[2]
    asked = [query(letter) for letter in receiver.letters]
    assert len({each["nonce"] for each in asked}) == 3
    assert len({letter.body for letter in receiver.letters}) == 3
    times = [int(each["timestamp"]) for each in asked]
    assert times[2] - times[0] in (9, 10, 11)


def test_it_may_come_again_the_same_to_the_byte(
    client: FlaskClient, receiver: Receiver, world: World
) -> None:
    world.switch(push_retry="same")
    receiver.answers = [None, None, "success"]
    assert push(client)["outcome"] == "success"
    one, two, three = receiver.letters
    assert one == two == three


@pytest.mark.parametrize("status", [500, 404, 302, 204])
def test_another_status_is_no_answer(
    client: FlaskClient, receiver: Receiver, status: int
) -> None:
    receiver.answers = [Answer(status, {}, b"success"), "success"]
    done = push(client)
    assert [r["status"] for r in done["requests"]] == [status, 200]
    assert done["outcome"] == "success"


def test_a_reply_is_shown(
    client: FlaskClient, receiver: Receiver, world: World
) -> None:
    answer = reply(receiver.app, OPENID, "欢迎 <&> 😀")
    receiver.answers = [sealed(receiver.app, answer)]
    done = push(client, **TEXT)
    assert (done["outcome"], done["shown"]) == ("reply", "欢迎 <&> 😀")
    assert done["reply"]["FromUserName"] == receiver.app.original_id
    world.switch(push_mode="compatible")
    assert push(client)["outcome"] == "reply"
    receiver.answers = [answer]
    assert push(client)["outcome"] == "reply"
    world.switch(push_mode="plain")
    assert push(client)["outcome"] == "reply"
    chat = client.get("/_sim/chat?appid=oa&person=xiaoming").get_json()
    assert chat == [{"from": "account", "text": "欢迎 <&> 😀"}] * 4


def test_staff_and_pictures(
    client: FlaskClient, receiver: Receiver, world: World
) -> None:
    world.switch(push_mode="plain")
    for kind, shown in (("transfer_customer_service", ""), ("image", "[image]")):
        receiver.answers = [reply(receiver.app, OPENID, MsgType=kind, Content=None)]
        done = push(client, **TEXT)
        assert (done["outcome"], done["shown"]) == ("reply", shown)


@pytest.mark.parametrize(
    "changes",
    [
        {"ToUserName": "oSomebody"},
        {"FromUserName": OPENID},
        {"CreateTime": "1700000000000"},
        {"CreateTime": None},
        {"MsgType": None},
        {"MsgType": "poem"},
        {"Content": None},
        {"Content": ""},
        {"Content": "好" * 683},
    ],
)
def test_replies_that_are_none(
    client: FlaskClient, receiver: Receiver, changes: dict[str, str | None]
) -> None:
    given = reply(receiver.app, OPENID, **changes)
    receiver.answers = [sealed(receiver.app, given)]
    done = push(client, **TEXT)
    assert (done["outcome"], done["shown"]) == ("wrong", OUT_OF_ORDER)
    assert next(iter(changes)) in done["why"]
    # It is an answer all the same, and the push does not come again.
    assert len(done["requests"]) == 1
    receiver.answers = [sealed(receiver.app, reply(receiver.app, OPENID, "好" * 682))]
    assert push(client, **TEXT)["outcome"] == "reply"


def test_envelopes_that_cannot_be_opened(
    client: FlaskClient, receiver: Receiver, world: World
) -> None:
    app = receiver.app
    good = reply(app, OPENID)
    other = world.registry.app("lone")
    wrong = [
        (good, "encrypted"),
        (sealed(app, good, TimeStamp="1700000000000"), "TimeStamp"),
        (sealed(app, good, MsgSignature="0" * 40), "MsgSignature"),
        (sealed(app, good, Nonce="another"), "MsgSignature"),
        (sealed(other, good), "MsgSignature"),
        (sealed(replace(app, appid=LONE), good), "another appid"),
        (sealed(app, "success"), "XML"),
    ]
    for answer, why in wrong:
        receiver.answers = [answer]
        done = push(client, **TEXT)
        assert done["outcome"] == "wrong"
        assert why in done["why"]


@pytest.mark.parametrize(
    "body",
    [
        *(b"success\n", b'"success"', b" ", b"SUCCESS", b"{}", b"null", b"\xff"),
        *(b"<xml", b"<a/>", b"<html><body>x</body></html>"),
        b'<!DOCTYPE x [<!ENTITY a "b">]><xml>&a;</xml>',
    ],
)
def test_anything_else_is_out_of_order(
    client: FlaskClient, receiver: Receiver, body: bytes
) -> None:
    receiver.answers = [Answer(200, {}, body)]
    done = push(client, **TEXT)
    assert (done["outcome"], done["shown"]) == ("wrong", OUT_OF_ORDER)
    chat = client.get("/_sim/chat?appid=oa&person=xiaoming").get_json()
    assert chat == [{"from": "wechat", "text": OUT_OF_ORDER}]


def test_a_document_type_has_no_place_in_a_reply(
    client: FlaskClient, receiver: Receiver, world: World
) -> None:
    world.switch(push_mode="plain")
    good = reply(receiver.app, OPENID)
    for start in ("<!DOCTYPE xml>", '<!DOCTYPE xml [<!ENTITY a "b">]>'):
        receiver.answers = [start + good]
        done = push(client, **TEXT)
        assert (done["outcome"], "document type" in done["why"]) == ("wrong", True)


@pytest.mark.parametrize(
    "event", ["unsubscribe", "VIEW", "user_authorization_revoke", "user_info_modified"]
)
def test_nobody_looks_at_a_chat_after(
    client: FlaskClient, receiver: Receiver, event: str
) -> None:
    receiver.answers = ["{}"]
    done = push(client, event=event)
    assert (done["outcome"], done["shown"]) == ("wrong", "")


def test_nothing_at_all_is_an_answer(client: FlaskClient, receiver: Receiver) -> None:
    receiver.answers = [""]
    assert push(client, **TEXT)["outcome"] == "empty"


def test_a_mini_programs_reply_in_json(client: FlaskClient, world: World) -> None:
    receiver = Receiver(world, "mp")
    client.put("/_sim/apps", json={"name": "mp", "push_format": "json"})
    for answer, outcome in (
        (sealed(receiver.app, '{"demo_resp":"good luck"}'), "reply"),
        ('{"demo_resp":"good luck"}', "wrong"),
        ("success", "success"),
        ("[]", "wrong"),
    ):
        receiver.answers = [answer]
        done = push(client, appid="mp", event="debug_demo")
        assert (done["outcome"], done["shown"]) == (outcome, "")


def test_faults_on_the_way(client: FlaskClient, receiver: Receiver) -> None:
    push(client, event="subscribe", faults="duplicate")
    assert receiver.told[0] == receiver.told[1]
    assert receiver.letters[0] != receiver.letters[1]
    receiver.letters.clear()
    assert push(client, event="subscribe", faults="reordered")["outcome"] == "held"
    assert push(client, event="subscribe", faults="late")["outcome"] == "held"
    assert receiver.letters == []
    push(client, event="unsubscribe")
    assert [t["Event"] for t in receiver.told] == ["unsubscribe", "subscribe"]
    done = client.post("/_sim/push/release", json={"appid": "oa"}).get_json()
    assert [each["outcome"] for each in done] == ["success"]
    assert client.post("/_sim/push/release", json={"appid": "oa"}).get_json() == []
    noted = client.get("/_sim/pushes?appid=oa").get_json()
    assert [each["outcome"] for each in noted] == [
        *("success", "success", "held", "held", "success", "success", "success"),
    ]
    assert client.get("/_sim/pushes?appid=web").get_json() == []


def test_events_in_the_spelling_of_samples(client: FlaskClient, world: World) -> None:
    receiver = Receiver(world, "mp")
    world.switch(push_faults=["sample_names"])
    given = {"appid": "mp", "event": "user_authorization_revoke"}
    push(client, **given)
    client.put("/_sim/apps", json={"name": "mp", "push_format": "json"})
    push(client, **given)
    world.switch(push_faults=None)
    push(client, appid="mp", event="user_info_modified", faults=["no_openid"], age=90)
    xml, blanks, missing = receiver.told
    assert (xml["MsgType"], xml["RevokeInfo"]) == ("Event", "6")
    assert blanks["MsgType"] == "Event"
    assert list(blanks)[-3:] == [" OpenID", " AppID", " RevokeInfo"]
    assert "OpenID" not in missing
    assert world.now() - 92 < missing["CreateTime"] < world.now() - 88


def test_follow_write_unfollow(
    client: FlaskClient, receiver: Receiver, world: World
) -> None:
    who = {"appid": "oa", "person": "xiaoming"}
    answer = sealed(receiver.app, reply(receiver.app, OPENID, "在"))
    for path in ("follow", "follow", "unfollow", "unfollow"):
        assert client.post(f"/_sim/{path}", json=who).status_code == 200
    receiver.answers = [answer]
    chat = client.post("/_sim/say", json=who | {"content": "在吗"}).get_json()
    events = [told.get("Event", told["MsgType"]) for told in receiver.told]
    assert events == ["subscribe", "unsubscribe", "text"]
    assert chat == [
        {"from": "person", "text": "在吗"},
        {"from": "account", "text": "在"},
    ]


def test_who_took_it_back_is_asked_again(
    client: FlaskClient, receiver: Receiver, world: World
) -> None:
    app = receiver.app
    world.relations.consent(app, "xiaoming")
    who = {"appid": "oa", "person": "xiaoming", "info": "205"}
    assert client.post("/_sim/revoke", json=who).status_code == 200
    assert not world.relations.consented(app, "xiaoming")
    assert receiver.told[0]["RevokeInfo"] == "205"
    assert "info" in refusal(client, "/_sim/revoke", person="xiaoming", info="8")


def test_an_app_without_an_address_is_told_nothing(
    client: FlaskClient, world: World
) -> None:
    world.pushes.start = lambda job: pytest.fail("nothing to send")
    client.post("/_sim/follow", json={"appid": "oa", "person": "xiaoming"})
    assert push(client)["outcome"] == "no_address"


def test_an_address_proves_itself(client: FlaskClient, world: World) -> None:
    receiver = Receiver(world)
    client.put("/_sim/apps", json={"name": "oa", "push_url": ""})

    def verified(url: str = URL) -> dict[str, Any]:
        given = {"appid": "oa", "push_url": url}
        told: dict[str, Any] = client.post("/_sim/push/verify", json=given).get_json()
        return told

    refused = [
        ("success", "echostr"),
        (None, "5 s"),
        (Answer(302, {}, b""), "302"),
    ]
    for answer, why in refused:
        receiver.answers = [answer]
        told = verified()
        assert told["ok"] is False
        assert why in told["why"]
    assert receiver.app.push_url == ""
    asked = query(receiver.letters[0])
    assert list(asked) == ["signature", "timestamp", "nonce", "echostr"]
    assert asked["echostr"].isdigit()
    assert asked["signature"] == signature(
        "token-of-oa", asked["timestamp"], asked["nonce"]
    )
    world.pushes.post = lambda letter, _: Answer(
        200, {}, query(letter)["echostr"].encode()
    )
    assert verified(f"{URL}?a=1") == {"ok": True, "why": ""}
    assert receiver.app.push_url == f"{URL}?a=1"
    for spoilt, headers in ((b"\n", {}), (b"", {"transfer-encoding": "chunked"})):
        world.pushes.post = lambda letter, _, more=spoilt, named=headers: Answer(
            200, named, query(letter)["echostr"].encode() + more
        )
        assert verified()["ok"] is False


def test_what_is_refused(client: FlaskClient, receiver: Receiver) -> None:
    assert "event" in refusal(client, person="xiaoming")
    assert "faults" in refusal(client, event="x", faults=["lost"])
    assert "age" in refusal(client, event="x", age=-1)
    assert "base64" in refusal(client, base64="*")
    assert "nobody-here" in refusal(client, event="x", person="nobody-here")
    client.put("/_sim/apps", json={"name": "oa", "token": ""})
    assert "token" in refusal(client, event="x")
    for changes in (
        {"name": "oa", "push_format": "json"},
        {"name": "mp", "push_format": "yaml"},
        {"name": "mp", "original_id": "x y"},
    ):
        assert client.put("/_sim/apps", json=changes).status_code == 400


def test_who_did_it_is_needed(client: FlaskClient, receiver: Receiver) -> None:
    for event in ("subscribe", "SCAN", "text", "user_info_modified"):
        assert "person" in refusal(client, event=event)
    given = {"appid": "oa", "event": "weapp_audit_success"}
    assert client.post("/_sim/push", json=given).get_json()["outcome"] == "success"
    assert receiver.told[0]["FromUserName"] not in ("", OPENID)


def test_what_is_no_address_is_not_asked(
    client: FlaskClient, receiver: Receiver
) -> None:
    for url in ("ftp://shop.example/push", "shop.example", "http://", ""):
        client.put("/_sim/apps", json={"name": "oa", "push_url": ""})
        assert "push_url" in refusal(client, "/_sim/push/verify", push_url=url)
    assert receiver.letters == []


def test_without_a_key_a_push_is_plain(client: FlaskClient, world: World) -> None:
    receiver = Receiver(world)
    client.put("/_sim/apps", json={"name": "oa", "aes_key": ""})
    push(client)
    assert parsed(receiver.letters[0].body)["Event"] == "subscribe"


def test_reset_forgets_pushes(
    client: FlaskClient, receiver: Receiver, world: World
) -> None:
    push(client, faults="late")
    push(client, **TEXT)
    receiver.answers = ["x"]
    push(client, **TEXT)
    world.reset()
    assert client.get("/_sim/pushes").get_json() == []
    assert client.get("/_sim/chat?appid=oa&person=xiaoming").get_json() == []
    assert world.pushes.release(world.registry.app("oa")) == []


def test_websites_have_names_of_their_own(world: World) -> None:
    ids_of = {app.original_id for app in world.registry.apps()}
    assert len(ids_of) == 6
    assert world.registry.app("web").appid == WEB


def test_the_front_page_lists_them(client: FlaskClient, receiver: Receiver) -> None:
    assert "Nothing was pushed yet" in client.get("/").text
    push(client, event="<b>subscribe")
    receiver.answers = ["{}"]
    push(client, **TEXT)
    receiver.answers = [Answer(502, {}, b"")]
    push(client, event="SCAN")
    part = client.get("/pushes").text
    assert part in client.get("/").text
    assert "<b>" not in part
    assert part.index("SCAN") < part.index("text") < part.index("subscribe")
    assert "no_answer × 3" in part
    assert "502" in part
    assert "neither" in part
