"""POST /api/mp/<app>/phone: the number that a person gives to a program, as a claim."""

import base64
import json
from datetime import UTC, datetime

import pytest

from tests.support.journey import ENGLISH, calls
from tests.web.mini_program import MiniProgram, program_with
from wxlogin.accounts import phones
from wxlogin.accounts.models import PhoneNumber, User
from wxlogin.db import db
from wxlogin.service import running

PHONE, STABLE = "/wxa/business/getuserphonenumber", "/cgi-bin/stable_token"
NUMBER = {"number": "13800138000", "pure_number": "13800138000", "country_code": "86"}


@pytest.fixture
def program(app, simulator) -> MiniProgram:
    """小明's phone with the program `mp`, signed in."""
    program = MiniProgram(app, simulator)
    assert program.logs_in().status_code == 200
    return program


@pytest.fixture
def asked(simulator):
    """How often WeChat was asked for a number."""
    return lambda path=PHONE: len(calls(simulator, path))


@pytest.fixture
def number_of(simulator):
    """`number_of("xiaoming", phone="91234567", country_code="852")`"""

    def put(person: str, **fields: str) -> None:
        known = simulator.world.registry.person(person)
        simulator.world.registry.put_person(
            {"name": person, "nickname": known.nickname, **fields}
        )

    return put


def given(program: MiniProgram, **more: object) -> dict[str, str]:
    """What the button gives: code, encryptedData, iv."""
    return program.of_wechat("phone", **more)


def old_form(found: dict[str, str]) -> dict[str, str]:
    return {name: found[name] for name in ("encryptedData", "iv")}


def refused(answer, code: str = "open_data_invalid") -> bool:
    body = answer.get_json()
    assert (answer.status_code, body["code"]) == (400, code)
    return True


def stored(app) -> int:
    with app.app_context():
        return db.session.query(PhoneNumber).count()


# -- the button's code --


def test_a_code_becomes_a_claim(app, program, asked):
    found = given(program)
    answer = program.post("phone", code=found["code"])
    assert answer.status_code == 200
    body = answer.get_json()
    owner = program.simulator.world.registry.person("xiaoming")
    assert body["phone"] == {
        "number": owner.phone,
        "pure_number": owner.phone,
        "country_code": "86",
    }
    assert (body["verified"], body["kept"]) == (False, False)
    assert "未经验证" in body["note"]
    assert set(body) == {"phone", "verified", "kept", "note"}
    assert asked() == 1
    assert stored(app) == 0


def test_the_words_are_in_the_programs_language(program):
    body = {"code": given(program)["code"]}
    answer = program.sends("POST", "/api/mp/mp/phone", json=body, headers=ENGLISH)
    assert "nobody has checked" in answer.get_json()["note"]


def test_wechat_hears_whose_code_it_should_be(app, simulator, program):
    """The openid goes along, so nobody gives another person's number."""
    program.post("phone", code=given(program)["code"])
    (call,) = calls(simulator, PHONE)
    assert call["params"]["openid"] == openid_of(program)
    lihua = MiniProgram(app, simulator, person="lihua")
    lihua.logs_in()
    assert refused(
        program.post("phone", code=given(lihua)["code"]), "phone_code_invalid"
    )


def openid_of(program: MiniProgram) -> str:
    return program.who()["identities"][0]["openid"]


def test_the_login_code_is_another_one(program, asked):
    """Case 2: told by name, without asking WeChat; and the other way round."""
    code = program.code()
    assert refused(program.post("phone", code=code), "phone_code_needed")
    assert (asked(), asked(STABLE)) == (0, 0)
    # It is as good as before.
    assert program.logs_in(code).status_code == 200
    assert refused(program.logs_in(given(program)["code"]), "login_code_needed")


def test_one_code_twice(program, asked):
    """Case 2: never "WeChat is busy"."""
    code = given(program)["code"]
    assert program.post("phone", code=code).status_code == 200
    assert refused(program.post("phone", code=code), "phone_code_invalid")
    assert asked() == 1


