"""Files as people bring them: strange, broken, and not UTF-8."""

import io
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.transfer import records, wx
from wxlogin.transfer import Format, Unusable, read_file
from wxlogin.transfer.lines import LONGEST, Line
from wxlogin.transfer.record import Record
from wxlogin.transfer.rows import fields_of, guarded, row_of, unguarded

GOOD = {"openids": {"web": wx("o1")}}
BOM = b"\xef\xbb\xbf"


def lines(content: bytes, shape: Format = Format.jsonl) -> list[Line]:
    return list(read_file(io.BytesIO(content), shape, records()))


def refusal(fields: Any) -> str:
    [line] = lines(json.dumps(fields).encode())
    assert line.record is None
    return line.refusal


def record(fields: dict[str, Any]) -> Record:
    [line] = lines(json.dumps(fields).encode())
    assert line.record is not None, line.refusal
    return line.record


def test_lines_end_in_any_way_and_empty_ones_are_none() -> None:
    good = json.dumps(GOOD).encode()
    for content in (good, BOM + good, good + b"\r\n\n \n" + good + b"\n"):
        assert all(line.record for line in lines(content))
    assert [line.number for line in lines(good + b"\n\n" + good)] == [1, 3]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"nonsense", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"external_id": ' + b"9" * 5000 + b"}", "not JSON"),
        (b"[1]", "no JSON object"),
        (b"null", "no JSON object"),
        (b'{"uid": "a", "uid": "b"}', "twice"),
        ('{"name": "小明"}'.encode() + b"\xff", "not UTF-8"),
        (b'{"name": "' + b"x" * LONGEST + b'"}', "longer than"),
    ],
)
def test_a_broken_line_is_refused_and_the_next_is_read(line: bytes, why: str) -> None:
    """security row 45: what upstream may send, an operator's file may hold."""
    broken, good = lines(line + b"\n" + json.dumps(GOOD).encode())
    assert why in broken.refusal
    assert (good.number, bool(good.record)) == (2, True)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"openids": None}, "neither an openid nor a unionid"),
        ({"openids": {}, "unionids": {}, "external_id": "4"}, "neither"),
        ({"openids": {"web": ""}}, "neither"),
        ({"openids": wx("o1")}, "no object"),
        ({"openids": {"nowhere": wx("o1")}}, "no app is called 'nowhere'"),
        ({"openids": {"web": 7}}, "the openid of web cannot be one"),
        ({"openids": {"web": "null"}}, "neither"),
        ({"openids": {"web": " o1"}}, "the openid of web cannot be one"),
        ({"openids": {"web": "o" * 129}}, "the openid of web cannot be one"),
        ({"openids": {"web": [wx("o1"), wx("o1")]}}, "one id twice"),
        (
            {"openids": {"web": [wx("o1"), wx("o2")]}, "unionids": {"main": wx("u")}},
            "two openids",
        ),
        ({"openids": {"web": {"openid": wx("o1"), "x": 1}}}, "fields nobody knows"),
        ({"openids": {"lone": {"openid": "o", "unionid": "u"}}}, "cannot be one"),
        ({"openids": {"web": [wx(f"o{n}") for n in range(101)]}}, "more than 100"),
        (
            {"unionids": {"mian": wx("u1")}},
            "no app is bound to an open platform 'mian'",
        ),
        ({"unionids": {"main": "not.one"}}, "the unionid of main cannot be one"),
        ({"external_id": "x" * 129}, "external_id"),
        ({"external_id": " 4"}, "external_id"),
        ({"external_id": "4\x00"}, "external_id"),
        ({"external_id": 4.5}, "external_id is no text"),
        ({"external_id": True}, "external_id is no text"),
        ({"uid": "short"}, "22 letters and digits"),
        ({"uid": "A" * 22, "former_uids": ["A" * 22]}, "one id twice"),
        ({"former_external_ids": {"A" * 22: "4"}}, "former_uids"),
        ({"created": "yesterday"}, "created is written"),
        ({"created": 1717113600}, "created is written"),
        ({"created": "0000-00-00 00:00:00"}, "created is written"),
        ({"created": "0001-01-01"}, "before 1970"),
        ({"disabled": "maybe"}, "disabled is written"),
        ({"name": 7}, "name is no text"),
        ({"phone": "13800000000"}, "there is no field 'phone'"),
    ],
)
def test_what_is_not_understood_is_refused(change: dict[str, Any], why: str) -> None:
    """security row 44"""
    assert why in refusal({**GOOD, **change})


