"""Open data of a phone: signed and encrypted by the rules of the vectors."""

import json
import re
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from flask.testing import FlaskClient

from wxlogin.simulator import World
from wxlogin.simulator.world import open_data
from wxlogin.simulator.world.ids import openid, unionid

from .conftest import MP, Program

# Signatures and texts of Tencent's page (signature.html), and made after its rules.
VECTORS = json.loads(
    Path(__file__).with_name("open_data_vectors.json").read_text("utf-8")
)


def opened(data: dict[str, Any], session_key: str) -> str:
    """The text of encryptedData, read with nothing forgiven."""
    key, iv = b64decode(session_key), b64decode(data["iv"], validate=True)
    cipher = Cipher(algorithms.AES128(key), modes.CBC(iv)).decryptor()
    sealed = b64decode(data["encryptedData"], validate=True)
    padded = cipher.update(sealed) + cipher.finalize()
    unpadder = PKCS7(128).unpadder()
    return (unpadder.update(padded) + unpadder.finalize()).decode("utf-8")


@pytest.mark.parametrize("vector", VECTORS["encrypted"], ids=lambda v: v["name"])
def test_the_vectors_are_made_and_read(vector: dict[str, str]) -> None:
    key, iv = vector["session_key"], b64decode(vector["iv"])
    made = open_data.encrypted(vector["plain"], key, iv)
    assert made == {"encryptedData": vector["encrypted_data"], "iv": vector["iv"]}
    assert opened(made, key) == vector["plain"]


@pytest.mark.parametrize("vector", VECTORS["signatures"], ids=lambda v: v["name"])
def test_the_signatures_are_made(vector: dict[str, str]) -> None:
    made = open_data.signature(vector["raw_data"], vector["session_key"])
    assert made == vector["signature"]


def test_everybodys_profile_is_anonymous(program: Program, world: World) -> None:
    key = program.signs_in()["session_key"]
    data = program.phone("userdata")
    assert data["errMsg"] == "getUserInfo:ok"
    assert data["rawData"] == (
        '{"nickName":"微信用户","gender":0,"language":"","city":"","province":"",'
        '"country":"","avatarUrl":"https://thirdwx.qlogo.cn/mmopen/vi_32/POgEwh4mIHO4ni'
        "bH0KlMECNjjGxQUq24ZEaGT4poC6icRiccVGKSyXwibcPq4BWmiaIGuG1icwxaQX6grC9VemZoJ8rg"
        '/132","is_demote":true}'
    )
    assert json.loads(data["rawData"]) == data["userInfo"]
    assert data["signature"] == open_data.signature(data["rawData"], key)
    plain = json.loads(opened(data, key))
    assert list(plain) == [
        *("openId", "nickName", "gender", "language", "city", "province", "country"),
        *("avatarUrl", "unionId", "watermark"),
    ]
    assert plain["openId"] == openid(MP, "xiaoming")
    assert plain["unionId"] == unionid("main", "xiaoming")
    assert plain["watermark"]["appid"] == MP
    assert abs(plain["watermark"]["timestamp"] - world.now()) < 10
    assert list(plain["watermark"]) == ["timestamp", "appid"]


def test_a_profile_of_old(program: Program) -> None:
    key = program.signs_in()["session_key"]
    data = program.phone("userdata", form="legacy")
    assert data["errMsg"] == "getUserProfile:ok"
    user = json.loads(data["rawData"])
    assert list(user) == [
        *("nickName", "gender", "language", "city", "province", "country"),
        "avatarUrl",
    ]
    assert (user["nickName"], user["language"]) == ("小明😀", "zh_CN")
    assert "小明😀" in data["rawData"]
    assert " " not in data["rawData"]
    avatar = user["avatarUrl"].removeprefix("http://localhost")
    assert program.client.get(avatar).status_code == 200
    assert json.loads(opened(data, key)).items() >= user.items()
    assert data["signature"] == open_data.signature(data["rawData"], key)


def test_slashes_escaped_in_the_signed_text(program: Program) -> None:
    key = program.signs_in()["session_key"]
    data = program.phone("userdata", escaped=True)
    assert r"https:\/\/thirdwx.qlogo.cn\/mmopen" in data["rawData"]
    assert data["signature"] == open_data.signature(data["rawData"], key)


