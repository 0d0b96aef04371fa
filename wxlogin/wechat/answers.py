"""What WeChat answers to the `/sns/` calls, as values.

Source: developers.weixin.qq.com/doc/service/api/webdev/access (api_snsaccesstoken,
api_snsrefreshtoken, api_snsuserinfo). Every key but access_token and openid is
optional in practice: unionid is missing for unbound apps, refresh answers name
none, and region and sex have been empty since October 2021, so they are not read.
"""

import re
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from wxlogin.wechat.endpoints import ACCESS_TOKEN_SECONDS
from wxlogin.wechat.reading import garbage, identifier, text, token, whole_number

# The name WeChat gives to a person who shows none.
PLACEHOLDER_NAME = "微信用户"
# In the address of the grey default avatar, whatever its size.
PLACEHOLDER_AVATAR = "/POgEwh4mIHO4nibH0KlMECNjjGxQUq24ZEaGT4poC6icRiccVGKSyXwibcPq4"
AVATAR_LIMIT = 1024

# Unicode's category Cc, which WeChat lets pass in names.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


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


def parse_tokens(data: dict[str, Any]) -> Tokens:
    """Read the answer to an exchange or a refresh.

    Raises `WeChatUnavailable` where access_token or openid is missing.
    """
    access_token = token(data.get("access_token"))
    openid = identifier(data.get("openid"))
    if access_token is None or openid is None:
        missing = "access_token" if access_token is None else "openid"
        raise garbage(f"WeChat's answer has no usable {missing}.", missing=missing)
    return Tokens(
        access_token=access_token,
        expires_in=whole_number(data.get("expires_in"), default=ACCESS_TOKEN_SECONDS),
        refresh_token=token(data.get("refresh_token")),
        openid=openid,
        scope=_scopes(text(data, "scope")),
        unionid=identifier(data.get("unionid")),
        is_snapshot=_is_set(data.get("is_snapshotuser")),
    )


def parse_userinfo(data: dict[str, Any], *, plain_origin: str = "") -> UserInfo:
    """Read a profile.

    `plain_origin` is the http origin of a simulator, whose avatars stay http. Raises
    `WeChatUnavailable` where openid is missing.
    """
    openid = identifier(data.get("openid"))
    if openid is None:
        raise garbage("WeChat's answer has no usable openid.", missing="openid")
    return UserInfo(
        openid=openid,
        nickname=_CONTROL.sub("", text(data, "nickname")),
        avatar=_avatar(text(data, "headimgurl"), plain_origin),
        language=_language(text(data, "language")),
        unionid=identifier(data.get("unionid")),
    )


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


def _scopes(text: str) -> frozenset[str]:
    # Old answers end with a comma: "snsapi_base,snsapi_userinfo,".
    return frozenset(scope for scope in map(str.strip, text.split(",")) if scope)


def _is_set(value: object) -> bool:
    # Documented is the number 1. What is there and not plainly "no" counts as
    # set: a stranger's account is worse than a second try.
    return value not in (None, False, 0, "", "0", "false")


def _avatar(url: str, plain_origin: str) -> str | None:
    if not url or len(url) > AVATAR_LIMIT or PLACEHOLDER_AVATAR in url:
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
