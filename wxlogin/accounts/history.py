"""What happened to an account without a sign-in: lines in its login history.

A person who looks at the account sees them between the sign-ins, so that what went is
no riddle. They say what WeChat told us and nothing of what was taken, are kept as long
as sign-ins are (LOGIN_HISTORY_DAYS), and go with the account.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from wxlogin.accounts.models import LoginEvent
from wxlogin.db.statements import insert

#: Stands where a sign-in has its door; no door is called so.
NO_DOOR = "wechat"


class Happened(StrEnum):
    """What WeChat told us of; stands where a sign-in has its outcome."""

    #: The person took name and picture back in WeChat.
    took_profile = "took_profile"
    #: And the phone number.
    took_phone = "took_phone"
    #: A WeChat account was closed for good, and is off this account.
    closed = "closed"
    #: The official account moved, and this person's openid with it.
    moved = "moved"


def note(
    session: Session,
    user_id: int,
    happened: Happened,
    *,
    appid: str,
    at: datetime,
    identity_id: int | None = None,
) -> None:
    """Writes a line; the caller holds the lock of the user's row.

    With the identity that it is about, the line goes where that goes when a merge is
    undone.
    """
    nowhere = {"address": "", "browser": "", "request_id": ""}
    values = {
        "user_id": user_id,
        "identity_id": identity_id,
        "at": at,
        "appid": appid,
        "door": NO_DOOR,
        "outcome": happened.value,
        **nowhere,
    }
    insert(session, LoginEvent, values)