@pytest.mark.parametrize("person", ["bell", "nobody", "half"])
def test_odd_names(program: Program, person: str) -> None:
    half = {"name": "half", "nickname": "\ud83d"}
    program.client.post("/_sim/people", data=json.dumps(half))
    key = program.signs_in(person)["session_key"]
    data = program.phone("userdata", person, form="legacy")
    assert data["signature"] == open_data.signature(data["rawData"], key)
    assert json.loads(opened(data, key))["openId"] == openid(MP, person)


def test_no_unionid(program: Program, world: World) -> None:
    key = program.signs_in()["session_key"]
    world.switch(drop_unionid=True)
    assert "unionId" not in json.loads(opened(program.phone("userdata"), key))
    world.switch(drop_unionid=None)
    program.client.put("/_sim/apps", json={"name": "mp", "open_platform": ""})
    assert "unionId" not in json.loads(opened(program.phone("userdata"), key))


def test_ids_that_disagree_with_the_login(program: Program, world: World) -> None:
    key = program.signs_in()["session_key"]
    world.switch(userinfo_openid="oOther", userinfo_unionid="oElse")
    plain = json.loads(opened(program.phone("userdata"), key))
    assert (plain["openId"], plain["unionId"]) == ("oOther", "oElse")


def test_old_data(program: Program, world: World) -> None:
    key = program.signs_in()["session_key"]
    for act in ("userdata", "phone"):
        plain = json.loads(opened(program.phone(act, age=400), key))
        assert abs(plain["watermark"]["timestamp"] + 400 - world.now()) < 10


def test_data_of_the_previous_key(program: Program, world: World) -> None:
    world.switch(rotate_session_key="always")
    first = program.signs_in()["session_key"]
    data = program.phone("userdata")
    second = program.signs_in()["session_key"]
    assert json.loads(opened(data, first))["openId"]
    later = program.phone("userdata")
    assert json.loads(opened(later, second))["openId"]
    assert later["iv"] != data["iv"]


def test_a_plus_that_became_a_blank(program: Program, world: World) -> None:
    key = program.signs_in()["session_key"]
    world.switch(plus_lost=True)
    many = [program.phone("userdata") for _ in range(20)]
    assert any(" " in data["encryptedData"] for data in many)
    for data in many:
        assert "+" not in data["encryptedData"] + data["iv"]
        whole = {k: str(data[k]).replace(" ", "+") for k in ("encryptedData", "iv")}
        assert json.loads(opened(whole, key))["openId"]


def test_the_encrypted_number(program: Program) -> None:
    key = program.signs_in("jose")["session_key"]
    data = program.phone("phone", "jose")
    assert data["errMsg"] == "getPhoneNumber:ok"
    assert re.fullmatch("[0-9a-f]{64}", data["code"])
    plain = json.loads(opened(data, key))
    assert list(plain) == ["phoneNumber", "purePhoneNumber", "countryCode", "watermark"]
    assert plain["phoneNumber"] == "+85291234567"
    assert plain["purePhoneNumber"] == "91234567"
    assert plain["countryCode"] == "852"


def test_data_need_a_login_and_a_phones_code_does_not(
    client: FlaskClient, program: Program, world: World
) -> None:
    given = {"appid": "mp", "person": "xiaoming"}
    answer = client.post("/_sim/mp/userdata", json=given)
    assert answer.status_code == 409
    assert "log in first" in answer.get_json()["error"]
    assert list(program.phone("phone")) == ["code", "errMsg"]
    program.signs_in()
    world.advance(3 * 24 * 3600)
    assert client.post("/_sim/mp/userdata", json=given).status_code == 409


@pytest.mark.parametrize(
    ("act", "change"),
    [
        ("userdata", {"form": "new"}),
        ("userdata", {"age": -1}),
        ("userdata", {"age": "5"}),
        ("userdata", {"age": True}),
        ("userdata", {"escaped": 1}),
        ("userdata", {"allow": True}),
        ("phone", {"allow": "no"}),
        ("phone", {"form": "legacy"}),
    ],
)
def test_mistakes_of_who_drives_the_phone(
    client: FlaskClient, program: Program, act: str, change: dict[str, object]
) -> None:
    program.signs_in()
    given = {"appid": "mp", "person": "xiaoming"} | change
    assert client.post(f"/_sim/mp/{act}", json=given).status_code == 400
