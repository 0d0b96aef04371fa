"""Files of people, read line by line: JSON lines, or a CSV table with a header.

UTF-8, with or without a byte order mark; lines end in LF, CR LF or CR. What is wrong
with one line refuses that line; what is wrong with the whole file is `Unusable`. No
line, however long, is held beyond LONGEST.

Every line of the file is in one count: it is one of the results, or a further line of
a row that has several, or counted as header, blank or not read, which is all behind a
quote that is never closed.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, BinaryIO

from wxlogin.transfer.damage import HEAD, Unusable, require_text
from wxlogin.transfer.grammar import Records
from wxlogin.transfer.record import Record, Refusal
from wxlogin.transfer.rows import (
    NOT_UTF8,
    NeverClosed,
    Rows,
    fields_of,
    is_utf8,
    unknown_columns,
)

LONGEST = 1 << 20
_BOM = "\ufeff"
_UNCLOSED = (
    "a quote is opened here and never closed, so nothing behind it was read; write a "
    'quote that belongs to a cell twice: "a ""quoted"" word"'
)


class Format(StrEnum):
    jsonl = "jsonl"
    csv = "csv"


class Aside(StrEnum):
    """Lines of a file that say nothing of anybody."""

    header = "header"
    blank = "blank"
    #: Of a row that has several lines: all but the first.
    further = "further"
    #: Behind a quote that is never closed.
    unread = "unread"


@dataclass(frozen=True)
class Line:
    """A line by its number in the file, and what it says or why it is refused."""

    number: int
    record: Record | None
    refusal: str = ""


class People:
    """The people of a file, to be gone through once.

    Raises Unusable, here or on the way to the first line.
    """

    def __init__(self, file: BinaryIO, shape: Format, records: Records) -> None:
        #: So many lines of each kind were seen so far; not those that are a `Line`.
        self.aside: Counter[Aside] = Counter()
        self._records = records
        head = file.read(HEAD)
        require_text(head)
        _require_shape(head, shape)
        self._physical = _physical_lines(file, head)
        self._lines = self._table() if shape is Format.csv else self._json_lines()

    def __iter__(self) -> Iterator[Line]:
        return self._lines

    def _json_lines(self) -> Iterator[Line]:
        for number, raw in self._physical:
            if raw is not None and not raw.strip():
                self.aside[Aside.blank] += 1
                continue
            yield self._line(number, partial(_object, raw))

    def _line(self, number: int, fields: Callable[[], dict[str, Any]]) -> Line:
        try:
            return Line(number, self._records.read(fields()))
        except Refusal as refusal:
            return Line(number, None, str(refusal))

    def _table(self) -> Iterator[Line]:
        rows = Rows(self._physical)
        header = self._header(rows)
        while True:
            try:
                row = rows.read()
            except NeverClosed:
                self.aside[Aside.unread] += rows.skip()
                yield Line(rows.first, None, _UNCLOSED)
                return
            except Refusal as refusal:
                self.aside[Aside.further] += rows.further
                yield Line(rows.first, None, str(refusal))
                continue
            if row is None:
                return
            self.aside[Aside.further] += rows.further
            if not any(cell.strip() for cell in row):
                self.aside[Aside.blank] += 1
            elif _names(row) == header:
                self.aside[Aside.header] += 1
            else:
                yield self._line(rows.first, partial(fields_of, header, row))

    def _header(self, rows: Rows) -> list[str]:
        row = rows.header()
        self.aside[Aside.blank] += rows.skipped
        if row is None:
            raise Unusable("the file has no header")
        header = _names(row)
        self.aside[Aside.header] += 1 + rows.further
        apps, platforms = self._records.app_by_name, self._records.known_platforms
        if unknown := unknown_columns(header, apps, platforms):
            names = ", ".join(ascii(name[:40]) for name in unknown[:5])
            raise Unusable(
                f"the header has columns that mean nothing here: {names}; see "
                "docs/import-export.md"
            )
        if len(set(header)) < len(header):
            raise Unusable("the header names a column twice")
        return header


def read_file(file: BinaryIO, shape: Format, records: Records) -> People:
    """Every line of the file that says something. Raises Unusable."""
    return People(file, shape, records)


def _require_shape(head: bytes, shape: Format) -> None:
    start = head.removeprefix(_BOM.encode()).lstrip()
    if shape is Format.csv and start[:1] in (b"{", b"["):
        raise Unusable("this is JSON: say --format jsonl")
    if shape is Format.jsonl and re.match(rb"\[\s*(?:\{|\]|$)", start):
        raise Unusable(
            "this is one JSON array: write an object on each line, such as by "
            "jq -c '.[]' FILE > NEW.jsonl"
        )
    if shape is Format.jsonl and re.match(rb"\{\s*[\r\n]", start):
        raise Unusable(
            "a JSON object goes over several lines: write each on one line, such as "
            "by jq -c . FILE > NEW.jsonl"
        )


def _physical_lines(file: BinaryIO, head: bytes) -> Iterator[tuple[int, str | None]]:
    """The lines by number, with their ends; None for one that is too long.

    What is not UTF-8 becomes half characters, for which the line is refused later.
    """
    for number, raw in enumerate(_split(file, head), 1):
        if raw is None:
            yield number, None
        else:
            # Files put together by `cat` have marks in the middle, too.
            yield number, raw.decode("utf-8", "surrogateescape").removeprefix(_BOM)


def _split(file: BinaryIO, more: bytes) -> Iterator[bytes | None]:
    rest, too_long = b"", False
    while more:
        *lines, rest = (rest + more).splitlines(keepends=True)
        if rest.endswith(b"\n"):
            lines.append(rest)
            rest = b""
        # A CR at the very end stays: its LF may be next.
        for line in lines:
            yield None if too_long or len(line) > LONGEST else line
            too_long = False
        if len(rest) > LONGEST:
            rest, too_long = b"", True
        more = file.read(HEAD)
    if rest or too_long:
        yield None if too_long or len(rest) > LONGEST else rest


def _names(row: list[str]) -> list[str]:
    return [name.strip() for name in row]


def _object(raw: str | None) -> dict[str, Any]:
    if raw is None:
        raise Refusal("the line is longer than a megabyte")
    if not is_utf8(raw):
        raise Refusal(NOT_UTF8)
    try:
        found = json.loads(raw, object_pairs_hook=_no_key_twice)
    except (ValueError, RecursionError):
        raise Refusal("the line is not JSON") from None
    if not isinstance(found, dict):
        raise Refusal("the line is no JSON object")
    return found


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Refusal("a field stands there twice")
    return found