def test_what_is_understood() -> None:
    assert record({**GOOD, "external_id": 42}).external_id == "42"
    # Without an offset a time is UTC.
    early = record({**GOOD, "created": "2024-05-31 08:00:00"}).created
    assert early.isoformat() == "2024-05-31T08:00:00+00:00"
    named = record({"openids": {"web": wx("o1")}, "unionids": {"main": wx("u1")}})
    assert named.openids[0].unionid == wx("u1")
    two = record(
        {
            "openids": {"web": wx("o1")},
            "unionids": {"main": [wx("u1"), wx("u2")]},
        }
    )
    assert two.openids[0].unionid is None
    assert (
        record({"openids": {"lone": wx("l")}, "unionids": {"main": wx("u")}})
        .openids[0]
        .unionid
        is None
    )
    # What no database holds does not fail a name (security row 93).
    assert record({**GOOD, "name": "a\x00b\ud800"}).profile.nickname == "ab"


HEADER = "external_id,openid:web,openid:mp,unionid:main,name,created,disabled\r\n"


def table(*rows: str, header: str = HEADER) -> bytes:
    """A table of these rows, whose ids are as long as WeChat's."""
    longer = [re.sub(r"(?<=,)[ou]\d(?=,|$)", lambda id: wx(id[0]), row) for row in rows]
    return (header + "".join(f"{row}\r\n" for row in longer)).encode()


def test_a_table_says_the_same_as_lines() -> None:
    row = '42,o1,,u1,"小明, ""😀""\n",2024-05-31T08:00:00Z,yes'
    for start in (b"", BOM):
        [line] = lines(start + table(row), Format.csv)
        assert line.record == record(
            {
                "external_id": "42",
                "openids": {"web": wx("o1")},
                "unionids": {"main": wx("u1")},
                "name": '小明, "😀"\n',
                "created": "2024-05-31T08:00:00Z",
                "disabled": True,
            }
        )


def test_rows_are_told_by_the_line_they_begin_on() -> None:
    found = lines(
        table('1,o1,,,"two\r\nlines",,', "", "2,o2,,,,,", "3,o3", "4,o4,,,,,0"),
        Format.csv,
    )
    assert [line.number for line in found] == [2, 5, 6, 7]
    assert found[2].refusal == "2 cells where the header has 7"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no header"),
        (table(header="external_id,openid_web\r\n"), "'openid_web'"),
        (table(header="external_id,openid:nowhere\r\n"), "'openid:nowhere'"),
        (table(header="name,name,openid:web\r\n"), "twice"),
        (table(header="姓名,openid:web\r\n").decode().encode("gbk"), "GB18030"),
        (json.dumps(GOOD).encode(), "--format jsonl"),
        (BOM + b"\xff\xfe", "is not UTF-8"),
    ],
)
def test_a_table_with_another_header_is_no_table_of_ours(
    content: bytes, why: str
) -> None:
    with pytest.raises(Unusable) as raised:
        lines(content, Format.csv)
    assert why in str(raised.value)


def test_rows_in_another_encoding_or_too_long_are_refused() -> None:
    content = table("9,o9,,,小明,,")
    content += table("1,o1,,,小明,,", header="").decode().encode("gbk")
    content += table(f"2,o2,,,{'x' * 200_000},,", "3,o3,,,,,", header="")
    good, first, second, third = lines(content, Format.csv)
    assert "not UTF-8" in first.refusal
    assert "too long" in second.refusal
    assert good.record is not None and third.record is not None


@given(st.text())
def test_what_guards_a_cell_is_taken_off_again(text: str) -> None:
    """security row 95"""
    assert unguarded(guarded(text)) == text
    assert not guarded(text).startswith(("=", "+", "-", "@", "\t", "\r"))


@given(
    st.text(alphabet=st.characters(codec="utf-8"), min_size=1),
    st.text(alphabet="[]\"=-'o1", min_size=1),
)
def test_fields_come_back_from_cells(name: str, openid: str) -> None:
    header = ["openid:web", "name", "former_uids", "former_external_ids"]
    fields = {
        "openids": {"web": openid},
        "name": name,
        "former_uids": ["A" * 22, "B" * 22],
        "former_external_ids": {"A" * 22: name},
    }
    again = fields_of(header, row_of(header, fields))
    if openid.startswith("["):
        # A list of one says the same.
        fields["openids"] = {"web": [openid]}
    assert again == fields
