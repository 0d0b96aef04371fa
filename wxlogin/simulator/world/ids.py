"""Ids in the shapes WeChat gives them.

An openid belongs to a person within one app, a unionid to a person within one
open platform. Both are pure functions of their owners: the same on each start,
so that documents, checks and databases can hold on to them.
"""

import hashlib
import secrets
import string
from base64 import b64encode, urlsafe_b64encode

_ALPHANUMERIC = string.ascii_letters + string.digits

# The number before the underscore of an access_token grows over the years.
_TOKEN_PREFIX = "98_"  # noqa: S105  the visible part of every token, not a secret

#: The last path segment but one of WeChat's grey avatar, for people who have none.
DEFAULT_AVATAR = (
    "POgEwh4mIHO4nibH0KlMECNjjGxQUq24ZEaGT4poC6icRiccVGKSyXwib"
    "cPq4BWmiaIGuG1icwxaQX6grC9VemZoJ8rg"
)


def _digest(*parts: str) -> str:
    raw = hashlib.sha256("\0".join(parts).encode()).digest()
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _random(length: int) -> str:
    # 64 bits more than it needs, so that no letter is likelier than another.
    number, letters = secrets.randbits(6 * length + 64), ""
    for _ in range(length):
        number, letter = divmod(number, len(_ALPHANUMERIC))
        letters += _ALPHANUMERIC[letter]
    return letters


def openid(appid: str, person: str) -> str:
    """28 characters that start with `o`, stable for (app, person)."""
    return "o" + _digest("openid", appid, person)[:27]


def unionid(open_platform: str, person: str) -> str:
    """28 characters that start with `o`, stable for (open platform, person)."""
    return "o" + _digest("unionid", open_platform, person)[:27]


def original_id(appid: str) -> str:
    """`gh_` and 12 hex digits: what pushes call the app, stable for the appid."""
    return "gh_" + hashlib.sha256(f"original\0{appid}".encode()).hexdigest()[:12]


def plain_code(appid: str) -> str:
    """What stands in an account's plain code: 20 characters, stable for the appid."""
    return _digest("plain code", appid)[:20]


def snapshot_openid() -> str:
    """The made-up openid of a preview visitor, another one each time."""
    return "o" + secrets.token_urlsafe(21)[:27]


def avatar_id(person: str, revision: int) -> str:
    """The path segment of an avatar; a changed avatar has another one."""
    return _digest("avatar", person, str(revision)) + _digest(person, str(revision))


def new_uuid() -> str:
    """The name of one QR code: 16 letters and digits."""
    return "0" + _random(15)


def new_code() -> str:
    """A code as it comes back in the callback: 32 letters and digits."""
    return "0" + _random(31)


def new_phone_code() -> str:
    """A code of the phone number button: 64 hex digits."""
    return secrets.token_hex(32)


def new_msg_id() -> int:
    """The number of one message: 64 bits, larger than JavaScript counts exactly."""
    return 24 * 10**15 + secrets.randbelow(10**15)


def new_echo() -> int:
    """What a push address must answer with: 19 digits."""
    return 10**18 + secrets.randbelow(9 * 10**18)


def new_session_key() -> str:
    """Base64 of 16 bytes: 24 characters that end in `==`."""
    return b64encode(secrets.token_bytes(16)).decode()


def new_token() -> str:
    """An access_token or refresh_token: two digits, `_`, 100 base64url characters."""
    return _TOKEN_PREFIX + secrets.token_urlsafe(75)
