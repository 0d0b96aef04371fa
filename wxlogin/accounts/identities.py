"""A signed-in user adds another WeChat person to the account, or takes one off it.

Whose the person is decides what adding does:

- nobody's: identity and unionid are the user's from now on;
- the user's own, by openid or unionid: as at any sign-in;
- another user's: nothing is written, the caller asks whether to merge;
- both ids are known and belong to different users, or the unionid has another
  openid in this app: IdentityConflict.

Two accounts become one only by the person's own word and fresh proof of both, never
by a name, phone or e-mail (security rows 49 to 51).

Taking off goes by persons: the unionid goes with its identities. The last one stays,
and so does for seven days who was there before a newcomer (accounts/wechats.py); the
sessions of who goes end, and that person's next sign-in makes a new user (security
rows 51 and 52).
"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin.accounts import changes, sessions, wechats
from wxlogin.accounts.changes import Change, Kind, announce, described
from wxlogin.accounts.merges import Cause, merge
from wxlogin.accounts.models import Identity, UnionId
from wxlogin.accounts.models import Session as SessionRow
from wxlogin.accounts.owners import lock, look, mark_seen, other_openid, refuse_disabled
from wxlogin.accounts.person import Person
from wxlogin.accounts.resolve import (
    Resolution,
    insert_identity,
    insert_unionid,
    resolve,
)
from wxlogin.accounts.sign_in import put_on_record
from wxlogin.db import StartOver, now, transaction
from wxlogin.db.statements import run
from wxlogin.errors import (
    Conflict,
    IdentityConflict,
    NotFound,
    RecentlyJoined,
    SignInNeeded,
)


@dataclass(frozen=True)
class Added:
    """The person is the user's now. `new` is False where that was so before."""

    new: bool


@dataclass(frozen=True)
class TakenBy:
    """The person has an account; nothing was written."""

    user_id: int


def add_person(
    user_id: int, person: Person, *, session_id: int, secret_hash: bytes
) -> Added | TakenBy:
    """Adds the person to the user, or says whose the person is.

    The session `session_id`, which asks for it, goes on under a new secret, of which
    this is the hash (security row 20). Raises SignInNeeded if it has ended,
    AccountDisabled, AccountGone and IdentityConflict (which is on record for the
    operator then), with nothing else written.
    """

    def work(session: Session) -> Added | TakenBy:
        result = _add(session, user_id, person, at=now())
        mine = (SessionRow.id == session_id, SessionRow.user_id == user_id)
        renewed = sa.update(SessionRow).where(*mine).values(secret_hash=secret_hash)
        if not run(session, renewed):
            raise SignInNeeded("the session that asked has ended")
        return result

    try:
        return transaction(work)
    except IdentityConflict:
        transaction(lambda session: put_on_record(session, person, at=now()))
        raise


def merge_by_choice(user_id: int, other_id: int, *, session_id: int) -> str:
    """Makes the two users one and returns the uid that stays.

    The session `session_id`, which asks for it, goes on; it is the survivor's then.
    Raises SignInNeeded if it has ended, AccountDisabled and AccountGone.
    """

    def work(session: Session) -> str:
        row = session.get(SessionRow, session_id)
        if row is None or row.user_id not in (user_id, other_id):
            raise SignInNeeded("the session that asked has ended")
        merged = merge(
            session,
            user_id,
            other_id,
            cause=Cause.choice,
            at=now(),
            keep_session=session_id,
        )
        return merged.survivor.uid

    return transaction(work)


def _add(
    session: Session, user_id: int, person: Person, *, at: datetime
) -> Added | TakenBy:
    found = look(session, person)
    owners = {owner for owner in found.owners if owner is not None}
    if owners == {user_id}:
        _sign_in_of(session, person, at=at)
        return Added(new=False)
    if len(owners) > 1:
        raise IdentityConflict("openid and unionid belong to two users")
    if owners:
        (other_id,) = owners
        refuse_disabled(*lock(session, {other_id}).values())
        return TakenBy(other_id)
    refuse_disabled(*lock(session, {user_id}).values())
    if person.unionid is not None and other_openid(session, person):
        raise IdentityConflict("the unionid has another openid in this app")
    insert_unionid(session, person, user_id, at=at)
    insert_identity(session, person, user_id, at=at)
    mark_seen(session, person, look(session, person), at=at, learn_profile=False)
    changes.linked(session, user_id, person, at=at)
    return Added(new=True)


def _sign_in_of(session: Session, person: Person, *, at: datetime) -> None:
    if not isinstance(resolve(session, person, at=at, create=False), Resolution):
        raise StartOver


def unlink(user_id: int, identity_id: int, *, through: int | None = None) -> None:
    """Takes the person behind this identity off the user's account.

    Sessions and grants of the identities go with them. `through` is the identity by
    which the person signed in who asks. Raises NotFound if the
    identity is not the user's, Conflict if nobody would be left, and RecentlyJoined
    where a WeChat that has just come would gain by it.
    """
    transaction(
        lambda session: unlink_in(session, user_id, identity_id, through=through)
    )


def unlink_in(
    session: Session,
    user_id: int,
    identity_id: int,
    *,
    through: int | None = None,
    guarded: bool = True,
) -> None:
    """The same inside the caller's transaction.

    Not `guarded`, nobody stays for having been there before a newcomer: for WeChat's
    word that a person is gone.
    """
    lock(session, {user_id})
    query = sa.select(Identity).where(Identity.user_id == user_id)
    identities = list(session.scalars(query))
    chosen = next((one for one in identities if one.id == identity_id), None)
    if chosen is None:
        raise NotFound("no such identity of this user")
    company = wechats.company(session, user_id)
    wechat, at = company.of(identity_id), now()
    if wechat is None or len(company.wechats) == 1:
        raise Conflict("the last WeChat of an account cannot be taken off")
    by = company.of(through) if through is not None else None
    if guarded and not company.may_go(wechat, by=by, at=at):
        raise RecentlyJoined("an older WeChat is not taken off for a new one's sake")
    going = wechat.identities
    # Before their rows go with the identities' rows.
    sessions.end(session, SessionRow.identity_id.in_(going))
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
