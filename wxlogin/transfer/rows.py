"""Users as rows of a CSV table.

`openids` and `unionids` are columns of their own, `openid:web`, `unionid:main`. A cell
that a spreadsheet would take for a formula gets an apostrophe in front when it is
written, and loses it when it is read (security row 95; ASVS 1.2.10, CWE-1236).

A quote that is never closed makes one cell of everything behind it (RFC 4180 lets a
cell have several lines), so reading stops there.
"""

import csv
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Self

from wxlogin.transfer.damage import Unusable
from wxlogin.transfer.record import FIELDS, Refusal
from wxlogin.wechat.identifiers import is_issued, says_nothing

NOT_UTF8 = (
    "the line is not UTF-8; if it is GBK, convert the file: iconv -f GB18030 -t UTF-8"
)
# Apostrophes may already be there: one more goes in front, so that reading takes
# back just what writing put there.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_GUARDED = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")
_YES = {"true": True, "yes": True, "1": True}
_NO = {"false": False, "no": False, "0": False}
_PLAIN = tuple(name for name in FIELDS if name not in ("openids", "unionids"))


def guarded(text: str) -> str:
    """The text as no spreadsheet computes it."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(text: str) -> str:
    return text[1:] if _GUARDED.match(text) else text


def columns(apps: Sequence[str], platforms: Sequence[str]) -> list[str]:
    """The header of a table with these apps and open platforms."""
    ids = [f"openid:{app}" for app in apps] + [f"unionid:{one}" for one in platforms]
    return ["external_id", "uid", *ids, *_PLAIN[2:]]


def unknown_columns(
    header: Sequence[str], apps: Collection[str], platforms: Collection[str]
) -> list[str]:
    """The columns that mean nothing here."""
    known = {*_PLAIN, *(f"openid:{app}" for app in apps)}
    known |= {f"unionid:{platform}" for platform in platforms}
    return [name for name in header if name not in known]


def fields_of(header: Sequence[str], row: Sequence[str]) -> dict[str, Any]:
    """The row as `Records.read` wants it. Raises Refusal."""
    if len(row) != len(header):
        raise Refusal(f"{len(row)} cells where the header has {len(header)}")
    fields: dict[str, Any] = {}
    for name, cell in zip(header, row, strict=True):
        if not cell:
            continue
        text = unguarded(cell)
        kind, colon, place = name.partition(":")
        if colon:
            fields.setdefault(f"{kind}s", {})[place] = _ids(text)
        else:
            fields[name] = _value(name, text)
    return fields


def row_of(header: Sequence[str], fields: Mapping[str, Any]) -> list[str]:
    """The fields of a user as cells under this header."""
    cells = []
    for name in header:
        kind, colon, place = name.partition(":")
        value = fields.get(f"{kind}s", {}).get(place) if colon else fields.get(name)
        cells.append(guarded(_text(name, value)))
    return cells


def _ids(text: str) -> Any:
    if not text.startswith("["):
        return text
    try:
        return _json(text)
    except Refusal:
        # `[NULL]` is no list.
        if says_nothing(text):
            return None
        raise


def _value(name: str, text: str) -> Any:
    if name == "former_uids":
        return text.split()
    if name in ("former_external_ids", "phones"):
        return _json(text)
    if name == "groups":
        # One group may stand as it is, for who writes the table by hand.
        return _json(text) if text.startswith("[") else [text]
    if name == "disabled":
        word = text.lower()
        return (_YES | _NO).get(word, text)
    return text


def _text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if ":" in name:
        return _text_of_ids(value)
    if name == "former_uids":
        return " ".join(value)
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _text_of_ids(value: Any) -> str:
    """One id as it is; a list, as JSON, where there are several or more to say."""
    if isinstance(value, str) and not value.startswith("["):
        return value
    listed = value if isinstance(value, list) else [value]
    return json.dumps(listed, ensure_ascii=False)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Refusal("a cell that holds JSON cannot be read") from None


def is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class NeverClosed(Exception):
    pass


class Rows:
    """Rows of cells, each with the number of its first line.

    It is what the CSV reader takes its lines from, and sees when that wants one more.
    """

    def __init__(self, physical: Iterator[tuple[int, str | None]]) -> None:
        self._physical = physical
        self._delimiter = ","
        self._rows = csv.reader(self, strict=True)
        self._columns: list[str] = []
        self._ahead: str | None = None
        #: Of the row that was read last.
        self.first = 0
        self.further = 0
        #: Empty lines before the header, and a spreadsheet's `sep=;`.
        self.skipped = 0

    def header(self) -> list[str] | None:
        """The first row; the cells end where most of its cells do."""
        for number, text in self._physical:
            if text is None:
                raise Unusable("the first line is longer than a megabyte")
            if not text.strip() or text.lower().startswith("sep="):
                self.skipped += 1
                continue
            self._delimiter = max(",;\t", key=text.count)
            self._rows = csv.reader(self, strict=True, delimiter=self._delimiter)
            self.first, self._ahead = number, text
            try:
                self._columns = self.read() or []
            except (NeverClosed, Refusal) as error:
                why = f": {error}" if isinstance(error, Refusal) else ""
                raise Unusable(f"the header cannot be read{why}") from None
            return self._columns
        return None

    def read(self) -> list[str] | None:
        """The next row; None at the end. Raises NeverClosed and Refusal."""
        self.further = -1
        try:
            row = next(self._rows)
        except StopIteration:
            return None
        except csv.Error:
            if self.further > 0:
                raise NeverClosed from None
            raise Refusal("a cell is too long, or the row is no CSV") from None
        if not all(map(is_utf8, row)):
            raise Refusal(NOT_UTF8)
        return row

    def skip(self) -> int:
        """Goes to the end of the file; how many lines were behind the row's first."""
        return max(self.further, 0) + sum(1 for _ in self._physical)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        """The next line, for the reader of cells: a further one of the same row if it
        has had one."""
        self.further += 1
        if self._ahead is not None:
            text, self._ahead = self._ahead, None
            return text
        number, long_or_text = next(self._physical, (0, ""))
        if not number and self.further:
            # The end has come, and a quote is open.
            self.further -= 1
            raise NeverClosed
        if not number:
            raise StopIteration
        if not self.further:
            self.first = number
        if long_or_text is None:
            raise Refusal("the line is longer than a megabyte")
        if self.further and self._stands_alone(long_or_text):
            raise NeverClosed
        return long_or_text

    def _stands_alone(self, text: str) -> bool:
        """Is this line a person by itself, so that no cell goes on in it?"""
        try:
            row = next(csv.reader([text], strict=True, delimiter=self._delimiter), [])
        except csv.Error:
            return False
        return len(row) == len(self._columns) and any(
            ":" in name and is_issued(cell)
            for name, cell in zip(self._columns, row, strict=True)
        )
