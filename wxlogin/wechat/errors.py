"""From an errcode of WeChat's to an error of ours.

WeChat answers HTTP 200 to everything; the errcode alone decides. What it means for
the person depends on the call too: a dead token ends a login that is under way
(`CodeInvalid`), but a stored grant only asks for a new one (`GrantDead`).

The errmsg is data from outside. It is shortened, cleaned and kept for the log with
the rid, the number Tencent's support asks for; no page shows it.
"""

import ipaddress
import re
from collections.abc import Iterable
from enum import StrEnum
from typing import TypeGuard

from wxlogin.errors import (
    CodeInvalid,
    GrantDead,
    PhoneCodeInvalid,
    WeChatBusy,
    WeChatDenied,
    WeChatMisconfigured,
    WeChatUnavailable,
    WxloginError,
)
from wxlogin.wechat.advice import advice
from wxlogin.wechat.errcodes import (
    ERRCODES,
    STALE_TOKEN,
    Action,
    Errcode,
    Sentence,
    lookup,
)

# Characters of an errmsg that reach the log.
ERRMSG_LIMIT = 120

# "…, rid: 1-2-3" of the /sns/ calls, "… rid: 1-2-3" of the others (2020 and later),
# and "hints: [ req_id: X ]" of old answers.
_RID = re.compile(
    r",?\s*(?:rid:\s*(?P<rid>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{8}){2})"
    r"|hints?:\s*\[\s*req_id:\s*(?P<req_id>[0-9A-Za-z_-]{1,32})\s*\])"
)
#: Our address is not on the app's list; an older page names 61004 for it.
ADDRESS_REFUSED = frozenset({40164, 61004})
#: The AppSecret is not the app's.
SECRET_REFUSED = 40125
#: The calls of a day are used up, of a mini program's codes those of a minute, too.
QUOTA_USED_UP = 45009
#: Those of a minute.
MINUTE_QUOTA_USED_UP = 45011
# "invalid ip 1.2.3.4 ipv6 ::ffff:1.2.3.4, not in whitelist", and
# "access clientip is not registered requestIP: 1.2.3.4".
_ADDRESS = re.compile(r"(?:\bip|requestIP:?) ([0-9A-Fa-f:.]+)")
# What looks like a token, code or secret. The words of an errmsg are shorter.
_SECRET = re.compile(r"[0-9A-Za-z_\-]{20,}")


class Call(StrEnum):
    """What WeChat was asked for."""

    EXCHANGE = "exchange"
    REFRESH = "refresh"
    USERINFO = "userinfo"
    CODE2SESSION = "code2session"
    #: An app's own access token.
    APP_TOKEN = "app_token"  # noqa: S105  a word, not a token
    #: And what needs one.
    PROGRAM_CODE = "program_code"
    PHONE_NUMBER = "phone_number"
    CHECK_SESSION = "check_session"
    CHECK_TEXT = "check_text"
    CHECK_MEDIA = "check_media"
    FOLLOWER = "follower"
    FOLLOWERS = "followers"
    FOLLOWER_LIST = "follower_list"
    ACCOUNT_CODE = "account_code"
    MENU = "menu"
    MAKE_MENU = "make_menu"
    AUTO_REPLIES = "auto_replies"
    NEW_OPENIDS = "new_openids"
    #: What the doctor asks (wechat/maintenance.py).
    CALLBACK_CHECK = "callback_check"
    PUSH_ADDRESSES = "push_addresses"
    API_ADDRESSES = "api_addresses"
    QUOTA = "quota"
    RID = "rid"


#: What spends a code that a person has got from WeChat to sign in.
_SPENDS_CODE = frozenset({Call.EXCHANGE, Call.CODE2SESSION})
#: What an app asks in its own name, with its own access token.
OF_APPS = frozenset(Call) - _SPENDS_CODE - {Call.REFRESH, Call.USERINFO}
# WeChat does not take a code of the phone number's button: of another kind or app,
# over, used, or of another person.
_NO_PHONE_CODE = frozenset({40003, 40029, 40163, 42003})


class TokenStale(GrantDead):
    """The access token is over; a refresh may bring a new one."""


class AppTokenStale(WeChatUnavailable):
    """The app's access token is over; another one may do."""


