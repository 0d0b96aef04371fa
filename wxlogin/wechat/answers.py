"""What WeChat answers to the `/sns/` calls: bytes to values.

Sources: developers.weixin.qq.com/doc/service/api/webdev/access (api_snsaccesstoken,
api_snsrefreshtoken, api_snsuserinfo) and developers.weixin.qq.com/miniprogram/dev/
OpenApiDoc/user-login/code2Session.html. Every key but access_token, session_key and
openid is optional in practice: unionid is missing for unbound apps, refresh answers
name none, and region and sex have been empty since October 2021, so they are not read.

Strict where it matters and lenient where not:

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
from dataclasses import dataclass, field
from typing import NoReturn, Protocol
from urllib.parse import urlsplit

from wxlogin.errors import WeChatUnavailable
from wxlogin.wechat.endpoints import ACCESS_TOKEN_SECONDS, APP_TOKEN_SECONDS_LEFT
from wxlogin.wechat.identifiers import is_id, says_nothing

# The name WeChat gives to a person who shows none.
PLACEHOLDER_NAME = "微信用户"
# In the address of the grey default avatar, whatever its size.
PLACEHOLDER_AVATAR = "/POgEwh4mIHO4nibH0KlMECNjjGxQUq24ZEaGT4poC6icRiccVGKSyXwibcPq4"
# And of the one that mini programs show since 2022.
PLACEHOLDER_IN_PROGRAMS = "/icTdbqWNOwNRna42FI242Lcia07jQodd2FJGIYQfG0LAJGFxM4Fbn"
AVATAR_LIMIT = 1024

# The longest number WeChat sends is an errcode or a time; 64 bit has 20 digits.
DIGITS_LIMIT = 20
# "reserve 512 characters" says the reference; twice that is still no accident.
TOKEN_LIMIT = 1024

# Unicode's category Cc, which WeChat lets pass in names.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
# Half a character.
_LONE = re.compile("[\ud800-\udfff]")
_WHOLE = re.compile(r"-?[0-9]{1,9}")

#: The JSON object of an answer.
Answer = dict[str, object]


@dataclass(frozen=True, slots=True)
class Tokens:
    """The answer to an exchange or a refresh.

    `expires_in` is in seconds. `is_snapshot` marks a made-up person: sign in nobody.
    `repr` shows neither token.
    """

    access_token: str = field(repr=False)
    expires_in: int
    refresh_token: str | None = field(repr=False)
    openid: str
    scope: frozenset[str]
    unionid: str | None
    is_snapshot: bool


@dataclass(frozen=True, slots=True)
class MiniProgramSession:
    """The answer to the code of a mini program's wx.login.

    `session_key` is the text as it came; what WeChat's client signs and encrypts from
    now on is read with it. It never leaves this server, and `repr` does not show it.
    """

    openid: str
    unionid: str | None
    session_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AppToken:
    """An app's own access token, and for how many seconds it is good."""

    value: str = field(repr=False)
    expires_in: int


@dataclass(frozen=True, slots=True)
class UserInfo:
    """A person's profile as WeChat shows it to one app.

    `nickname` may be empty and is neither unique nor lasting. `avatar` is an https
    address, or one of the simulator's, or None; the grey default picture is none.
    """

    openid: str
    nickname: str
    avatar: str | None
    language: str | None
    unionid: str | None

    @property
    def is_placeholder(self) -> bool:
        """Whether this is WeChat's stand-in for a profile it does not show.

        Such a profile must not overwrite a real one. The name decides: many a person
        with a real name has never chosen a picture.
        """
        return self.nickname.strip() in ("", PLACEHOLDER_NAME)


def read_json(body: bytes) -> Answer:
    """The JSON object in `body`. Raises `WeChatUnavailable` for anything else."""
    data = read_object(body.decode("utf-8", "replace").removeprefix("\ufeff"))
    if data is None:
        raise _garbage("WeChat's answer is not a JSON object.", length=len(body))
    return data


