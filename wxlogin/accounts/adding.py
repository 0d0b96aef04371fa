"""A signed-in user adds another WeChat person to the account, by choice.

Whose the person is decides:

- nobody's: identity and unionid are the user's from now on;
- the user's own, by openid or unionid: as at any sign-in;
- another user's: nothing is written, the caller asks whether to merge;
- both ids are known and belong to different users, or the unionid has another
  openid in this app: IdentityConflict.

Two accounts become one only by the person's own word and fresh proof of both, never
by a name, phone or e-mail (security rows 49 to 51).
"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin.accounts import changes
from wxlogin.accounts.merges import Cause, merge
from wxlogin.accounts.models import Identity, UnionId
from wxlogin.accounts.models import Session as SessionRow
from wxlogin.accounts.outcome import Resolution
from wxlogin.accounts.owners import lock, look, other_openid, refuse_disabled
from wxlogin.accounts.person import Person
from wxlogin.accounts.resolve import resolve
from wxlogin.accounts.seen import mark_seen
from wxlogin.accounts.sign_in import put_on_record
from wxlogin.accounts.statements import run
from wxlogin.db import StartOver, insert_or_ignore, now, transaction
from wxlogin.errors import IdentityConflict, SignInNeeded


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
    _insert(session, user_id, person, at=at)
    found = look(session, person)
    if found.owners != (user_id, user_id if person.unionid else None):
        raise StartOver
    mark_seen(session, person, found, at=at, learn_profile=False)
    changes.linked(session, user_id, person, at=at)
    return Added(new=True)


def _sign_in_of(session: Session, person: Person, *, at: datetime) -> None:
    if not isinstance(resolve(session, person, at=at, create=False), Resolution):
        raise StartOver


def _insert(session: Session, user_id: int, person: Person, *, at: datetime) -> None:
    ids = {"open_platform": person.open_platform, "unionid": person.unionid}
    if person.unionid is not None:
        owner = {"user_id": user_id, "created_at": at}
        insert_or_ignore(session, UnionId, {**owner, **ids})
    identity = {
        "user_id": user_id,
        "appid": person.appid,
        "kind": person.kind,
        "openid": person.openid,
        "first_seen_at": at,
        "last_seen_at": at,
    }
    insert_or_ignore(session, Identity, {**identity, **ids})
