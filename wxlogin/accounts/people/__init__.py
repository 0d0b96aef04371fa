"""Users for pages, the API and the operator: looked up, closed, deleted."""

from wxlogin.accounts.history import Login, recent_logins
from wxlogin.accounts.people.closing import delete, disable, enable
from wxlogin.accounts.people.finding import by_openid, by_unionid
from wxlogin.accounts.people.looking import (
    Account,
    IdentityView,
    KnownIdentity,
    UnionIdView,
    account,
    find_user,
    known,
    surviving_uid,
)

__all__ = [
    "Account",
    "IdentityView",
    "KnownIdentity",
    "Login",
    "UnionIdView",
    "account",
    "by_openid",
    "by_unionid",
    "delete",
    "disable",
    "enable",
    "find_user",
    "known",
    "recent_logins",
    "surviving_uid",
]