@pytest.mark.parametrize("code", ["undefined", "%00", "0" * 64])
def test_a_code_that_says_there_is_none(program, asked, code):
    assert refused(program.post("phone", code=code), "bad_request")
    assert asked() == 0


@pytest.mark.parametrize("code", ["ab" * 32, "a b", "%0a", '"abc"', "订单"])
def test_a_code_that_nobody_was_given(program, asked, code):
    assert refused(program.post("phone", code=code), "phone_code_invalid")
    assert asked() == 1


def test_another_programs_code(app, simulator, program):
    other = MiniProgram(app, simulator, name="mp2")
    other.logs_in()
    assert refused(
        program.post("phone", code=given(other)["code"]), "phone_code_invalid"
    )


def test_a_code_that_is_too_old(program, simulator):
    code = given(program)["code"]
    simulator.world.advance(301)
    assert refused(program.post("phone", code=code), "phone_code_invalid")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"code": ""},
        {"code": 5},
        {"code": None},
        {"code": ["abc"]},
        {"code": "a" * 513},
        # Case 18: what programs send where the button gave no code.
        {"code": "undefined"},
        {"code": "null"},
        {"code": "a", "encryptedData": "b", "iv": "c"},
        {"code": "a", "iv": "c"},
    ],
)
def test_a_body_of_another_shape(program, asked, body):
    assert refused(program.post("phone", **body), "bad_request")
    assert asked() == 0


# -- one shape for the site --


@pytest.mark.parametrize("as_number", [None, "number"])
@pytest.mark.parametrize("form", ["code", "old form"])
def test_a_number_from_abroad(program, simulator, number_of, as_number, form):
    """Case 17: the country's code is a text, however WeChat writes it."""
    number_of("xiaoming", phone="91234567", country_code="852")
    simulator.world.switch(country_code=as_number)
    found = given(program)
    body = {"code": found["code"]} if form == "code" else old_form(found)
    answer = program.post("phone", **body)
    assert answer.get_json()["phone"] == {
        "number": "+85291234567",
        "pure_number": "91234567",
        "country_code": "852",
    }


def answers(simulator, **info: object) -> None:
    info = {
        "phoneNumber": "13800138000",
        "purePhoneNumber": "13800138000",
        "countryCode": "86",
        "watermark": {"timestamp": 1, "appid": "wx0000000000000a03"},
        **info,
    }
    text = json.dumps({"errcode": 0, "errmsg": "ok", "phone_info": info})
    simulator.world.switch(raw_body={"path": PHONE, "text": text})


@pytest.mark.parametrize("whole", ["13800138000", "+8613800138000", "8613800138000"])
@pytest.mark.parametrize("code", [86, "86"])
def test_a_number_in_each_of_its_spellings(program, simulator, whole, code):
    """Case 17"""
    answers(simulator, phoneNumber=whole, countryCode=code, sanitized="a key more")
    answer = program.post("phone", code=given(program)["code"])
    assert answer.get_json()["phone"] == NUMBER


@pytest.mark.parametrize(
    "info",
    [
        {"phoneNumber": None},
        {"purePhoneNumber": ""},
        {"purePhoneNumber": "13800138001"},
        {"countryCode": 0},
        {"watermark": {"timestamp": 1, "appid": "wx0000000000000a04"}},
    ],
)
def test_numbers_that_do_not_agree(program, simulator, info):
    """Cases 12 and 17: no claim is made of half an answer."""
    answers(simulator, **info)
    answer = program.post("phone", code=given(program)["code"])
    assert (answer.status_code, answer.get_json()["code"]) == (
        503,
        "wechat_unavailable",
    )


# -- the old form --


def test_the_old_form(app, program, asked):
    answer = program.post("phone", **old_form(given(program)))
    assert answer.status_code == 200
    assert answer.get_json()["phone"]["country_code"] == "86"
    # No access token, and nothing to pay.
    assert (asked(), asked(STABLE)) == (0, 0)


