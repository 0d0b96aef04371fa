"""Users as rows of a CSV table.

`openids` and `unionids` are columns of their own, `openid:web`, `unionid:main`. A cell
that a spreadsheet would take for a formula gets an apostrophe in front when it is
written, and loses it when it is read (security row 95; ASVS 1.2.10, CWE-1236).
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from wxlogin.transfer.record import FIELDS, Refusal
from wxlogin.wechat.identifiers import says_nothing

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
    header: Sequence[str], apps: Mapping[str, Any], platforms: set[str | None]
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
    if name == "former_external_ids":
        return _json(text)
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