def is_json(body: bytes) -> bool:
    """Does this begin as JSON does? No picture begins so."""
    return body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{"


def no_picture(length: int) -> WeChatUnavailable:
    """The error for an answer that should have been a picture."""
    return _garbage("WeChat's picture is none, or not whole.", length=length)


def read_object(text: str) -> Answer | None:
    """The JSON object in `text`; None for anything else, or what has two readings."""
    try:
        data = _DECODER.decode(text)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def errcode(data: Answer) -> int:
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
    raise _garbage("WeChat's errcode is not a number.")


def parse_tokens(data: Answer) -> Tokens:
    """Read the answer to an exchange or a refresh.

    Raises `WeChatUnavailable` where access_token or openid is missing.
    """
    return Tokens(
        access_token=_required_token(data, "access_token"),
        expires_in=_whole_number(data.get("expires_in"), default=ACCESS_TOKEN_SECONDS),
        refresh_token=_token(data.get("refresh_token")),
        openid=_openid(data),
        scope=_scopes(_text(data, "scope")),
        unionid=identifier(data.get("unionid")),
        is_snapshot=_is_set(data.get("is_snapshotuser")),
    )


def parse_session(data: Answer) -> MiniProgramSession:
    """Read the answer to a mini program's code.

    Raises `WeChatUnavailable` where openid or session_key is missing.
    """
    return MiniProgramSession(
        openid=_openid(data),
        unionid=identifier(data.get("unionid")),
        session_key=_required_token(data, "session_key"),
    )


def parse_app_token(data: Answer) -> AppToken:
    """Read the answer to an app's question for its access token.

    The seconds may be a number or a text, and are two hours at most. Where they are
    none, it is what each stable token has left at least. Raises `WeChatUnavailable`
    where there is no token.
    """
    told = data.get("expires_in")
    if isinstance(told, float) and told.is_integer():
        told = int(told)
    seconds = _whole_number(told, default=APP_TOKEN_SECONDS_LEFT)
    value = _required_token(data, "access_token")
    return AppToken(value, min(seconds, ACCESS_TOKEN_SECONDS))


def parse_userinfo(data: Answer, *, plain_origin: str = "") -> UserInfo:
    """Read a profile.

    `plain_origin` is the http origin of a simulator, whose avatars stay http. Raises
    `WeChatUnavailable` where openid is missing.
    """
    return UserInfo(
        openid=_openid(data),
        nickname=plain_name(_text(data, "nickname")),
        avatar=_avatar(_text(data, "headimgurl"), plain_origin),
        language=_language(_text(data, "language")),
        unionid=identifier(data.get("unionid")),
    )


def plain_name(text: str) -> str:
    """A nickname without the control characters that WeChat lets pass."""
    return _CONTROL.sub("", text)


class Named(Protocol):
    """Whatever names a person: an answer of WeChat's, or what is on record."""

    @property
    def openid(self) -> str: ...
    @property
    def unionid(self) -> str | None: ...


def disagreement(named: Named, info: UserInfo) -> str | None:
    """The id in which two answers about one person differ, or None if they agree.

    A unionid that only one of them names is no contradiction. Who finds one refuses
    the login: the answers are about two persons.
    """
    if named.openid != info.openid:
        return "openid"
    if named.unionid and info.unionid and named.unionid != info.unionid:
        return "unionid"
    return None


def _garbage(
    sentence: str, *, missing: str | None = None, length: int | None = None
) -> WeChatUnavailable:
    """The error for an answer that cannot be WeChat's, or was damaged."""
    return WeChatUnavailable(
        sentence, fault="garbage", sent=True, missing=missing, length=length
    )


def garbled(key: str) -> WeChatUnavailable:
    """The error for an answer without a usable `key`."""
    return _garbage(f"WeChat's answer has no usable {key}.", missing=key)


def _text(data: Answer, key: str) -> str:
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


def _openid(data: Answer) -> str:
    found = identifier(data.get("openid"))
    if found is None:
        raise garbled("openid")
    return found


def _required_token(data: Answer, key: str) -> str:
    found = _token(data.get(key))
    if found is None:
        raise garbled(key)
    return found


def _token(value: object) -> str | None:
    """A token, or None where there is no usable one."""
    if not isinstance(value, str) or says_nothing(value):
        return None
    usable = value.isascii() and value.isprintable() and " " not in value
    return value if usable and len(value) <= TOKEN_LIMIT else None


def _whole_number(value: object, *, default: int) -> int:
    """A whole number not below zero, also when written as a string."""
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        return default
    return value


def _scopes(text: str) -> frozenset[str]:
    # Old answers end with a comma: "snsapi_base,snsapi_userinfo,".
    return frozenset(scope for scope in map(str.strip, text.split(",")) if scope)


def _is_set(value: object) -> bool:
    # Documented is the number 1. What is there and not plainly "no" counts as
    # set: a stranger's account is worse than a second try.
    return value not in (None, False, 0, "", "0", "false")


def _avatar(url: str, plain_origin: str) -> str | None:
    if not url or len(url) > AVATAR_LIMIT:
        return None
    if PLACEHOLDER_AVATAR in url or PLACEHOLDER_IN_PROGRAMS in url:
        return None
    if not url.isascii() or not url.isprintable():
        return None
    if plain_origin and url.startswith(plain_origin + "/"):
        return url
    # WeChat's avatar hosts speak https, though some answers still say http.
    secure = re.sub("^http://", "https://", url)
    try:
        parts = urlsplit(secure)
    except ValueError:
        return None
    return secure if parts.scheme == "https" and parts.hostname else None


def _language(text: str) -> str | None:
    return text if re.fullmatch("[A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8})*", text) else None


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


def _object(pairs: list[tuple[str, object]]) -> Answer:
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
