"""What the switches take: a check for each form of value.

Every check returns the value to keep or raises Invalid.
"""

import base64
import binascii
import ipaddress
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from ..protocol import POLL
from ..refusals import Invalid, known, mapping

# Where pages and pictures are.
_PAGES = ("/connect", "/mmopen")

Check = Callable[[object, str], Any]

#: How an answer can be spoiled on its way; `status:500` and its like beside them.
BODY_MODES = (
    "drip", "drip_headers", "endless", "cut", "html", "reset", "mute",
)  # fmt: skip

#: What the switch `token_lives` names.
LIVES = ("code", "access_token", "refresh_token")

#: Errors of the page inside WeChat that no request of a client can bring about.
PAGE_ERRORS = (10004, 10006, 10009, 10015, 10038)


def true(value: object, where: str) -> bool:
    if value is not True:
        raise Invalid(f"{where}: true or false, not {value!r}")
    return True


def text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise Invalid(f"{where}: a string is needed, not {value!r}")
    return value


def header(value: object, where: str) -> str:
    given = text(value, where)
    if not given.isprintable() or not given.isascii():
        raise Invalid(f"{where}: printable ASCII is needed")
    return given


def address(value: object, where: str) -> str:
    try:
        return str(ipaddress.ip_address(text(value, where)))
    except ValueError:
        raise Invalid(f"{where}: an IP address, not {value!r}") from None


def page_error(value: object, where: str) -> int:
    if value not in PAGE_ERRORS or isinstance(value, bool):
        raise Invalid(f"{where}: one of {', '.join(map(str, PAGE_ERRORS))}")
    return int(str(value))


