"""The phone number button and /wxa/business/getuserphonenumber."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from wxlogin.simulator import World
from wxlogin.simulator.world.ids import openid

from .conftest import MP, OA, Program, errcode

PATH = "/wxa/business/getuserphonenumber"


def fetches(program: Program, given: object) -> dict[str, Any]:
    return program.posts(PATH, given, {"access_token": program.token()})


def code_from(program: Program, person: str = "xiaoming") -> str:
    return str(program.phone("phone", person)["code"])


def test_the_answer_in_wechats_words(program: Program, world: World) -> None:
    answer = fetches(program, {"code": code_from(program)})
    assert (answer.pop("errcode"), answer.pop("errmsg")) == (0, "ok")
    info = answer["phone_info"]
    assert list(info) == ["phoneNumber", "purePhoneNumber", "countryCode", "watermark"]
    assert info["phoneNumber"] == info["purePhoneNumber"] == "13800138001"
    assert info["countryCode"] == "86"
    assert info["watermark"]["appid"] == MP
    assert abs(info["watermark"]["timestamp"] - world.now()) < 10


def test_a_foreign_number_is_written_with_its_country(program: Program) -> None:
    info = fetches(program, {"code": code_from(program, "jose")})["phone_info"]
    assert info["phoneNumber"] == "+85291234567"
    assert (info["purePhoneNumber"], info["countryCode"]) == ("91234567", "852")


@pytest.mark.fact(
    "`/wxa/business/getuserphonenumber`: a code of the button, five minutes, once, "
    "of that person; the country as a text or a number"
)
def test_the_country_as_a_number(program: Program, world: World) -> None:
    world.switch(country_code="number")
    info = fetches(program, {"code": code_from(program)})["phone_info"]
    assert info["countryCode"] == 86


@pytest.mark.fact(
    "`/wxa/business/getuserphonenumber`: a code of the button, five minutes, once, "
    "of that person; the country as a text or a number"
)
def test_a_code_works_once_for_five_minutes(program: Program, world: World) -> None:
    code, late = code_from(program), code_from(program)
    assert errcode(fetches(program, {"code": code})) == 0
    # Not 40163, which is the login's.
    answer = fetches(program, {"code": code})
    assert answer["errmsg"].startswith("invalid code rid: ")
    world.advance(300)
    assert errcode(fetches(program, {"code": late})) == 40029


def test_the_two_kinds_of_codes(program: Program) -> None:
    assert errcode(fetches(program, {"code": program.gets_code()})) == 40029
    assert errcode(program.exchanges(code_from(program))) == 40029


def test_a_code_belongs_to_its_program(
    program: Program, other_program: Program
) -> None:
    code = code_from(program)
    assert errcode(fetches(other_program, {"code": code})) == 40029
    assert errcode(fetches(program, {"code": code})) == 0


@pytest.mark.fact(
    "`/wxa/business/getuserphonenumber`: a code of the button, five minutes, once, "
    "of that person; the country as a text or a number"
)
def test_whose_code_it_is(program: Program) -> None:
    code = code_from(program)
    for wrong in (openid(MP, "lihua"), "oNobody"):
        answer = fetches(program, {"code": code, "openid": wrong})
        assert errcode(answer) == 40003
    right = {"code": code, "openid": openid(MP, "xiaoming")}
    assert errcode(fetches(program, right)) == 0


@pytest.mark.parametrize(
    ("given", "wanted"),
    [({}, 40029), ({"code": ""}, 40029), ({"code": 5}, 47001), ([], 47001)],
)
def test_wrong_bodies(program: Program, given: object, wanted: int) -> None:
    assert errcode(fetches(program, given)) == wanted


def test_a_code_in_the_query_is_none(program: Program, client: FlaskClient) -> None:
    query = {"access_token": program.token(), "code": code_from(program)}
    for body in ({}, {"json": {}}):
        answer = client.post(PATH, query_string=query, **body)
        assert json.loads(answer.data)["errcode"] == 40029
    token = {"access_token": program.token()}
    answer = client.post(PATH, query_string=token)
    assert json.loads(answer.data)["errcode"] == 44002
    answer = client.post(PATH, query_string=token, data={"code": "x"})
    assert json.loads(answer.data)["errcode"] == 47001


def test_tokens_and_method(program: Program, client: FlaskClient) -> None:
    code = {"code": code_from(program)}
    assert errcode(program.posts(PATH, code)) == 41001
    assert errcode(program.posts(PATH, code, {"access_token": "x"})) == 40014
    token = Program(client, "oa", OA).token()
    assert errcode(program.posts(PATH, code, {"access_token": token})) == 48001
    assert json.loads(client.get(PATH).data)["errcode"] == 43002


def test_a_refusal_gives_no_code(program: Program) -> None:
    told = program.phone("phone", allow=False)
    assert told == {"errMsg": "getPhoneNumber:fail user deny"}


@pytest.mark.parametrize("errno", [1400001, 104, 112])
def test_errors_of_the_button(program: Program, world: World, errno: int) -> None:
    world.switch(("person", "lihua"), phone_errno=errno)
    told = program.phone("phone", "lihua")
    assert told == {"errMsg": "getPhoneNumber:fail", "errno": errno}
    assert "code" in program.phone("phone")


def test_who_has_no_number(client: FlaskClient, program: Program) -> None:
    given = {"appid": "mp", "person": "nobody"}
    assert client.post("/_sim/mp/phone", json=given).status_code == 409
    client.post("/_sim/people", json={"name": "nobody", "phone": "13900139000"})
    info = fetches(program, {"code": code_from(program, "nobody")})["phone_info"]
    assert info["phoneNumber"] == "13900139000"


@pytest.mark.parametrize(
    "change", [{"phone": "+86 139"}, {"phone": 5}, {"country_code": ""}]
)
def test_wrong_numbers(client: FlaskClient, change: dict[str, object]) -> None:
    given = {"name": "lihua"} | change
    assert client.post("/_sim/people", json=given).status_code == 400


def test_neither_number_nor_code_is_noted(program: Program) -> None:
    code = code_from(program)
    fetches(program, {"code": code, "openid": openid(MP, "xiaoming")})
    noted = program.client.get("/_sim/calls").text
    assert PATH in noted
    assert code not in noted
    assert "13800138001" not in noted


def test_an_openid_is_text(program: Program) -> None:
    code = code_from(program)
    assert errcode(fetches(program, {"code": code, "openid": 5})) == 47001
    assert errcode(fetches(program, {"code": code})) == 0