def test_a_tampered_iv(program):
    """Case 12: padding, JSON, watermark and one of the numbers are right."""
    data = old_form(given(program))
    iv = bytearray(base64.b64decode(data["iv"]))
    # {"phoneNumber": becomes {"phoneNumbes":
    iv[12] ^= 1
    changed = base64.b64encode(iv).decode()
    assert refused(program.post("phone", **data | {"iv": changed}))
    # And a digit of the first number.
    assert program.post("phone", **data).status_code == 200


def test_right_data_at_the_wrong_door(app, program):
    """Case 13: a profile is no number, and nothing is stored."""
    found = program.of_wechat("userdata", form="legacy")
    assert refused(program.post("phone", **old_form(found)))
    number = given(program)
    texts = {name: found[name] for name in ("rawData", "signature")}
    assert refused(program.post("bind", **texts, **old_form(number)))
    assert stored(app) == 0
    assert program.who()["nickname"] == ""


def test_another_persons_data(app, simulator, program):
    """security row 60"""
    lihua = MiniProgram(app, simulator, person="lihua")
    lihua.logs_in()
    assert refused(program.post("phone", **old_form(given(lihua))))


def test_data_is_one_sessions(app, simulator, program):
    """security row 61"""
    data = old_form(given(program))
    assert program.post("phone", **data).status_code == 200
    assert program.post("phone", **data).status_code == 200
    tablet = MiniProgram(app, simulator)
    tablet.logs_in()
    assert refused(tablet.post("phone", **data))


@pytest.mark.parametrize("age", [290, 310])
def test_data_is_good_for_five_minutes(program, age):
    """security row 60"""
    answer = program.post("phone", **old_form(given(program, age=age)))
    assert answer.status_code == 200 if age < 300 else refused(answer)


@pytest.mark.parametrize("body", [{"iv": "x"}, {"encryptedData": "x"}])
def test_half_of_the_old_form(program, body):
    assert refused(program.post("phone", **body))


def test_too_long_for_any_data(program):
    """security row 62"""
    data = old_form(given(program))
    assert refused(program.post("phone", **data | {"encryptedData": "A" * 95_000}))


def test_who_tries_and_tries_waits(program):
    """security row 62: an oracle has five questions, whatever door it asks at"""
    data = old_form(given(program))
    for number in range(5):
        assert refused(program.post("phone", **data | {"iv": f"A{number}"}))
    answer = program.post("phone", **data)
    assert answer.status_code == 429
    program.post("session", code=program.code(), attempt="a" * 20)
    assert program.post("phone", **data).status_code == 200


# -- when WeChat cannot be asked --


def test_the_address_is_not_on_the_list(program, simulator, asked, log):
    """Case 6: the person reads a sentence, the operator the errcode; once is asked."""
    simulator.world.switch(errcode={"path": STABLE, "errcode": 40164})
    code = given(program)["code"]
    log()
    for _ in range(3):
        answer = program.post("phone", code=code)
        assert (answer.status_code, answer.get_json()["code"]) == (
            502,
            "wechat_misconfigured",
        )
    assert (asked(STABLE), asked()) == (1, 0)
    lines = [line for line in log() if line["event"] == "refused"]
    assert {line["errcode"] for line in lines} == {40164}
    assert "IP白名单" in lines[0]["why"]


def test_a_code_that_wechat_has_not_had_is_as_good_as_before(program, simulator, clock):
    simulator.world.switch(errcode={"path": STABLE, "errcode": 45011})
    code = given(program)["code"]
    assert program.post("phone", code=code).status_code == 503
    simulator.world.switch(errcode=None)
    clock.shift(61)
    assert program.post("phone", code=code).status_code == 200


def test_a_code_that_wechat_may_have_had_is_not_sent_again(program, simulator, asked):
    simulator.world.switch(body={"path": PHONE, "mode": "reset"})
    code = given(program)["code"]
    assert program.post("phone", code=code).status_code == 503
    simulator.world.switch(body=None)
    assert refused(program.post("phone", code=code), "phone_code_invalid")
    assert asked() == 1