def number(value: object, where: str, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Invalid(f"{where}: a whole number is needed, not {value!r}")
    if not low <= value <= high:
        raise Invalid(f"{where}: {low} to {high}, not {value}")
    return value


def latency(value: object, where: str) -> int | dict[str, Any]:
    if not isinstance(value, Mapping):
        return number(value, where, 0, 120_000)
    known(value, ("path", "ms"), where)
    waits = number(value.get("ms"), f"{where}.ms", 0, 120_000)
    return {"path": path(value.get("path", ""), f"{where}.path"), "ms": waits}


def errcodes(value: object, where: str) -> list[dict[str, Any]]:
    items = value if isinstance(value, list) else [value]
    return [errcode(item, where) for item in items]


def errcode(value: object, where: str) -> dict[str, Any]:
    rule = mapping(value, where)
    known(rule, ("path", "errcode", "times", "errmsg", "spend"), where)
    if "errcode" not in rule:
        raise Invalid(f"{where}.errcode: missing")
    kept: dict[str, Any] = {"path": path(rule.get("path", ""), f"{where}.path")}
    if kept["path"] != POLL and kept["path"].startswith(_PAGES):
        raise Invalid(
            f"{where}.path: a page has no errcode, but {POLL} has; `body` and "
            "`raw_body` break pages"
        )
    kept["errcode"] = number(rule["errcode"], f"{where}.errcode", -(10**6), 10**9)
    if rule.get("times") is not None:
        kept["times"] = number(rule["times"], f"{where}.times", 1, 10**6)
    if "errmsg" in rule:
        kept["errmsg"] = text(rule["errmsg"], f"{where}.errmsg")
    if rule.get("spend"):
        kept["spend"] = true(rule["spend"], f"{where}.spend")
    return kept


def path(value: object, where: str) -> str:
    path = text(value, where)
    if path and not path.startswith("/"):
        raise Invalid(f"{where}: a path that begins with `/`, not {path!r}")
    return path


def body(value: object, where: str) -> dict[str, str]:
    if isinstance(value, str):
        value = {"mode": value}
    rule = mapping(value, where)
    known(rule, ("path", "mode"), where)
    mode = text(rule.get("mode", ""), f"{where}.mode")
    status = mode.removeprefix("status:")
    good = status.isascii() and status.isdigit() and 200 <= int(status) <= 599
    if mode not in BODY_MODES and not (mode.startswith("status:") and good):
        modes = ", ".join(BODY_MODES)
        raise Invalid(f"{where}: one of {modes}, status:500, not {mode!r}")
    return {"path": path(rule.get("path", ""), f"{where}.path"), "mode": mode}


def raw_body(value: object, where: str) -> dict[str, str]:
    rule = mapping(value, where)
    known(rule, ("path", "text", "base64"), where)
    if ("text" in rule) == ("base64" in rule):
        raise Invalid(f"{where}: either `text` or `base64`")
    kept = {"path": path(rule.get("path", ""), f"{where}.path")}
    name = "text" if "text" in rule else "base64"
    kept[name] = text(rule[name], f"{where}.{name}")
    if name == "base64":
        _base64(kept[name], f"{where}.base64")
    return kept


def _base64(value: object, where: str) -> None:
    try:
        base64.b64decode(text(value, where), validate=True)
    except (binascii.Error, ValueError):
        raise Invalid(f"{where}: not base64") from None


def nickname(value: object, where: str) -> object:
    if isinstance(value, dict) and "raw" in value:
        known(value, ("raw",), where)
        text(value["raw"], f"{where}.raw")
    if isinstance(value, dict) and "base64" in value:
        known(value, ("base64",), where)
        _base64(value["base64"], f"{where}.base64")
    return value


def errno(value: object, where: str) -> int:
    return number(value, where, 1, 10**8)


def quota(value: object, where: str) -> dict[str, Any]:
    rule = mapping(value, where)
    known(rule, ("path", "calls"), where)
    if "calls" not in rule:
        raise Invalid(f"{where}.calls: missing")
    calls = number(rule["calls"], f"{where}.calls", 0, 10**6)
    return {"path": path(rule.get("path", ""), f"{where}.path"), "calls": calls}


def true_or(word: str) -> Check:
    """The check of a switch that is simply on, or takes this word."""

    def check(value: object, where: str) -> bool | str:
        if value == word:
            return word
        if value is not True:
            raise Invalid(f"{where}: true, false or {word}, not {value!r}")
        return True

    return check


def lives(value: object, where: str) -> dict[str, int]:
    """Seconds by what they are the life of."""
    rule = mapping(value, where)
    known(rule, LIVES, where)
    if not rule:
        raise Invalid(f"{where}: one or more of {', '.join(LIVES)}")
    most = 10 * 366 * 24 * 3600
    return {k: number(v, f"{where}.{k}", 1, most) for k, v in rule.items()}


def texts_of(value: object, where: str) -> list[str]:
    if not isinstance(value, list):
        raise Invalid(f"{where}: a list of strings is needed, not {value!r}")
    return [text(each, where) for each in value]


def origin(value: object, where: str) -> str:
    given = text(value, where).rstrip("/")
    parts = urlsplit(given)
    if (
        parts.scheme not in ("http", "https")
        or given != f"{parts.scheme}://{parts.netloc}"
    ):
        raise Invalid(f"{where}: http:// or https:// and a host, not {value!r}")
    return given


def true_or_person(value: object, where: str) -> bool | str:
    return value if isinstance(value, str) else true(value, where)


def one_of(*allowed: str) -> Check:
    """The check of a switch that takes one of these words."""

    def check(value: object, where: str) -> str:
        if value not in allowed:
            words = ", ".join(allowed)
            raise Invalid(f"{where}: one of {words}, not {value!r}; null turns it off")
        return str(value)

    return check


def some_of(*allowed: str) -> Check:
    """The check of one that takes one of these words or a list of them."""
    one = one_of(*allowed)

    def check(value: object, where: str) -> tuple[str, ...]:
        items = value if isinstance(value, list) else [value]
        return tuple(one(item, where) for item in items)

    return check
