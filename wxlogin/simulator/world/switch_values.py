"""The switches: their names, what each does, and which values each takes.

`null` and `false` turn a switch off and never reach a check.
"""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from ..language import marked as _
from ..refusals import Invalid
from . import switch_checks as checks
from .push_letter import MODES
from .pushes import FAULTS

#: When wx.login makes a new session_key; `expired` is what it does by itself.
ROTATIONS = ("always", "expired", "random")

#: What may come in the place of a mini program's code.
CODE_FAULTS = (
    "error:image/jpeg", "error:text/plain", "error:application/json",
    "empty", "half", "png",
)  # fmt: skip

#: How an errmsg ended before there was a rid, and while there were both.
TAILS = ("hints", "hint", "hint+rid")

# Ten years; more would be a typing error.
MOST_AGE = 10 * 366 * 24 * 3600


@dataclass(frozen=True)
class Switch:
    """One switch. `presets` are values worth a click, None where there are none."""

    help: str
    check: checks.Check
    presets: tuple[Any, ...] | None = None


SWITCHES: dict[str, Switch] = {
    "drop_unionid": Switch(
        _("The token answer and the profile come without a unionid."),
        checks.true,
        (True,),
    ),
    "snapshot": Switch(
        _("A made-up preview visitor signs in; the token answer says so."),
        checks.true,
        (True,),
    ),
    "snapshot_flag": Switch(
        _("is_snapshotuser is missing for a preview, or there for a real person."),
        checks.one_of("missing", "real"),
        ("missing", "real"),
    ),
    "snapshot_48001": Switch(
        _("The profile of a preview visitor is refused with 48001."),
        checks.true,
        (True,),
    ),
    "base_unionid": Switch(
        _("A silent login names the unionid of people who consented before."),
        checks.true,
        (True,),
    ),
    "authorize_error": Switch(
        _("The page inside WeChat shows this error."),
        checks.page_error,
        checks.PAGE_ERRORS,
    ),
    "link_check": Switch(
        _("How a link inside WeChat may look: strict by itself, or more than that."),
        checks.one_of("fragment_optional", "off"),
        ("fragment_optional", "off"),
    ),
    "empty_state": Switch(
        _("Inside WeChat an empty state passes and comes back, instead of 10013."),
        checks.true,
        (True,),
    ),
    "appid_10016": Switch(
        _("An open platform's appid gets the page about the scope, not 10016."),
        checks.one_of("scope"),
        ("scope",),
    ),
    "callback_port": Switch(
        _("A redirect_uri may have any port, where WeChat takes 80 and 443 alone."),
        checks.one_of("any"),
        ("any",),
    ),
    "deny_redirect": Switch(
        _("A refusal returns to the site with the state alone, as it used to."),
        checks.true_or("authdeny"),
        (True, "authdeny"),
    ),
    "strict_encoding": Switch(
        _("A redirect_uri with unencoded slashes is refused."), checks.true, (True,)
    ),
    "rotate_refresh_token": Switch(
        _("Each refresh gives a new refresh_token and ends the old one."),
        checks.true,
        (True,),
    ),
    "keep_refresh_token": Switch(
        _("A new login leaves older refresh_tokens alive."), checks.true, (True,)
    ),
    "token_lives": Switch(
        _("Seconds that codes and tokens live, instead of WeChat's."),
        checks.lives,
        ({"refresh_token": 180 * 24 * 3600},),
    ),
    "scope_comma": Switch(
        _("The scope of a token answer ends in a comma, as in old samples."),
        checks.true,
        (True,),
    ),
    "old_profile": Switch(
        _("The profile has a sex and a region, as before October 2021."),
        checks.true,
        (True,),
    ),
    "privilege": Switch(
        _("What the profile's privilege lists, by itself nothing."),
        checks.texts_of,
        (["chinaunicom"],),
    ),
    "avatar_host": Switch(
        _("Where the profile says that the avatar is."),
        checks.origin,
        (
            "http://thirdwx.qlogo.cn",
            "https://wx.qlogo.cn",
            "http://wx.qlogo.cn",
        ),
    ),
    "strict_openid": Switch(
        _("/sns/userinfo refuses somebody else's openid with 40003."),
        checks.true,
        (True,),
    ),
    "fast_callback": Switch(
        _("After the fast login the parameters stand at both places."),
        checks.one_of("both"),
        ("both",),
    ),
    "rotate_session_key": Switch(
        _("When wx.login in a mini program ends the old session key."),
        checks.one_of(*ROTATIONS),
        ROTATIONS,
    ),
    "mock_code": Switch(
        _(
            "The code of developer tools without an AppID signs in; true means the "
            "first person."
        ),
        checks.true_or_person,
        (True,),
    ),
    "phone_address": Switch(
        _("The played program's phone is in a network of its own, as a proxy says."),
        checks.address,
        ("203.0.113.9",),
    ),
    "phone_errno": Switch(
        _("The phone number button gives this error and no code."),
        checks.errno,
        (1400001, 104, 112),
    ),
    "country_code": Switch(
        _("The phone number's countryCode is a number instead of a text."),
        checks.one_of("number"),
        ("number",),
    ),
    "plus_lost": Switch(
        _("Each + of a mini program's encrypted data became a blank on its way."),
        checks.true,
        (True,),
    ),
    "wxacode": Switch(
        _("A mini program's code comes broken, or as an error that looks like it."),
        checks.one_of(*CODE_FAULTS),
        CODE_FAULTS,
    ),
    "push_mode": Switch(
        _("How pushes are sent: plain, with both, or encrypted alone (the default)."),
        checks.one_of(*MODES),
        MODES,
    ),
    "push_retry": Switch(
        _("A push that comes again is the same to the byte, not signed anew."),
        checks.one_of("same"),
        ("same",),
    ),
    "push_faults": Switch(
        _("Pushes come twice, after the next, late, or in the spelling of samples."),
        checks.some_of(*FAULTS),
        FAULTS,
    ),
    "blocked": Switch(
        _("WeChat refuses a person's login in mini programs (40226)."),
        checks.true,
        (True,),
    ),
    "errmsg_tail": Switch(
        _("The end of each errmsg as it was written in older days."),
        checks.one_of(*TAILS),
        TAILS,
    ),
    "from_original_id": Switch(
        _("changeopenid wants the old account's gh_ id, as its page says."),
        checks.true,
        (True,),
    ),
    "content_check": Switch(
        _("What WeChat thinks of every text and picture that it is asked about."),
        checks.one_of("risky", "review", "pass"),
        ("risky", "review", "pass"),
    ),
    "quota": Switch(
        _("Other limits for the calls of a server: so many in a minute or a day."),
        checks.quota,
    ),
    "fast_login": Switch(
        _("The desktop client signs in without a scan; true means the first person."),
        checks.true_or_person,
        (True,),
    ),
    "double_callback": Switch(
        _("The browser comes back twice, with the same code or with two."),
        checks.one_of("same", "different"),
        ("same", "different"),
    ),
    "content_type": Switch(
        _("The Content-Type of JSON answers to a server."),
        checks.header,
        ("application/json", "application/json; encoding=utf-8"),
    ),
    "latency_ms": Switch(
        _("Milliseconds that each answer to a server waits."),
        checks.latency,
        (500, 3000, 10000),
    ),
    "body": Switch(
        _("Spoils the answers to a server on their way."),
        checks.body,
        (*checks.BODY_MODES, "status:500", "status:302"),
    ),
    "errcode": Switch(
        _("The calls of a server answer with an error, if wanted only so many times."),
        checks.errcodes,
        tuple(
            {"errcode": code}
            for code in (-1, 40001, 40029, 40125, 40163, 42001, 45011, 48001)
        ),
    ),
    "nickname": Switch(
        _("Any JSON value in the place of the nickname."), checks.nickname
    ),
    "userinfo_openid": Switch(
        _("/sns/userinfo names another openid than the token answer."), checks.text
    ),
    "userinfo_unionid": Switch(
        _("/sns/userinfo names another unionid than the token answer."), checks.text
    ),
    "raw_body": Switch(
        _("A body of your own in the place of an answer to a server."), checks.raw_body
    ),
}


def check(name: str, value: object) -> Any:
    """The value to keep for switch `name`; Invalid for an unknown name or bad value."""
    switch = SWITCHES.get(name)
    if switch is None:
        near = get_close_matches(name, SWITCHES, n=1)
        meant = f" did you mean {near[0]}?" if near else ""
        every = ", ".join(SWITCHES)
        raise Invalid(f"{name}: no such switch;{meant} There are {every}")
    return switch.check(value, name)
