"""Taking a WeChat person off an account.

A WeChat person is all identities under one unionid, and the unionid with them; an
identity without a unionid stands for itself. The last one stays, its sessions end,
and that person's next sign-in makes a new user (security rows 51 and 52).
"""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin.accounts import events, sessions
from wxlogin.accounts.models import Identity, UnionId
from wxlogin.accounts.models import Session as SessionRow
from wxlogin.accounts.owners import lock
from wxlogin.accounts.statements import run
from wxlogin.db import now, transaction
from wxlogin.errors import Conflict, NotFound


def unlink(user_id: int, identity_id: int) -> None:
    """Takes the person behind this identity off the user's account.

    Sessions and grants of the identities go with them. Raises NotFound if the
    identity is not the user's, and Conflict if nobody would be left.
    """
    transaction(lambda session: _unlink(session, user_id, identity_id))


def _unlink(session: Session, user_id: int, identity_id: int) -> None:
    lock(session, {user_id})
    query = sa.select(Identity).where(Identity.user_id == user_id)
    identities = list(session.scalars(query))
    chosen = next((one for one in identities if one.id == identity_id), None)
    if chosen is None:
        raise NotFound("no such identity of this user")
    going = {one.id for one in identities if _same_person(one, chosen)}
    if len(going) == len(identities):
        raise Conflict("the last WeChat of an account cannot be taken off")
    # Before their rows go with the identities' rows.
    sessions.close(session, SessionRow.identity_id.in_(going))
    told = events.described(*(one for one in identities if one.id in going))
    events.record(session, user_id, events.Kind.unlinked, at=now(), identities=told)
    run(session, sa.delete(Identity).where(Identity.id.in_(going)))
    _delete_bare_unionids(session, user_id)


def _same_person(one: Identity, other: Identity) -> bool:
    if one.unionid is None or other.unionid is None:
        return one is other
    return (one.open_platform, one.unionid) == (other.open_platform, other.unionid)


def _delete_bare_unionids(session: Session, user_id: int) -> None:
    """A unionid that no identity names any more must not lead back to the user."""
    named = sa.exists().where(
        Identity.user_id == user_id,
        Identity.open_platform == UnionId.open_platform,
        Identity.unionid == UnionId.unionid,
    )
    run(session, sa.delete(UnionId).where(UnionId.user_id == user_id, ~named))
