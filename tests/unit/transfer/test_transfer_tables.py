"""Tables as they really are: opened in Excel, cut, in another encoding.

Findings I2, I3, I15.
"""

import gzip
import io
import json
import zipfile
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.names import NOTHING
from tests.support.people import user_of
from tests.support.transfer import bring_in_file, outcomes, records, wx
from wxlogin.config import Settings
from wxlogin.flows.avatars import fetchable
from wxlogin.transfer import (
    Aside,
    Format,
    Import,
    Unusable,
    import_people,
    read_file,
)
from wxlogin.transfer.damage import damage
from wxlogin.transfer.lines import Line, People

HEADER = "external_id,openid:oa,unionid:main,name,created"
DAMAGED = (
    "1.00001E+17",
    "1,00001E+17",
    "1E5",
    "-2e-3",
    "1.E+17",
    '="00123"',
    "=TEXT(7)",
    "'00123",
    "’00123",
    "1,234,567",
    "1 234 567",
    "1'234'567",
    "1.234.567",
    "123.0",
    "123,00",
    "#REF!",
    "#NAME?",
    "#DIV/0!",
    "#BUSY!",
    "#FIELD!",
    "#WERT!",
    "#GETTING_DATA",
    "Err:502",
    "########",
    "3-May",
    "May-03",
    "5-Mar-24",
    "2024/1/5",
    "2024-01-05",
    "1/5/2024",
    "5月3日",
    "2024年1月5日",
    "123456789012345000",
)
WHOLE = (
    "42",
    "0007",
    "A-3",
    "user@shop.example",
    "13800000000",
    "123456789012345678",
    "c0ffee000000000000000e12",
    "order 7",
    "may",
    "王小明",
)


def row(number: int, name: str = "n", *, external_id: str | None = None) -> str:
    ids = f"{wx(f'o{number}x')},{wx(f'u{number}x')}"
    return f"{external_id or 1000 + number},{ids},{name},"


def table(*rows: str) -> bytes:
    return "\n".join([HEADER, *rows, ""]).encode()


def opened(content: bytes, shape: Format = Format.csv, **how: Any) -> People:
    return read_file(io.BytesIO(content), shape, records(**how))


@pytest.mark.parametrize("text", DAMAGED)
def test_an_id_that_a_spreadsheet_has_damaged_is_refused(text: str) -> None:
    """finding I15"""
    quoted = '"' + text.replace('"', '""') + '"'
    [line] = opened(table(row(1, external_id=quoted)))
    assert line.record is None and "external_id" in line.refusal
    fields = {"external_id": text, "openids": {"oa": wx("o")}}
    [line] = opened(json.dumps(fields).encode(), Format.jsonl)
    assert line.record is None
    # Somebody's ids may really be like that.
    [line] = opened(table(row(1, external_id=quoted)), as_is=True)
    assert line.record is not None and line.record.external_id == text


@pytest.mark.parametrize("text", WHOLE)
def test_an_id_that_is_whole_is_taken(text: str) -> None:
    assert damage(text) is None
    [line] = opened(table(row(1, external_id=text)))
    assert line.record is not None and line.record.external_id == text


@pytest.mark.parametrize("text", DAMAGED)
def test_so_is_an_openid_or_unionid(text: str) -> None:
    for fields in ({"openids": {"oa": text}}, {"unionids": {"main": text}}):
        [line] = opened(json.dumps(fields).encode(), Format.jsonl)
        assert line.record is None


def test_long_numbers_are_believed_once_one_of_them_is_whole() -> None:
    """One in ten ends in zero by chance."""
    ids = ("123456789012345000", "123456789012345678", "123456789012346000")
    found = list(opened(table(*(row(n, external_id=i) for n, i in enumerate(ids)))))
    assert [bool(line.record) for line in found] == [False, True, True]


def test_zeros_that_were_dropped_are_seen_beside_originals(people: Any) -> None:
    content = table(row(1, external_id="0042"), row(2, external_id="42"), row(3))
    found = bring_in_file(io.BytesIO(content), Format.csv)
    assert outcomes(found) == ["new", "duplicate", "new"]
    assert "other zeros in front" in found[1].reason


