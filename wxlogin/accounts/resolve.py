"""Who is it? One person of WeChat becomes one user of ours.

V is the user that has the openid, W the unionid on record for it in this open
platform, U the user that has the unionid WeChat names now (docs/accounts.md):

    U      V   W             outcome
    -      -                 created, or Unknown where the caller wants no account
    U      -                 added to U; another openid of the app there: refused
    no unionid   V           known, by openid alone
    -      V   - or same     backfilled: V gains the unionid
    = V    V   - or same     known
    not V  V   -             merged, unless kept apart; refused if one is disabled
    any    V   another       conflict: V signs in, nothing changes, it is on record

One unionid has at most one openid within an app. Where a known openid would break
that, it is a conflict as in the last row; an unknown one gets no account.

How it stays true when two hundred arrive at once: look without a lock; write
under the condition that what was seen still holds, or under the owners' locks;
insert or ignore, and be told whose row it is. Whoever comes second starts over and
finds the other's rows (security rows 46 to 48, 53, 54).
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import cast

from sqlalchemy.orm import Session

from wxlogin import signals
from wxlogin.accounts import changes, conflicts
from wxlogin.accounts.conflicts import Reason
from wxlogin.accounts.merges import Cause, merge
from wxlogin.accounts.models import Identity, UnionId, User
from wxlogin.accounts.owners import (
    lock_owners,
    look,
    mark_seen,
    other_openid,
    refuse_disabled,
    settle,
    shown_by,
)
from wxlogin.accounts.person import Person, new_uid
from wxlogin.db import StartOver
from wxlogin.db.statements import insert, insert_or_ignore
from wxlogin.errors import IdentityConflict


class Outcome(StrEnum):
    """What a sign-in did to the accounts; the rows of the table in `resolve`."""

    created = "created"
    added = "added"
    known = "known"
    backfilled = "backfilled"
    merged = "merged"
    conflict = "conflict"


@dataclass(frozen=True)
class Resolution:
    """The user a person is.

    `merged_uid` is the uid of the account that was merged away just now, if any.
    """

    user_id: int
    uid: str
    identity_id: int
    outcome: Outcome
    merged_uid: str | None = None


@dataclass(frozen=True)
class Unknown:
    """Nobody knows this person, and nothing was written."""


def resolve(
    session: Session,
    person: Person,
    *,
    at: datetime,
    create: bool = True,
    keep_session: int | None = None,
) -> Resolution | Unknown:
    """The user this person is; runs inside one `db.transaction`.

    With `create` off a person nobody knows is Unknown, and nothing is written. Where
    two users become one, `keep_session` is the session that goes on. Raises
    AccountDisabled, AccountGone (deleted meanwhile) or IdentityConflict (an unknown
    openid under a unionid that has another one), with nothing written.
    """
    return Resolver(session, person, at, keep_session).resolve(create=create)


def resolve_known(
    session: Session, person: Person, user_id: int, *, at: datetime
) -> Resolution | None:
    """The same where the openid was this user's a moment ago, in one statement; None
    where that is so no more or there is news, with nothing written."""
    owner = None if person.profile else settle(session, person, user_id, at=at)
    if owner is None:
        return None
    return Resolution(owner.user_id, owner.uid, owner.identity_id, Outcome.known)


class Resolver:
    """The table above, for one person who arrives `at` a moment."""

    def __init__(
        self, session: Session, person: Person, at: datetime, keep_session: int | None
    ) -> None:
        self.session = session
        self.person = person
        self.at = at
        self.keep_session = keep_session
        #: What the database knows, as it was looked up last.
        self.found = look(session, person)

    def resolve(self, *, create: bool) -> Resolution | Unknown:
        """The row of the table that this person is."""
        if self.found.identity is not None and self.found.user is not None:
            return self._known_openid(self.found.identity)
        if self.found.owner_id is not None:
            return self._add()
        return self._create() if create else Unknown()

    def _known_openid(self, identity: Identity) -> Resolution:
        unionid, owner_id = self.person.unionid, self.found.owner_id
        if unionid is None:
            return self._arrive(Outcome.known)
        same_platform = identity.open_platform == self.person.open_platform
        recorded = identity.unionid if same_platform else None
        if recorded not in (None, unionid):
            return self._conflict(Reason.changed_unionid)
        if owner_id is None:
            return self._backfill()
        if owner_id != identity.user_id:
            # With a unionid on record only a database that was changed by hand.
            return self._merge() if recorded is None else self._shared()
        if recorded is None:
            return self._record_unionid()
        return self._arrive(Outcome.known)

    def _create(self) -> Resolution:
        uid = new_uid()
        user_id = self._insert_user(uid)
        insert_unionid(self.session, self.person, user_id, at=self.at)
        identity_id = insert_identity(self.session, self.person, user_id, at=self.at)
        signals.send(self.session, signals.created, uid=uid)
        return Resolution(user_id, uid, identity_id, Outcome.created)

    def _insert_user(self, uid: str) -> int:
        values = {"uid": uid, "created_at": self.at, "last_seen_at": self.at}
        if (profile := self.person.profile) is not None:
            values |= asdict(profile) | {"profile_at": self.at}
        return insert(self.session, User, values)

    def _add(self) -> Resolution:
        (user,) = self._lock_owners()
        refuse_disabled(user)
        if self._has_other_openid():
            raise IdentityConflict(
                "an unknown openid came with a unionid that has another one in this"
                " app",
                appid=self.person.appid,
                owner_id=user.id,
            )
        insert_identity(self.session, self.person, user.id, at=self.at)
        self._look_again()
        changes.linked(self.session, user.id, self.person, at=self.at)
        return self._arrive(Outcome.added)

    def _backfill(self) -> Resolution:
        (user,) = self._lock_owners()
        refuse_disabled(user)
        if self._has_other_openid():
            return self._shared()
        insert_unionid(self.session, self.person, user.id, at=self.at)
        return self._arrive(Outcome.backfilled)

    def _record_unionid(self) -> Resolution:
        """V has the unionid by another app; this identity had not named it yet."""
        refuse_disabled(*self._lock_owners())
        if self._has_other_openid():
            return self._shared()
        return self._arrive(Outcome.known)

    def _merge(self) -> Resolution:
        users = lock_owners(self.session, self.person, self.found)
        if conflicts.are_apart(self.session, *users):
            # V signs in by openid; the unionid stays with the user it was left to.
            self._mark_seen(learn_unionid=False)
            return self._resolution(Outcome.known)
        if self._has_other_openid():
            return self._shared()
        refuse_disabled(*users.values())
        merged = merge(
            self.session,
            *users,
            cause=Cause.unionid,
            at=self.at,
            keep_session=self.keep_session,
        )
        self._look_again()
        return self._arrive(Outcome.merged, merged_uid=merged.loser.uid)

    def _shared(self) -> Resolution:
        return self._conflict(Reason.shared_unionid)

    def _conflict(self, reason: Reason) -> Resolution:
        self._lock_owners()
        self._mark_seen(learn_unionid=False, learn_profile=False)
        owners = self.found.owners
        conflicts.record(
            self.session, self.person, reason=reason, owners=owners, at=self.at
        )
        return self._resolution(Outcome.conflict)

    def _arrive(self, outcome: Outcome, *, merged_uid: str | None = None) -> Resolution:
        self._mark_seen()
        return self._resolution(outcome, merged_uid=merged_uid)

    def _resolution(
        self, outcome: Outcome, *, merged_uid: str | None = None
    ) -> Resolution:
        user, identity = self.found.user, self.found.identity
        if identity is None or user is None:
            raise StartOver
        return Resolution(user.id, user.uid, identity.id, outcome, merged_uid)

    def _look_again(self) -> None:
        self.found = look(self.session, self.person)

    def _lock_owners(self) -> list[User]:
        return list(lock_owners(self.session, self.person, self.found).values())

    def _has_other_openid(self) -> bool:
        return other_openid(self.session, self.person)

    def _mark_seen(
        self, *, learn_unionid: bool = True, learn_profile: bool = True
    ) -> None:
        mark_seen(
            self.session,
            self.person,
            self.found,
            at=self.at,
            learn_unionid=learn_unionid,
            learn_profile=learn_profile,
        )


def insert_identity(
    session: Session, person: Person, user_id: int, *, at: datetime
) -> int:
    """Gives the person's openid to the user and returns the identity's id.

    It is first seen `at` this moment. Raises StartOver where another request gave
    openid or unionid to somebody first.
    """
    values = {
        "user_id": user_id,
        "appid": person.appid,
        "kind": person.kind,
        "openid": person.openid,
        "open_platform": person.open_platform,
        "unionid": person.unionid,
        "first_seen_at": at,
        "last_seen_at": at,
        **(shown_by(person.profile) if person.profile else {}),
    }
    facts = (Identity.id, Identity.user_id, Identity.openid)
    row = insert_or_ignore(session, Identity, values, *facts)
    if row is None or row[1:] != (user_id, person.openid):
        raise StartOver
    return cast(int, row[0])


def insert_unionid(
    session: Session, person: Person, user_id: int, *, at: datetime
) -> None:
    """Gives the person's unionid to the user; None is none.

    Raises StartOver where another request gave it to somebody first.
    """
    if person.unionid is None:
        return
    values = {
        "user_id": user_id,
        "open_platform": person.open_platform,
        "unionid": person.unionid,
        "created_at": at,
    }
    if insert_or_ignore(session, UnionId, values, UnionId.user_id) != (user_id,):
        raise StartOver
