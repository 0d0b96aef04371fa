"""A person as WeChat names one: what `resolve` is asked about.

A Person is made from WeChat's own answer to our server, never from what a browser
or phone sent (security row 41). Every way of writing "no unionid" is no unionid
(security row 44), and a unionid of an app whose open platform the settings do not
name is none either: it is unique only within one open platform, and without the
name it could belong to anybody.
"""

import hashlib
import re
import secrets
import string
import unicodedata
from dataclasses import dataclass, fields
from typing import Self

from wxlogin.errors import WeChatUnavailable
from wxlogin.wechat.identifiers import is_id

NICKNAME_LENGTH = 128
AVATAR_LENGTH = 512
LANGUAGE_LENGTH = 16


@dataclass(frozen=True)
class Profile:
    """Name and picture that WeChat gave. A placeholder is no Profile: pass None.

    A field more is one here, a column of its name, and what reads or shows it.
    """

    nickname: str = ""
    avatar: str | None = None
    language: str | None = None

    def __post_init__(self) -> None:
        nickname = storable(self.nickname, NICKNAME_LENGTH)
        language = storable(self.language, LANGUAGE_LENGTH) or None
        object.__setattr__(self, "nickname", nickname)
        object.__setattr__(self, "language", language)
        # A URL that does not fit leads nowhere when it is cut.
        avatar = storable(self.avatar, AVATAR_LENGTH + 1) or None
        fits = avatar is not None and len(avatar) <= AVATAR_LENGTH
        object.__setattr__(self, "avatar", avatar if fits else None)

    @classmethod
    def of(cls, source: object) -> Self:
        """What `source`, which has the fields, says of a person."""
        return cls(**{name: getattr(source, name) for name in PROFILE})

    def over(self, older: Self) -> Self:
        """What this one lacks stays as it was."""
        return type(self)(
            **{name: getattr(self, name) or getattr(older, name) for name in PROFILE}
        )

    def unlike(self, older: Self) -> list[str]:
        """The fields that are others than they were."""
        return [name for name in PROFILE if getattr(self, name) != getattr(older, name)]


#: The fields of a profile; columns of users have their names.
PROFILE = tuple(field.name for field in fields(Profile))
#: The same, as files and commands call them.
WRITTEN = {name: "name" if name == "nickname" else name for name in PROFILE}


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


_ALPHABET = string.ascii_letters + string.digits
# 62 ** 22 is a little more than 2 ** 130.
_LENGTH = 22


def new_uid() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def digest_of(uid: str) -> bytes:
    """What stays of the uid of a user who was deleted: 32 bytes that lead to nobody.

    A uid has 130 random bits and is no datum of WeChat's, so the digest gives away
    neither it nor anything about the person. It keeps others from inheriting it.
    """
    return hashlib.sha256(uid.encode()).digest()


_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_JOINER = "\u200d"


def storable(text: object, limit: int) -> str:
    """`text` without what no database holds, at most `limit` code points long.

    It is cut where a character a person sees ends: not before an accent, a skin
    tone or the next member of a joined emoji. What is no string counts as empty.
    """
    if not isinstance(text, str):
        return ""
    clean = _UNSTORABLE.sub("", text)
    if len(clean) <= limit:
        return clean
    end = limit
    while end and _continues(clean, end):
        end -= 1
    # One character that is longer than the limit has to be cut somewhere.
    return clean[: end or limit]


def _continues(text: str, at: int) -> bool:
    """Does the code point at `at` belong to the character before it?"""
    mark = text[at]
    joined = _JOINER in (mark, text[at - 1])
    skin_tone = "\U0001f3fb" <= mark <= "\U0001f3ff"
    return joined or skin_tone or unicodedata.category(mark) in ("Mn", "Me", "Mc")
