"""The tables of "who is who".

Unique constraints hold the invariants; the code only has to take a refusal for
what it is. Rows are keyed on the appid, not on the app's name, which an operator
may change. Ids are never used twice, so that the ids on a merge's record stay
true. Nothing of WeChat's answer is kept but what stands here.
"""

from wxlogin.accounts.models.account_tables import (
    Avatar,
    Conflict,
    DeletedUid,
    Identity,
    KeptApart,
    Merge,
    Moved,
    MovedIdentity,
    UnionId,
    User,
)
from wxlogin.accounts.models.login_tables import (
    Grant,
    LoginEvent,
    PhoneNumber,
    Session,
    SessionKey,
)
from wxlogin.accounts.models.push_tables import (
    Follower,
    FollowerList,
    KeptReplies,
    Push,
)
from wxlogin.accounts.models.site_tables import (
    AccessToken,
    Authorization,
    Consent,
    Event,
    EventCount,
    LogoutNotice,
    SiteUser,
)

__all__ = [
    "AccessToken",
    "Authorization",
    "Avatar",
    "Conflict",
    "Consent",
    "DeletedUid",
    "Event",
    "EventCount",
    "Follower",
    "FollowerList",
    "Grant",
    "Identity",
    "KeptApart",
    "KeptReplies",
    "LoginEvent",
    "LogoutNotice",
    "Merge",
    "Moved",
    "MovedIdentity",
    "PhoneNumber",
    "Push",
    "Session",
    "SessionKey",
    "SiteUser",
    "UnionId",
    "User",
]
