"""A person as WeChat names one: what `resolve` is asked about.

A Person is made from WeChat's own answer to our server, never from what a browser
or phone sent (security row 41). Every way of writing "no unionid" is no unionid
(security row 44), and a unionid of an app whose open platform the settings do not
name is none either: it is unique only within one open platform, and without the
name it could belong to anybody.
"""

from dataclasses import dataclass

from wxlogin.accounts.models.columns import (
    AVATAR_LENGTH,
    LANGUAGE_LENGTH,
    NICKNAME_LENGTH,
)
from wxlogin.accounts.text import storable
from wxlogin.errors import WeChatUnavailable
from wxlogin.security.identifiers import is_id


@dataclass(frozen=True)
class Profile:
    """Name and picture that WeChat gave. A placeholder is no Profile: pass None."""

    nickname: str
    avatar: str | None
    language: str | None

    def __post_init__(self) -> None:
        nickname = storable(self.nickname, NICKNAME_LENGTH)
        language = storable(self.language, LANGUAGE_LENGTH) or None
        object.__setattr__(self, "nickname", nickname)
        object.__setattr__(self, "language", language)
        # A URL that does not fit leads nowhere when it is cut.
        avatar = storable(self.avatar, AVATAR_LENGTH + 1) or None
        fits = avatar is not None and len(avatar) <= AVATAR_LENGTH
        object.__setattr__(self, "avatar", avatar if fits else None)


@dataclass(frozen=True)
class Person:
    """One (appid, openid), perhaps with a unionid and a profile.

    `kind` is the app's kind. `open_platform` and `unionid` are both set or both
    None. Raises WeChatUnavailable for an openid that cannot be one.
    """

    appid: str
    kind: str
    openid: str
    open_platform: str | None = None
    unionid: str | None = None
    profile: Profile | None = None

    def __post_init__(self) -> None:
        if not is_id(self.openid):
            raise WeChatUnavailable("WeChat named no usable openid", appid=self.appid)
        if not (self.open_platform and is_id(self.unionid)):
            object.__setattr__(self, "open_platform", None)
            object.__setattr__(self, "unionid", None)
