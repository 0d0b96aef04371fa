"""What a site has claims called that its software expects under names of its own.

    claims = { username = "preferred_username", groups = ["members"] }

A text names a claim of ours, which is told a second time under the site's name, where
the site is told it at all; a list is told as it stands, and a list of `groups` to those
of whom the site has not said others (sites/groups.py). A name of the protocol, or by
which software knows a person for good, is never another claim's: a client that reads
`sub` or `email` trusts it (OpenID Connect Core 5.7). Nor are groups a nickname: whoever
calls himself admin would be one.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator

from wxlogin.config.written import plain, shown

#: Those of the scope `profile`.
PROFILE_CLAIMS = (
    "name",
    "given_name",
    "nickname",
    "preferred_username",
    "picture",
    "locale",
    "updated_at",
)
#: Claims that may be told under another name.
SOURCES = ("sub", "external_id", "groups", *PROFILE_CLAIMS, "email")
#: By them software tells who is who; a nickname there lets namesakes in.
USER_NAMES = ("username", "user_name", "preferred_username", "login", "uid", "upn")
NICKNAMES = ("name", "given_name", "nickname")
#: By them software tells what somebody may do, in any letters, and at the end of a
#: longer name: `cognito:groups`, `https://shop.example/roles`.
RIGHTS = (
    *("groups", "group", "roles", "role", "entitlements"),
    *("permissions", "permission", "scope", "memberof"),
)

_FIXED = (
    "iss sub aud exp nbf iat jti auth_time nonce acr amr azp at_hash c_hash sid "
    "events client_id scope active token_type former_subs external_id wechat email "
    "email_verified phone_number phone_number_verified"
).split()
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.:/-]{0,63}")
#: Texts in a list, and characters in each: tokens travel in cookies and headers.
MOST, LONGEST = 16, 64


def _claim_map(value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise ValueError('write a table: { username = "preferred_username" }')
    if len(value) > MOST:
        raise ValueError(f"{MOST} claims at most")
    return {_name(name): _said(name, said) for name, said in value.items()}


def _name(name: Any) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(
            f"{shown(name)} is no name of a claim: a letter, then letters, digits and "
            "_ . : / -, 64 at most"
        )
    if name in _FIXED:
        raise ValueError(f"{name} has its meaning already; choose another name for it")
    return name


def _said(name: str, said: Any) -> str | tuple[str, ...]:
    if isinstance(said, str):
        if said not in SOURCES:
            raise ValueError(
                f"{name} is {shown(said)}, which is no claim of ours: write one of "
                f"{', '.join(SOURCES)}, or a list of texts"
            )
        if _gives_rights(name) and said in NICKNAMES:
            raise ValueError(
                f"{name} is {said}, a nickname: whoever takes that of a group would be "
                "in it; write groups, or a list of texts"
            )
        return said
    if not isinstance(said, list | tuple) or not 0 < len(said) <= MOST:
        raise ValueError(
            f"{name} is {shown(said)}: write a claim's name, or a list of {MOST} "
            "texts at most"
        )
    return tuple(_text(name, one) for one in said)


def _gives_rights(name: str) -> bool:
    return re.split("[_.:/-]", name.lower())[-1] in RIGHTS


def _text(name: str, one: Any) -> str:
    if not isinstance(one, str) or not (text := plain(one)) or len(text) > LONGEST:
        raise ValueError(
            f"{name} has {shown(one)} in its list: write texts of {LONGEST} "
            "characters at most"
        )
    return text


ClaimMap = Annotated[dict[str, str | tuple[str, ...]], BeforeValidator(_claim_map)]


def nicknamed(claims: Mapping[str, str | tuple[str, ...]]) -> list[str]:
    """Claims of this map that software takes for a user name and that are a nickname,
    which anybody may choose for oneself."""
    return [name for name in USER_NAMES if claims.get(name) in NICKNAMES]
