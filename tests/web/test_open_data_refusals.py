"""Whatever is wrong with a mini program's data: one answer, to the last byte."""

import base64
import re
from collections.abc import Callable, Iterator

import pytest
import requests
from werkzeug.test import TestResponse

from tests.web.mini_program import MiniProgram
from wxlogin.flows import open_data

Data = dict[str, str]
FIELDS = ("rawData", "signature", "encryptedData", "iv")
# Of so many places one is tried here; every bit is in unit/wechat/test_open_data.py.
STEP = 32


@pytest.fixture
def program(app_for, simulator, monkeypatch) -> MiniProgram:
    """小明's phone, in a session that may try without end."""
    monkeypatch.setattr(open_data, "FAILURES", 10_000)
    program = MiniProgram(app_for(limits={"enabled": False}), simulator)
    assert program.logs_in().status_code == 200
    return program


def data_of(program: MiniProgram, **more: object) -> Data:
    found = program.of_wechat("userdata", **{"form": "legacy", **more})
    return {name: found[name] for name in FIELDS}


def told(answer: TestResponse) -> tuple[object, ...]:
    """All that a caller sees of an answer, but for the two numbers of each request."""
    number = answer.get_json()["request_id"]
    headers = str(answer.headers).replace(number, "-")
    headers, nonces = re.subn(r"nonce-[\w-]{22}", "nonce", headers)
    body = answer.data.replace(number.encode(), b"-")
    return answer.status_code, headers, nonces, body, len(answer.data)


def the_one(answers: Iterator[TestResponse]) -> bool:
    """Are they alike, and the refusal that docs/miniprogram.md names?"""
    heard = list(answers)
    assert heard[0].status_code == 400
    assert heard[0].get_json()["code"] == "open_data_invalid"
    assert len({told(answer) for answer in heard}) == 1
    return True


def flipped(data: Data) -> Iterator[Data]:
    """One bit is another in the bytes, in the base64 and in the texts."""
    for name in ("encryptedData", "iv"):
        raw = base64.b64decode(data[name])
        for place in range(0, len(raw), 5 if name == "iv" else STEP):
            changed = bytearray(raw)
            changed[place] ^= 1 << place % 8
            yield data | {name: base64.b64encode(changed).decode()}
    for name, text in data.items():
        for place in range(0, len(text), STEP):
            letter = chr(ord(text[place]) ^ 1 << place % 6)
            yield data | {name: text[:place] + letter + text[place + 1 :]}


def test_one_flipped_bit_anywhere_is_answered_as_any_other(program):
    """security row 62"""
    data = data_of(program)
    changed = [data | {"iv": ""}, *flipped(data)]
    assert len(changed) > 20
    assert the_one(program.post("bind", **each) for each in changed)
    assert program.post("bind", **data).status_code == 200


SPELLINGS: dict[str, Callable[[str], str]] = {
    "plus missing": lambda text: text.replace("+", ""),
    "one blank beside a plus": lambda text: text.replace("+", " ", 1) + "+",
    "of addresses": lambda text: text.replace("+", "-").replace("/", "_") + "-_",
    "without end": lambda text: text[:-1],
    "escaped": lambda text: text.replace("+", "%2B").replace("/", "%2F") + "%3D",
    "twice": lambda text: base64.b64encode(text.encode()).decode(),
    "in lines": lambda text: text[:20] + "\r\n" + text[20:],
    "full width": lambda text: chr(ord(text[0]) + 0xFEE0) + text[1:],
    "blank before": lambda text: f" {text}+",
    "quoted": lambda text: f'"{text}"',
    "data url": lambda text: f"data:;base64,{text}",
    "NUL": lambda text: text + "\x00",
    "nothing": lambda text: "",
    "a block": lambda text: base64.b64encode(b"\x10" * 16).decode(),
    "15 bytes": lambda text: base64.b64encode(bytes(15)).decode(),
    "17 bytes": lambda text: base64.b64encode(bytes(17)).decode(),
    "24 bytes": lambda text: base64.b64encode(bytes(24)).decode(),
    "32 bytes": lambda text: base64.b64encode(bytes(32)).decode(),
    "40 kB": lambda text: base64.b64encode(bytes(40_000)).decode(),
}


@pytest.mark.parametrize("name", ["encryptedData", "iv"])
def test_base64_on_its_way(program, name):
    """security row 62"""
    data = data_of(program)
    changed = [data | {name: change(data[name])} for change in SPELLINGS.values()]
    # Not each iv has a plus.
    changed = [each for each in changed if each != data]
    changed.append(data | {"iv": data["encryptedData"], "encryptedData": data["iv"]})
    assert the_one(program.post("bind", **each) for each in changed)


def test_every_other_reason_is_told_alike(app, simulator, program):
    """security rows 59 to 62"""

    def answers() -> Iterator[TestResponse]:
        data = data_of(program)
        for name in FIELDS:
            yield program.post("bind", **data | {name: ""})
        yield program.post("bind", **data | {"signature": data["signature"].upper()})
        yield program.post("bind", **data | {"signature": f" {data['signature']}"})
        yield program.post("bind", **data | {"rawData": data["rawData"] + " "})
        for age in (310, 10**6):
            yield program.post("bind", **data_of(program, age=age))
        lihua = MiniProgram(program.app, simulator, person="lihua")
        other = MiniProgram(program.app, simulator, name="mp2")
        for one in (lihua, other):
            one.logs_in()
            yield program.post("bind", **data_of(one))
        number = program.of_wechat("phone")
        sealed = {name: number[name] for name in ("encryptedData", "iv")}
        yield program.post("bind", **data | sealed)
        simulator.world.switch(userinfo_openid="oAnotherPerson00000000000000")
        yield program.post("bind", **data_of(program))

    assert the_one(answers())


@pytest.mark.parametrize("spelling", ["", "+"])
def test_data_that_was_used_in_another_session(program, spelling):
    """security row 61: told as any other"""
    data = data_of(program)
    assert program.post("bind", **data).status_code == 200
    program.logs_in()
    if spelling:
        data |= {name: data[name].replace("+", " ") for name in ("encryptedData", "iv")}
    wrong = data | {"iv": ""}
    assert the_one(program.post("bind", **each) for each in (wrong, data))


# -- what is right, and stays so --


def test_blanks_where_each_plus_was(program):
    data = data_of(program)
    for name in ("encryptedData", "iv"):
        data[name] = data[name].replace("+", " ")
    assert program.post("bind", **data).status_code == 200


def test_a_name_of_any_length(program, simulator):
    """Whatever its padding is."""
    for length in range(3, 17, 4):
        body = {"name": "xiaoming", "nickname": "x" * length}
        url = f"{simulator.url}/_sim/people"
        assert requests.post(url, json=body, timeout=5).ok
        assert program.post("bind", **data_of(program)).status_code == 200
    assert program.who()["nickname"] == "x" * 15
