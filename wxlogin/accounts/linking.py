"""Taking a WeChat person off an account.

The unionid goes with its identities. The last one stays, and so does for seven days
who was there before a newcomer (accounts/wechats.py); the sessions of who goes end,
and that person's next sign-in makes a new user (security rows 51 and 52).
"""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin.accounts import sessions, wechats
from wxlogin.accounts.changes import Change, Kind, announce, described
from wxlogin.accounts.models import Identity, UnionId
from wxlogin.accounts.models import Session as SessionRow
from wxlogin.accounts.owners import lock
from wxlogin.accounts.statements import run
from wxlogin.db import now, transaction
from wxlogin.errors import Conflict, NotFound, RecentlyJoined


def unlink(user_id: int, identity_id: int, *, through: int | None = None) -> None:
    """Takes the person behind this identity off the user's account.

    Sessions and grants of the identities go with them. `through` is the identity by
    which the person signed in who asks. Raises NotFound if the
    identity is not the user's, Conflict if nobody would be left, and RecentlyJoined
    where a WeChat that has just come would gain by it.
    """
    transaction(lambda session: _unlink(session, user_id, identity_id, through))


def _unlink(
    session: Session, user_id: int, identity_id: int, through: int | None
) -> None:
    lock(session, {user_id})
    query = sa.select(Identity).where(Identity.user_id == user_id)
    identities = list(session.scalars(query))
    chosen = next((one for one in identities if one.id == identity_id), None)
    if chosen is None:
        raise NotFound("no such identity of this user")
    company = wechats.look(session, user_id)
    wechat, at = company.of(identity_id), now()
    if wechat is None or len(company.wechats) == 1:
        raise Conflict("the last WeChat of an account cannot be taken off")
    by = company.of(through) if through is not None else None
    if not company.may_go(wechat, by=by, at=at):
        raise RecentlyJoined("an older WeChat is not taken off for a new one's sake")
    going = wechat.identities
    # Before their rows go with the identities' rows.
    sessions.close(session, SessionRow.identity_id.in_(going))
    told = described(*(one for one in identities if one.id in going))
    data = {"identities": told}
    announce(session, Change(Kind.unlinked, user_id, at, data=data))
    run(session, sa.delete(Identity).where(Identity.id.in_(going)))
    _delete_bare_unionids(session, user_id)


def _delete_bare_unionids(session: Session, user_id: int) -> None:
    """A unionid that no identity names any more must not lead back to the user."""
    named = sa.exists().where(
        Identity.user_id == user_id,
        Identity.open_platform == UnionId.open_platform,
        Identity.unionid == UnionId.unionid,
    )
    run(session, sa.delete(UnionId).where(UnionId.user_id == user_id, ~named))