@pytest.mark.parametrize("nothing", NOTHING)
def test_two_people_never_meet_in_nothing(people: Any, nothing: str) -> None:
    """finding I2: two tables, each with its own openids."""
    for app, openid in (("oa", wx("ann")), ("web", wx("ben"))):
        cell = '"' + nothing.replace('"', '""') + '"'
        content = f"openid:{app},unionid:main,name\n{openid},{cell},n\n".encode()
        [result] = bring_in_file(io.BytesIO(content), Format.csv)
        assert result.outcome == "new", result.reason
        fields = {"openids": {app: nothing}, "unionids": {"main": nothing}}
        [line] = opened(json.dumps(fields).encode(), Format.jsonl)
        assert line.record is None
    [line] = opened(table(row(1, external_id=f'"{nothing}"').replace('""""', '""')))
    # Some number their customers from 0 on.
    told = line.record and line.record.external_id
    assert told is None or told.isdecimal()


UNCLOSED = [
    table(row(1, "a"), row(2, '"小明'), *(row(n, f"n{n}") for n in range(3, 40))),
    table(row(1, "a"), row(2, '"小明')),
    table(row(1, "a"), row(2, '"小明'), row(3, "b")),
    # A second one, which closes the first, in a later row.
    table(row(1, "a"), row(2, '"小明'), row(3, "b"), row(4, '小红"')),
    table(row(1, "a"), '"2,' + row(2), row(3)),
    table(row(1, "a"), row(2, '"' + "x" * 200_000), row(3)),
    table(row(1, "a"), row(2, '"小明')).replace(b"\n", b"\r\n"),
    table(row(1, "a"), row(2, '"小明')).replace(b"\n", b"\r"),
    table(row(1, "a"), row(2, '"小明\n\n\n'), row(3)),
    table(row(1, "a"), row(2, '"小明'), *(f"{n},,,," for n in range(3, 9))),
    table(row(1, "a"), row(2, '"小明')).rstrip(b"\n"),
]


@pytest.mark.parametrize("content", UNCLOSED)
def test_a_quote_that_never_closes_stops_at_its_line(content: bytes) -> None:
    """finding I3: nobody behind it is lost in silence."""
    file = opened(content)
    first, broken, *rest = file
    assert first.record is not None
    assert broken.number == 3 and broken.record is None
    if b"x" * 200_000 not in content:
        assert "never closed" in broken.refusal
    assert counted(file, [first, broken, *rest]) == physical(content)


def test_a_cell_of_several_lines_is_no_open_quote() -> None:
    file = opened(table(row(1, '"two\nlines, and\n\n""a quote"""'), row(2)))
    found = list(file)
    assert [line.number for line in found] == [2, 6]
    assert +file.aside == {Aside.header: 1, Aside.further: 3}


PIECES = st.sampled_from(
    [
        *(row(1), row(2, '"a\nb"'), row(3, '"open'), row(4, "名"), row(6) + ",more"),
        *("", ",,,,", HEADER, "x", "\0", '"', "'", "," * 1000, '"a"b', " "),
        "\ufeff" + row(5),
    ]
)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


@given(st.lists(st.tuples(PIECES, ENDS), max_size=12), st.booleans())
def test_every_line_of_a_table_is_in_one_count(
    pieces: list[tuple[str, str]], last_end: bool
) -> None:
    text = HEADER + "\n" + "".join(piece + end for piece, end in pieces)
    content = (text if last_end else text.rstrip("\r\n")).encode()
    file = opened(content)
    assert counted(file, list(file)) == physical(content)


@given(st.lists(st.tuples(PIECES, ENDS), max_size=12))
def test_every_line_of_json_is_in_one_count(pieces: list[tuple[str, str]]) -> None:
    content = "".join(piece + end for piece, end in pieces).encode()
    # Long enough that a dozen NULs do not make UTF-16 of it.
    content = b'{"openids": {}, "name": "nobody at all"}\n' + content
    file = opened(content, Format.jsonl)
    assert counted(file, list(file)) == physical(content)


def counted(file: People, found: list[Line]) -> int:
    return len(found) + file.aside.total()


