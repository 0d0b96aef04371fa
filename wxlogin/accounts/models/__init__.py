"""The tables of "who is who".

Unique constraints hold the invariants; the code only has to take a refusal for
what it is. Rows are keyed on the appid, not on the app's name, which an operator
may change. Ids are never used twice, so that the ids on a merge's record stay
true. Nothing of WeChat's answer is kept but what stands here.
"""

from wxlogin.accounts.models.access import Grant, LoginEvent, Session
from wxlogin.accounts.models.pictures import Avatar
from wxlogin.accounts.models.records import Conflict, KeptApart, Merge, Moved
from wxlogin.accounts.models.sites import (
    AccessToken,
    Authorization,
    Consent,
    Event,
    EventCount,
    LogoutNotice,
    SiteUser,
)
from wxlogin.accounts.models.users import DeletedUid, Identity, UnionId, User

__all__ = [
    "AccessToken",
    "Authorization",
    "Avatar",
    "Conflict",
    "Consent",
    "DeletedUid",
    "Event",
    "EventCount",
    "Grant",
    "Identity",
    "KeptApart",
    "LoginEvent",
    "LogoutNotice",
    "Merge",
    "Moved",
    "Session",
    "SiteUser",
    "UnionId",
    "User",
]
