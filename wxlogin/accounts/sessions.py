"""Sessions: who is signed in where.

The cookie or bearer holds a random secret, the row its SHA-256: a copy of the
database signs nobody in (security row 28). A session that ended has no row, so it
is over on all workers at once (rows 22 to 24). What sites were given in it ends with
it by foreign key; the sites are told, from the rows that `end` leaves (row 120).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin import signals
from wxlogin.accounts.models import Authorization, LogoutNotice, User
from wxlogin.accounts.models import Session as SessionRow
from wxlogin.accounts.models.columns import ADDRESS_LENGTH, BROWSER_LENGTH
from wxlogin.accounts.owners import lock, refuse_disabled
from wxlogin.accounts.person import PROFILE, Profile, storable
from wxlogin.db import UtcDateTime, as_value, now, read, reading, transaction
from wxlogin.db.statements import BATCH, in_batches, insert, run, table_of
from wxlogin.errors import AlreadyFinished, SignInNeeded, Unready

SessionKind = Literal["web", "mini_program", "mobile"]

#: The time of the last use is written when it is this much older than the use.
SEEN_EVERY = timedelta(minutes=5)
IDLE = timedelta(days=14)


@dataclass(frozen=True)
class Trace:
    """By which door a sign-in comes, and from where."""

    door: str
    address: str
    browser: str
    request_id: str
    #: Secret of the session that this browser had before, which ends now.
    former_secret: str | None = field(default=None, repr=False)
    #: What the session is for.
    kind: SessionKind = "web"


@dataclass(frozen=True)
class NewSession:
    """A session to open `at` a moment: what its cookie or bearer will hold, when the
    login was that it goes back to, and its absolute end."""

    secret: str = field(repr=False)
    at: datetime
    login_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Visitor:
    """Who is signed in, and by which login."""

    session_id: int
    #: When the login happened.
    session_started_at: datetime
    user_id: int
    uid: str
    profile: Profile
    identity_id: int
    #: What the session is for, and through which app it was opened.
    kind: str
    appid: str
    ends_at: datetime


@dataclass(frozen=True)
class SessionView:
    """One of a user's sessions, for the page that lists them."""

    id: int
    kind: str
    appid: str
    address: str
    browser: str
    created_at: datetime
    seen_at: datetime
    ends_at: datetime


_sessions, _users = table_of(SessionRow), table_of(User)
#: The session goes on, and its user may be signed in; for a query over both, which is
#: run with `alive_at`.
ALIVE = (
    _sessions.c.ends_at > sa.bindparam("at"),
    _sessions.c.seen_at > sa.bindparam("unused_since"),
    _users.c.disabled_at.is_(None),
    _users.c.merged_into_id.is_(None),
)
# What a Visitor is made of, without objects: each request of a signed-in person asks.
_FIND = (
    sa.select(
        _sessions.c.id.label("session_id"),
        _sessions.c.created_at.label("session_started_at"),
        _sessions.c.seen_at,
        *(_sessions.c[name] for name in ("identity_id", "kind", "appid", "ends_at")),
        _users.c.id.label("user_id"),
        _users.c.uid,
        *(_users.c[name] for name in PROFILE),
    )
    .join(_users, _users.c.id == _sessions.c.user_id)
    .where(_sessions.c.secret_hash == sa.bindparam("secret_hash"), *ALIVE)
)
_GOOD = sa.select(SessionRow, User).join(User, User.id == SessionRow.user_id)
_OWN = _GOOD.where(
    SessionRow.id == sa.bindparam("session_id"),
    SessionRow.user_id == sa.bindparam("user_id"),
    *ALIVE,
)


def alive_at(at: datetime, idle: timedelta) -> dict[str, datetime]:
    """What ALIVE asks for at this moment: a session ends that was unused for `idle`."""
    return {"at": at, "unused_since": at - idle}


def hash_secret(secret: str) -> bytes:
    """What the database keeps of a session's secret: 32 bytes."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def find(secret: str, *, at: datetime, idle: timedelta = IDLE) -> Visitor | None:
    """The visitor with this secret, or None if the session is not good (any more).

    It is good until its absolute end, while nobody lets it rest for `idle`, and as
    long as its user is neither disabled, deleted nor merged away. One statement.
    """
    facts = {"secret_hash": hash_secret(secret), **alive_at(at, idle)}
    found = read(lambda session: session.execute(_FIND, facts).first())
    if found is None:
        return None
    if at - found.seen_at >= SEEN_EVERY:
        _mark_seen(found.session_id, at=at)
    return as_value(Visitor, found, profile=Profile.of(found))


def open_session(
    session: Session,
    new: NewSession,
    trace: Trace,
    *,
    user_id: int,
    identity_id: int,
    appid: str,
) -> int:
    """Opens a session of this user, signed in by this identity of this app.

    Returns its id. The session that `trace` says this browser had ends. Raises
    AlreadyFinished where a session with this secret is there already.
    """
    values = {
        "secret_hash": hash_secret(new.secret),
        "user_id": user_id,
        "identity_id": identity_id,
        "kind": trace.kind,
        "appid": appid,
        "created_at": new.login_at,
        "seen_at": new.at,
        "ends_at": new.ends_at,
        "address": storable(trace.address, ADDRESS_LENGTH),
        "browser": storable(trace.browser, BROWSER_LENGTH),
    }
    try:
        session_id = insert(session, SessionRow, values)
    except sa.exc.IntegrityError:
        raise AlreadyFinished("this login has its session already") from None
    if trace.former_secret:
        _replace(session, trace.former_secret, by_id=session_id, user_id=user_id)
    return session_id


def open_beside(
    session_id: int, user_id: int, secret: str, trace: Trace, *, idle: timedelta
) -> None:
    """Opens a second session, with this secret, beside the user's first one.

    It has that one's identity, so it ends when that WeChat is taken off the account,
    and its beginning and end: a step that wants a fresh sign-in gets none by it, and
    nobody stays signed in for longer (security rows 23, 24, 28).
    Raises SignInNeeded where the first one has ended or rested for `idle`,
    AccountDisabled and AccountGone, with nothing written.
    """
    at = now()

    def work(session: Session) -> None:
        # The user's lock: an account that is being closed ends all its sessions.
        refuse_disabled(*lock(session, {user_id}).values())
        first = require_alive(session, session_id, user_id, at=at, idle=idle)
        new = NewSession(secret, at, login_at=first.created_at, ends_at=first.ends_at)
        owner = {"user_id": user_id, "identity_id": first.identity_id}
        open_session(session, new, trace, **owner, appid=first.appid)

    transaction(work)


def require_alive(
    session: Session, session_id: int, user_id: int, *, at: datetime, idle: timedelta
) -> SessionRow:
    """The user's session, which goes on. Raises SignInNeeded where it does not."""
    facts = {"session_id": session_id, "user_id": user_id, **alive_at(at, idle)}
    found: SessionRow | None = session.scalar(_OWN, facts)
    if found is None:
        raise SignInNeeded("the session that this goes back to has ended")
    return found


