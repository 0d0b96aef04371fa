"""Files of people, read line by line: JSON lines, or a CSV table with a header.

UTF-8, with or without a byte order mark. What is wrong with one line refuses that
line; what is wrong with the whole file is `Unusable`. No line, however long, is held
beyond LONGEST.
"""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, BinaryIO

from wxlogin.accounts.transfer.cells import fields_of, unknown_columns
from wxlogin.accounts.transfer.record import Record, Refusal
from wxlogin.accounts.transfer.records import Records

LONGEST = 1 << 20
_BOM = b"\xef\xbb\xbf"


class Format(StrEnum):
    jsonl = "jsonl"
    csv = "csv"


class Unusable(Exception):
    """The file cannot be used at all; the text says what to mend."""


@dataclass(frozen=True)
class Line:
    """A line by its number in the file, and what it says or why it is refused."""

    number: int
    record: Record | None
    refusal: str = ""


def read_file(file: BinaryIO, shape: Format, records: Records) -> Iterator[Line]:
    """Every line of the file that is not empty. Raises Unusable."""
    if shape is Format.csv:
        return _table(file, records)
    return _json_lines(file, records)


def _json_lines(file: BinaryIO, records: Records) -> Iterator[Line]:
    number = 0
    while raw := file.readline(LONGEST):
        number += 1
        if len(raw) == LONGEST and not raw.endswith(b"\n"):
            _skip_line(file)
            yield Line(number, None, "the line is longer than a megabyte")
            continue
        raw = (raw.removeprefix(_BOM) if number == 1 else raw).strip()
        if raw:
            yield _line(number, records, raw)


def _skip_line(file: BinaryIO) -> None:
    while (raw := file.readline(LONGEST)) and not raw.endswith(b"\n"):
        pass


def _line(number: int, records: Records, raw: bytes) -> Line:
    try:
        return Line(number, records.read(_object(raw)))
    except Refusal as refusal:
        return Line(number, None, str(refusal))


def _object(raw: bytes) -> dict[str, Any]:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Refusal("the line is not UTF-8") from None
    try:
        found = json.loads(text, object_pairs_hook=_no_key_twice)
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


def _table(file: BinaryIO, records: Records) -> Iterator[Line]:
    # What is not UTF-8 becomes half characters, which the row is refused for.
    text = io.TextIOWrapper(
        file, encoding="utf-8-sig", errors="surrogateescape", newline=""
    )
    try:
        yield from _rows(text, records)
    finally:
        # The file is the caller's to close.
        text.detach()


def _rows(text: io.TextIOWrapper, records: Records) -> Iterator[Line]:
    rows = csv.reader(text)
    header = _header(rows, records)
    while True:
        number = rows.line_num + 1
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error:
            yield Line(number, None, "a cell is too long, or the row is no CSV")
            continue
        if row:
            yield _row(number, header, row, records)


def _header(rows: Any, records: Records) -> list[str]:
    try:
        header = [name.strip() for name in next(rows)]
    except (StopIteration, csv.Error):
        raise Unusable("the file has no header") from None
    unknown = unknown_columns(header, records.apps, records.platforms)
    if unknown:
        names = ", ".join(ascii(name[:40]) for name in unknown[:5])
        raise Unusable(
            f"the header has columns that mean nothing here: {names}; see "
            "docs/import-export.md"
        )
    if len(set(header)) < len(header):
        raise Unusable("the header names a column twice")
    return header


def _row(number: int, header: list[str], row: list[str], records: Records) -> Line:
    try:
        _require_utf8(row)
        return Line(number, records.read(fields_of(header, row)))
    except Refusal as refusal:
        return Line(number, None, str(refusal))


def _require_utf8(row: list[str]) -> None:
    try:
        for cell in row:
            cell.encode()
    except UnicodeEncodeError:
        raise Refusal("the line is not UTF-8") from None