def test_a_token_that_is_over_costs_no_second_tap(program, simulator, asked):
    simulator.world.switch(errcode={"path": PHONE, "errcode": 42001, "times": 1})
    assert program.post("phone", code=given(program)["code"]).status_code == 200
    assert (asked(), asked(STABLE)) == (2, 2)


def test_made_up_codes_end_here(app_for, simulator, asked, clock):
    """security row 102"""
    # Far from the end of a minute, in which they are counted.
    clock.move_to(datetime.now(UTC).replace(second=5))
    program = MiniProgram(app_for(limits={"failed_codes": 3}), simulator)
    program.logs_in()
    heard = [
        program.post("phone", code=f"{number:064x}").status_code
        for number in range(1, 6)
    ]
    assert heard == [400] * 3 + [429] * 2
    assert asked() == 3


# -- who may, and what is kept --


def test_without_a_token_nothing_is_asked(app, simulator, program, asked):
    """security row 64"""
    other = MiniProgram(app, simulator, name="mp2")
    other.token = program.token
    for one in (MiniProgram(app, simulator), other):
        assert one.post("phone", code="ab" * 32).status_code == 401
    assert (asked(), asked(STABLE)) == (0, 0)


@pytest.fixture
def keeping(app_for, settings_for, simulator) -> MiniProgram:
    """小明's phone with a program that keeps numbers, signed in."""
    program = program_with(app_for, settings_for, simulator, keep_phone=True)
    program.logs_in()
    return program


def test_a_number_is_kept_where_the_app_says_so(keeping):
    body = keeping.post("phone", code=given(keeping)["code"]).get_json()
    assert body["kept"] is True
    app = keeping.app
    assert stored(app) == 1
    with app.app_context():
        row = db.session.query(PhoneNumber).one()
        assert body["phone"]["pure_number"].encode() not in row.number
        user = db.session.query(User).one()
        (kept,) = phones.of_user(user.id, running().sealer)
    assert kept.phone.number == body["phone"]["pure_number"]
    assert kept.appid == keeping.appid


def test_the_sites_server_reads_what_is_kept(keeping):
    """By the person's token: what the program itself says is hearsay."""
    assert "phones" not in keeping.who()
    body = keeping.post("phone", code=given(keeping)["code"]).get_json()
    (told,) = keeping.who()["phones"]
    assert told.pop("given")
    assert told == {"app": "mp", **body["phone"], "verified": False}


def test_the_newest_number_takes_the_others_place(keeping, number_of):
    keeping.post("phone", code=given(keeping)["code"])
    number_of("xiaoming", phone="91234567", country_code="852")
    keeping.post("phone", **old_form(given(keeping)))
    (told,) = keeping.who()["phones"]
    assert told["number"] == "+85291234567"
    assert stored(keeping.app) == 1


def test_one_number_joins_nobody(keeping, number_of, simulator):
    lihua = MiniProgram(keeping.app, simulator, person="lihua")
    lihua.logs_in()
    number_of("lihua", phone=simulator.world.registry.person("xiaoming").phone)
    for one in (keeping, lihua):
        assert one.post("phone", code=given(one)["code"]).status_code == 200
    assert keeping.who()["phones"][0]["number"] == lihua.who()["phones"][0]["number"]
    assert keeping.who()["uid"] != lihua.who()["uid"]
    with keeping.app.app_context():
        assert db.session.query(User).count() == 2


def test_a_stranger_may_give_one_and_nothing_is_kept(app_for, settings_for, simulator):
    program = program_with(
        app_for, settings_for, simulator, two_phase=True, keep_phone=True
    )
    assert program.logs_in().get_json()["user"] is None
    for body in ({"code": given(program)["code"]}, old_form(given(program))):
        answer = program.post("phone", **body)
        assert answer.status_code == 200
        assert answer.get_json()["kept"] is False
    assert stored(program.app) == 0
    with program.app.app_context():
        assert db.session.query(User).count() == 0
