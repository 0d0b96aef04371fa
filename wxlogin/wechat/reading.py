"""WeChat's bytes to a dict, strictly where it matters and leniently where not.

- The bytes are UTF-8 whatever the header says: the `/sns/` calls send `text/plain`
  without a charset, which a client library takes for Latin-1. Damaged bytes become
  U+FFFD: a broken nickname must not cost the login.
- Control characters may stand unescaped in a nickname (seen in the wild), so the
  reader is not strict about them.
- Everything a reader could take in two ways is refused: a key named twice, NaN,
  numbers no field of WeChat's can hold, anything but an object.
- A refusal is a `WeChatUnavailable` with `fault` = `garbage`, never another error,
  and never quotes the body: it may hold tokens.
"""

import json
import re
from typing import Any, NoReturn

from wxlogin.errors import WeChatUnavailable
from wxlogin.security.identifiers import is_id, says_nothing

# The longest number WeChat sends is an errcode or a time; 64 bit has 20 digits.
DIGITS_LIMIT = 20
# "reserve 512 characters" says the reference; twice that is still no accident.
TOKEN_LIMIT = 1024

_WHOLE = re.compile(r"-?[0-9]{1,9}")


def garbage(sentence: str, **facts: str | int | None) -> WeChatUnavailable:
    """The error for an answer that cannot be WeChat's, or was damaged."""
    return WeChatUnavailable(sentence, fault="garbage", sent=True, **facts)


def read_json(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`. Raises `WeChatUnavailable` for anything else."""
    text = body.decode("utf-8", "replace").removeprefix("\ufeff")
    try:
        data = _DECODER.decode(text)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise garbage("WeChat's answer is not a JSON object.", length=len(body))
    return data


def errcode(data: dict[str, Any]) -> int:
    """The errcode of an answer; 0 where there is none or it is null.

    Raises `WeChatUnavailable` for an errcode that is no whole number.
    """
    value = data.get("errcode")
    if value is None:
        return 0
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise garbage("WeChat's errcode is not a number.")


def text(data: dict[str, Any], key: str) -> str:
    """The string under `key`; empty where it is missing or not a string.

    A lone surrogate (half an emoji, written as an escape) cannot be stored or sent
    as UTF-8 and becomes U+FFFD.
    """
    value = data.get(key)
    if not isinstance(value, str):
        return ""
    return _LONE.sub("\ufffd", value)


def identifier(value: object) -> str | None:
    """An openid or unionid, or None for every way of writing "there is none".

    A value with a blank at either end is no identifier either: it would be another
    key for the same person.
    """
    return value if isinstance(value, str) and is_id(value) else None


def token(value: object) -> str | None:
    """A token, or None where there is no usable one."""
    if not isinstance(value, str) or says_nothing(value):
        return None
    usable = value.isascii() and value.isprintable() and " " not in value
    return value if usable and len(value) <= TOKEN_LIMIT else None


def whole_number(value: object, *, default: int) -> int:
    """A whole number not below zero, also when written as a string."""
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        return default
    return value


_LONE = re.compile("[\ud800-\udfff]")


def _integer(digits: str) -> int:
    if len(digits) > DIGITS_LIMIT:
        raise ValueError("a number too long")
    return int(digits)


def _real(digits: str) -> float:
    if len(digits) > 2 * DIGITS_LIMIT:
        raise ValueError("a number too long")
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError("a number too large")
    return number


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is named twice")
    return found


_DECODER = json.JSONDecoder(
    strict=False,
    parse_int=_integer,
    parse_float=_real,
    parse_constant=_constant,
    object_pairs_hook=_object,
)