def end_one(session_id: int) -> None:
    """Ends one session; no harm if it has ended."""
    transaction(lambda session: end(session, SessionRow.id == session_id))


def end_all(user_id: int, *, except_id: int | None = None) -> int:
    """Ends the user's sessions, but for `except_id`; says how many."""
    others = SessionRow.id != except_id if except_id is not None else sa.true()
    mine = SessionRow.user_id == user_id
    return transaction(lambda session: end(session, mine, others))


def list_for(user_id: int) -> list[SessionView]:
    """The user's sessions, the one used last first."""
    query = (
        sa.select(SessionRow)
        .where(SessionRow.user_id == user_id, SessionRow.ends_at > now())
        .order_by(SessionRow.seen_at.desc(), SessionRow.id.desc())
    )
    with reading() as session:
        return [as_value(SessionView, row) for row in session.scalars(query)]


def forget_ended(at: datetime, *, idle: timedelta = IDLE) -> int:
    """Removes the rows of sessions that ran out; says how many."""
    over = sa.or_(SessionRow.ends_at <= at, SessionRow.seen_at <= at - idle)
    return in_batches(lambda session: end(session, over, limit=BATCH))


def _mark_seen(session_id: int, *, at: datetime) -> None:
    stale = (SessionRow.id == session_id, SessionRow.seen_at <= at - SEEN_EVERY)
    update = sa.update(SessionRow).where(*stale).values(seen_at=at)
    try:
        transaction(lambda session: run(session, update), hurry=True)
    except Unready:
        # A database that cannot write now must not sign out who can be read, nor
        # keep them waiting.
        return


def end(
    session: Session, *where: sa.ColumnElement[bool], limit: int | None = None
) -> int:
    """Ends sessions inside the caller's transaction; says how many.

    The one way to end a session: the sites that signed the person in through it are
    noted down to be told. Their rows are locked first, so that a site that is just
    given a token comes before, and is told, or finds no session.
    """
    query = sa.select(SessionRow.id).where(*where).order_by(SessionRow.id).limit(limit)
    ids = list(session.scalars(query.with_for_update()))
    for start in range(0, len(ids), BATCH):
        _end(session, ids[start : start + BATCH])
    return len(ids)


def withdraw(session: Session, *where: sa.ColumnElement[bool]) -> int:
    """Ends sign-ins at sites (`Authorization`) while the session goes on.

    Inside the caller's transaction; the sites are noted down to be told. Says how
    many there were.
    """
    _note(session, *where)
    return run(session, sa.delete(Authorization).where(*where))


def _replace(session: Session, secret: str, *, by_id: int, user_id: int) -> None:
    """Ends the session that a browser had before this one, if there is one.

    Where the same user signs in again, the sites that signed the user in go on in
    the new session `by_id`: nobody is signed out of a shop by signing in once more.
    """
    query = sa.select(SessionRow.id, SessionRow.user_id).where(
        SessionRow.secret_hash == hash_secret(secret)
    )
    former = session.execute(query.with_for_update()).first()
    if former is None:
        return
    if former.user_id == user_id:
        mine = sa.update(Authorization).where(
            Authorization.session_id == former.id, Authorization.user_id == user_id
        )
        run(session, mine.values(session_id=by_id))
    _end(session, [former.id])


def _end(session: Session, ids: Sequence[int]) -> None:
    _note(session, Authorization.session_id.in_(ids))
    run(session, sa.delete(SessionRow).where(SessionRow.id.in_(ids)))


def _note(session: Session, *where: sa.ColumnElement[bool]) -> None:
    """A row for each site and name of a session that ends there, with the `sub` the
    site knows; however often the person signed in at the site in that session."""
    facts = (Authorization.client_id, User.uid, Authorization.sid)
    owed = (
        sa.select(*facts, sa.literal(now(), UtcDateTime()), sa.literal(0))
        .join(User, User.id == Authorization.user_id)
        .where(*where)
        .distinct()
    )
    names = ["client_id", "uid", "sid", "at", "tries"]
    session.execute(sa.insert(LogoutNotice).from_select(names, owed))
    signals.send(session, signals.due)
