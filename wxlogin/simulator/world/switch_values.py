"""The switches: their names, what each does, and which values each takes.

Every check returns the value to keep or raises Invalid. `null` and `false` turn a
switch off and never reach a check.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _

from ..refusals import Invalid, known, mapping

#: How an answer can be spoiled on its way; `status:500` and its like beside them.
BODY_MODES = (
    "drip", "drip_headers", "endless", "cut", "html", "reset", "mute",
)  # fmt: skip

#: Errors of the page inside WeChat that no request of a client can bring about.
PAGE_ERRORS = (10004, 10006, 10009, 10015, 10038)

#: When wx.login makes a new session_key; `expired` is what it does by itself.
ROTATIONS = ("always", "expired", "random")

#: What may come in the place of a mini program's code.
CODE_FAULTS = (
    "error:image/jpeg", "error:text/plain", "error:application/json",
    "empty", "half", "png",
)  # fmt: skip

Check = Callable[[object, str], Any]


@dataclass(frozen=True)
class Switch:
    """One switch. `presets` are values worth a click, None where there are none."""

    help: Any
    check: Check
    presets: tuple[Any, ...] | None = None


def _true(value: object, where: str) -> bool:
    if value is not True:
        raise Invalid(f"{where}: true or false, not {value!r}")
    return True


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise Invalid(f"{where}: a string is needed, not {value!r}")
    return value


def _header(value: object, where: str) -> str:
    text = _text(value, where)
    if not text.isprintable() or not text.isascii():
        raise Invalid(f"{where}: printable ASCII is needed")
    return text


def _doubled(value: object, where: str) -> str:
    if value not in ("same", "different"):
        raise Invalid(f"{where}: `same` or `different`, not {value!r}")
    return str(value)


def _page_error(value: object, where: str) -> int:
    if value not in PAGE_ERRORS or isinstance(value, bool):
        raise Invalid(f"{where}: one of {', '.join(map(str, PAGE_ERRORS))}")
    return int(str(value))


def _number(value: object, where: str, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Invalid(f"{where}: a whole number is needed, not {value!r}")
    if not low <= value <= high:
        raise Invalid(f"{where}: {low} to {high}, not {value}")
    return value


def _latency(value: object, where: str) -> int:
    return _number(value, where, 0, 120_000)


def _errcodes(value: object, where: str) -> list[dict[str, Any]]:
    items = value if isinstance(value, list) else [value]
    return [_errcode(item, where) for item in items]


def _errcode(value: object, where: str) -> dict[str, Any]:
    rule = mapping(value, where)
    known(rule, ("path", "errcode", "times", "errmsg", "spend"), where)
    if "errcode" not in rule:
        raise Invalid(f"{where}.errcode: missing")
    kept: dict[str, Any] = {"path": _path(rule.get("path", ""), f"{where}.path")}
    kept["errcode"] = _number(rule["errcode"], f"{where}.errcode", -(10**6), 10**9)
    if rule.get("times") is not None:
        kept["times"] = _number(rule["times"], f"{where}.times", 1, 10**6)
    if "errmsg" in rule:
        kept["errmsg"] = _text(rule["errmsg"], f"{where}.errmsg")
    if rule.get("spend"):
        kept["spend"] = _true(rule["spend"], f"{where}.spend")
    return kept


def _path(value: object, where: str) -> str:
    path = _text(value, where)
    if path and not path.startswith("/"):
        raise Invalid(f"{where}: a path that begins with `/`, not {path!r}")
    return path


def _body(value: object, where: str) -> dict[str, str]:
    if isinstance(value, str):
        value = {"mode": value}
    rule = mapping(value, where)
    known(rule, ("path", "mode"), where)
    mode = _text(rule.get("mode", ""), f"{where}.mode")
    status = mode.removeprefix("status:")
    good = status.isascii() and status.isdigit() and 200 <= int(status) <= 599
    if mode not in BODY_MODES and not (mode.startswith("status:") and good):
        modes = ", ".join(BODY_MODES)
        raise Invalid(f"{where}: one of {modes}, status:500, not {mode!r}")
    return {"path": _path(rule.get("path", ""), f"{where}.path"), "mode": mode}


def _raw_body(value: object, where: str) -> dict[str, str]:
    rule = mapping(value, where)
    known(rule, ("path", "text", "base64"), where)
    if ("text" in rule) == ("base64" in rule):
        raise Invalid(f"{where}: either `text` or `base64`")
    kept = {"path": _path(rule.get("path", ""), f"{where}.path")}
    name = "text" if "text" in rule else "base64"
    kept[name] = _text(rule[name], f"{where}.{name}")
    try:
        base64.b64decode(kept.get("base64", ""), validate=True)
    except (binascii.Error, ValueError):
        raise Invalid(f"{where}.base64: not base64") from None
    return kept


def _nickname(value: object, where: str) -> object:
    if isinstance(value, dict) and "raw" in value:
        known(value, ("raw",), where)
        _text(value["raw"], f"{where}.raw")
    return value


def _errno(value: object, where: str) -> int:
    return _number(value, where, 1, 10**8)


def _number_or_text(value: object, where: str) -> str:
    if value != "number":
        raise Invalid(f"{where}: `number`, not {value!r}")
    return "number"


def _code_fault(value: object, where: str) -> str:
    if value not in CODE_FAULTS:
        raise Invalid(f"{where}: one of {', '.join(CODE_FAULTS)}, not {value!r}")
    return str(value)


def _rotation(value: object, where: str) -> str:
    if value not in ROTATIONS:
        raise Invalid(f"{where}: one of {', '.join(ROTATIONS)}, not {value!r}")
    return str(value)


def _quota(value: object, where: str) -> dict[str, Any]:
    rule = mapping(value, where)
    known(rule, ("path", "calls"), where)
    if "calls" not in rule:
        raise Invalid(f"{where}.calls: missing")
    calls = _number(rule["calls"], f"{where}.calls", 0, 10**6)
    return {"path": _path(rule.get("path", ""), f"{where}.path"), "calls": calls}


def _true_or_person(value: object, where: str) -> bool | str:
    return value if isinstance(value, str) else _true(value, where)


SWITCHES: dict[str, Switch] = {
    "drop_unionid": Switch(
        _("The token answer and the profile come without a unionid."), _true, (True,)
    ),
    "snapshot": Switch(
        _("A made-up preview visitor signs in; the token answer says so."),
        _true,
        (True,),
    ),
    "snapshot_48001": Switch(
        _("The profile of a preview visitor is refused with 48001."), _true, (True,)
    ),
    "base_unionid": Switch(
        _("A silent login names the unionid of people who consented before."),
        _true,
        (True,),
    ),
    "authorize_error": Switch(
        _("The page inside WeChat shows this error."), _page_error, PAGE_ERRORS
    ),
    "deny_redirect": Switch(
        _("A refusal returns to the site with the state alone, as it used to."),
        _true,
        (True,),
    ),
    "strict_encoding": Switch(
        _("A redirect_uri with unencoded slashes is refused."), _true, (True,)
    ),
    "rotate_refresh_token": Switch(
        _("Each refresh gives a new refresh_token and ends the old one."),
        _true,
        (True,),
    ),
    "rotate_session_key": Switch(
        _("When wx.login in a mini program ends the old session key."),
        _rotation,
        ROTATIONS,
    ),
    "mock_code": Switch(
        _(
            "The code of developer tools without an AppID signs in; true means the "
            "first person."
        ),
        _true_or_person,
        (True,),
    ),
    "phone_errno": Switch(
        _("The phone number button gives this error and no code."),
        _errno,
        (1400001, 104, 112),
    ),
    "country_code": Switch(
        _("The phone number's countryCode is a number instead of a text."),
        _number_or_text,
        ("number",),
    ),
    "plus_lost": Switch(
        _("Each + of a mini program's encrypted data became a blank on its way."),
        _true,
        (True,),
    ),
    "wxacode": Switch(
        _("A mini program's code comes broken, or as an error that looks like it."),
        _code_fault,
        CODE_FAULTS,
    ),
    "quota": Switch(
        _("Other limits for the calls of a server: so many in a minute or a day."),
        _quota,
    ),
    "fast_login": Switch(
        _("The desktop client signs in without a scan; true means the first person."),
        _true_or_person,
        (True,),
    ),
    "double_callback": Switch(
        _("The browser comes back twice, with the same code or with two."),
        _doubled,
        ("same", "different"),
    ),
    "content_type": Switch(
        _("The Content-Type of JSON answers to a server."),
        _header,
        ("application/json", "application/json; encoding=utf-8"),
    ),
    "latency_ms": Switch(
        _("Milliseconds that each answer to a server waits."),
        _latency,
        (500, 3000, 10000),
    ),
    "body": Switch(
        _("Spoils the answers to a server on their way."),
        _body,
        (*BODY_MODES, "status:500", "status:302"),
    ),
    "errcode": Switch(
        _("The calls of a server answer with an error, if wanted only so many times."),
        _errcodes,
        tuple(
            {"errcode": code}
            for code in (-1, 40001, 40029, 40125, 40163, 42001, 45011, 48001)
        ),
    ),
    "nickname": Switch(_("Any JSON value in the place of the nickname."), _nickname),
    "userinfo_openid": Switch(
        _("/sns/userinfo names another openid than the token answer."), _text
    ),
    "userinfo_unionid": Switch(
        _("/sns/userinfo names another unionid than the token answer."), _text
    ),
    "raw_body": Switch(
        _("A body of your own in the place of an answer to a server."), _raw_body
    ),
}  # fmt: skip


def check(name: str, value: object) -> Any:
    """The value to keep for switch `name`; Invalid for an unknown name or bad value."""
    switch = SWITCHES.get(name)
    if switch is None:
        raise Invalid(f"{name}: no such switch; there are {', '.join(SWITCHES)}")
    return switch.check(value, name)