def to_exception(
    errcode: int,
    errmsg: object,
    *,
    app: str,
    call: Call,
    kind: str | None = None,
    hide: Iterable[str] = (),
) -> WxloginError:
    """The error to raise for WeChat's answer to `call` for the app named `app`.

    `kind` is the app's, where it is known: what is to be done depends on it.

    `hide` lists the secrets of this call, should WeChat quote one in its errmsg. The
    facts hold errcode, rid, errmsg, app, call, and `sent`, since WeChat has answered.
    """
    row = lookup(errcode)
    message, rid = _clean(errmsg, hide)
    sentence = f"WeChat answers {errcode} to {call} of app {app}: {row.meaning}. "
    return _class_for(row, call)(
        sentence + advice(row, call, kind),
        errcode=errcode,
        errmsg=message,
        rid=rid,
        app=app,
        call=call.value,
        sent=True,
    )


def errcode_of(error: WxloginError) -> int | None:
    """The errcode behind this error; None where WeChat did not answer with one."""
    return error.facts.get("errcode")


def row_of(error: WxloginError) -> Errcode | None:
    """The row of the errcode behind this error."""
    errcode = errcode_of(error)
    return None if errcode is None else lookup(errcode)


def refused_address(error: WxloginError) -> str | None:
    """Our address as WeChat sees it, where it refuses that; None otherwise."""
    if errcode_of(error) not in ADDRESS_REFUSED:
        return None
    match = _ADDRESS.search(error.facts.get("errmsg") or "")
    try:
        return str(ipaddress.ip_address(match[1])) if match else None
    except ValueError:
        return None


def never_left(error: BaseException) -> bool:
    """Did the exchange of a code fail before any of it left? Then the code is as good
    as before, and the same URL signs in once WeChat answers, without another scan."""
    return about_code(error) and error.facts.get("sent") is False


def about_code(error: BaseException) -> TypeGuard[WxloginError]:
    """Did this go wrong as WeChat was asked about a code?"""
    return isinstance(error, WxloginError) and error.facts.get("call") in _SPENDS_CODE


def visitor_sentence(error: WxloginError) -> Sentence | None:
    """What the person reads of the errcode behind this error; None where the error's
    own words say it."""
    row = row_of(error)
    if row is None or error.facts.get("call") not in OF_APPS:
        return row.visitor if row else None
    if isinstance(error, PhoneCodeInvalid):
        return None
    if row.code == QUOTA_USED_UP and error.facts.get("call") == Call.PROGRAM_CODE:
        return Sentence.CROWDED
    # The app's own token and openid are nothing that a person could renew.
    again = isinstance(error, WeChatUnavailable)
    own = Sentence.BUSY if again else Sentence.OUT_OF_ORDER
    return own if row.action is Action.AGAIN else row.visitor


def _class_for(row: Errcode, call: Call) -> type[WxloginError]:
    if call is Call.PHONE_NUMBER and row.code in _NO_PHONE_CODE:
        return PhoneCodeInvalid
    if row.action is Action.AGAIN:
        return _again_for_app(row.code, call) if call in OF_APPS else _again(row, call)
    if row.action in (Action.CFG, Action.BUG):
        return WeChatMisconfigured
    if row.action is Action.DENY:
        return WeChatDenied
    return WeChatBusy if row.code in ERRCODES else WeChatUnavailable


def _again(row: Errcode, call: Call) -> type[WxloginError]:
    if call in _SPENDS_CODE:
        return CodeInvalid
    if call is not Call.REFRESH and row.code in STALE_TOKEN:
        return TokenStale
    return GrantDead


def _again_for_app(code: int, call: Call) -> type[WxloginError]:
    """Nobody but the operator can begin anew here. WeChat says 40001 of a wrong
    secret, too, where it is asked for the token itself."""
    if call is not Call.APP_TOKEN and code in STALE_TOKEN:
        return AppTokenStale
    return WeChatMisconfigured


def _clean(errmsg: object, hide: Iterable[str]) -> tuple[str | None, str | None]:
    """The errmsg fit for a log line, and the rid that stood in it."""
    if not isinstance(errmsg, str):
        return None, None
    for secret in hide:
        if secret:
            errmsg = errmsg.replace(secret, "…")
    # A hostile answer may be long; nothing of use comes after this.
    errmsg = errmsg[: 4 * ERRMSG_LIMIT]
    match = _RID.search(errmsg)
    rid = (match["rid"] or match["req_id"]) if match else None
    plain = _SECRET.sub("…", _RID.sub("", errmsg))
    plain = "".join(char if char.isprintable() else " " for char in plain).strip()
    return plain[:ERRMSG_LIMIT], rid