def physical(content: bytes) -> int:
    return len(content.splitlines())


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return file.getvalue()


GOOD = table(row(1, "小明"))
MISTAKEN = {
    "an Excel workbook": zipped("[Content_Types].xml", "xl/workbook.xml"),
    "a ZIP archive": zipped("people.csv"),
    "old Excel workbook": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500),
    "gzip": gzip.compress(GOOD),
    "bzip2": b"BZh91AY&SY" + bytes(50),
    "SQLite": b"SQLite format 3\0" + bytes(500),
    "GB18030": GOOD.decode().encode("gbk"),
    "GB 18030": GOOD.decode().encode("gb18030"),
    "-f UTF-16 ": GOOD.decode().encode("utf-16"),
    "UTF-16LE": GOOD.decode().encode("utf-16-le"),
    "UTF-16BE": GOOD.decode().encode("utf-16-be"),
    "-f UTF-32 ": GOOD.decode().encode("utf-32"),
    "UTF-32LE": GOOD.decode().encode("utf-32-le"),
    "web page": b"\n<html><table><tr><td>openid</td></tr></table></html>",
    "database dump": b"-- MySQL dump 10.13\nINSERT INTO users VALUES (1);",
    "--format jsonl": b'[{"openids": {}}]',
    "PDF": b"%PDF-1.7\n",
}


@pytest.mark.parametrize(("what", "content"), MISTAKEN.items(), ids=MISTAKEN)
def test_a_file_is_named_for_what_it_is(what: str, content: bytes) -> None:
    with pytest.raises(Unusable) as raised:
        list(opened(content))
    assert what in str(raised.value)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b'[\n{"openids": {}}\n]', "JSON array"),
        (b'{\n  "openids": {}\n}', "several lines"),
        (zipped("xl/workbook.xml"), "Excel"),
        ('{"name": "小明"}'.encode("gbk"), "GB18030"),
    ],
)
def test_so_it_is_where_json_was_meant(content: bytes, what: str) -> None:
    with pytest.raises(Unusable) as raised:
        list(opened(content, Format.jsonl))
    assert what in str(raised.value)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("start", ["", "\ufeff", "sep=,\r\n", "\ufeff\n"])
def test_tables_of_other_countries_are_read(delimiter: str, start: str) -> None:
    text = start + GOOD.decode().replace(",", delimiter)
    file = opened(text.encode())
    [line] = file
    assert line.record is not None and line.record.profile.nickname == "小明"
    assert counted(file, [line]) == physical(text.encode())


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("http://wx.qlogo.cn/mmopen/abc/0", "https://wx.qlogo.cn/mmopen/abc/0"),
        ("https://thirdwx.qlogo.cn/a/132", "https://thirdwx.qlogo.cn/a/132"),
        ("http://thirdwx.qlogo.cn/a/132", "https://thirdwx.qlogo.cn/a/132"),
        ("https://shop.example/faces/1.jpg", None),
        ("http://evil.qlogo.cn/a", None),
        ("http://wx.qlogo.cn.evil.example/a", None),
        ("http://wx.qlogo.cn@evil.example/a", None),
        ("https://wx.qlogo.cn:8443/a", None),
        ("https://WX.qlogo.cn/a", None),
        ("ftp://wx.qlogo.cn/a", None),
        ("//wx.qlogo.cn/a", None),
        ("data:image/png;base64,AAAA", None),
        (" https://wx.qlogo.cn/a", None),
        ("http://127.0.0.1/a", None),
        ("/faces/1.jpg", None),
    ],
)
def test_a_picture_that_is_never_fetched_is_told(
    people: Any, url: str, ours: str | None
) -> None:
    """finding I12"""
    settings = Settings.model_construct(apps=(), simulator="off", env="production")
    picture = partial(fetchable, settings)
    fields = {"openids": {"oa": wx("o")}, "avatar": url}
    file = opened(json.dumps(fields).encode(), Format.jsonl, picture=picture)
    [[result]] = import_people(file, Import())
    assert user_of("oa", wx("o")).avatar == ours
    assert result.picture_elsewhere is (ours is None)
