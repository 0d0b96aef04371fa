"""Which site knows which user, and under which id of its own.

A site's row about a user stays where it was when that user is merged into another
one: what a site knows is looked up over a user and everybody merged into it, so an
undo has nothing to give back. Two customers of a site may prove to be one person;
then the survivor's own external id is the one that counts, and the other one still
leads to the survivor.

That a customer of the site's and a user of ours are one person is for the caller to
prove: the customer is signed in at the site, and the person has just signed in at
WeChat. Nobody is ever matched by a phone number, an e-mail address or a name.
"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from wxlogin.accounts.changes import Change, Kind, announce
from wxlogin.accounts.models import SiteUser, User
from wxlogin.accounts.models.site_tables import EXTERNAL_ID_LENGTH
from wxlogin.accounts.owners import family, lock, survivor_id
from wxlogin.db import BigId, StartOver, now, read, reading, transaction
from wxlogin.db.statements import run
from wxlogin.errors import BadRequest, ExternalIdFixed, ExternalIdTaken


@dataclass(frozen=True)
class Member:
    """A user as one site knows it; `user_id` is the survivor's."""

    client_id: str
    user_id: int
    external_id: str | None
    #: The version of the site's terms that is settled with this user.
    terms_version: str | None
    #: The groups that the site says the user is in; None: it has said nothing.
    groups: tuple[str, ...] | None = None


def _look() -> sa.Select[SiteUser, bool]:
    """A site's rows about a user, the user's own one first."""
    user_id = sa.bindparam("user_id", type_=BigId)
    own = SiteUser.user_id == user_id
    return (
        sa.select(SiteUser, own)
        .where(
            SiteUser.client_id == sa.bindparam("client_id"),
            SiteUser.user_id.in_(family(user_id)),
        )
        .order_by(sa.desc(own), SiteUser.id)
        .execution_options(populate_existing=True)
    )


_LOOK = _look()


def member(client_id: str, user_id: int) -> Member | None:
    """What the site knows of this user, or None for a stranger there."""
    return read(lambda session: look(session, client_id, user_id))


def by_external_id(client_id: str, external_id: str) -> Member | None:
    """The user behind the site's own id of a customer."""
    with reading() as session:
        owner = _owner(session, client_id, external_id)
        return look(session, client_id, owner) if owner is not None else None


def look(session: Session, client_id: str, user_id: int) -> Member | None:
    """The same as `member`, inside the caller's transaction."""
    facts = {"client_id": client_id, "user_id": user_id}
    rows = session.execute(_LOOK, facts).all()
    if not rows:
        return None
    ids = [row.external_id for row, _ in rows if row.external_id is not None]
    settled = [row.terms_version for row, _ in rows if row.terms_version is not None]
    said = [tuple(row.groups) for row, _ in rows if row.groups is not None]
    return Member(
        client_id,
        user_id,
        ids[0] if ids else None,
        settled[0] if settled else None,
        said[0] if said else None,
    )


def join(
    session: Session,
    client_id: str,
    user_id: int,
    *,
    at: datetime,
    terms_version: str | None = None,
) -> bool:
    """Lets the site know the user; True for a user that is new there.

    `terms_version` is what the user has settled now; None leaves what there was.
    """
    known = look(session, client_id, user_id)
    if known is None:
        lock(session, {user_id})
        known = look(session, client_id, user_id)
    if known is None:
        _insert(session, client_id, user_id, terms_version=terms_version, at=at)
        announce(session, Change(Kind.created, user_id, at, client_id=client_id))
        return True
    if terms_version not in (None, known.terms_version):
        _settle(session, client_id, user_id, terms_version, at=at)
    return False


def give_external_id(
    session: Session, client_id: str, user_id: int, external_id: str, *, at: datetime
) -> None:
    """The site's own id of this user, who must be known there (`join`).

    The same id again is no change. Raises ExternalIdTaken where another user has it,
    ExternalIdFixed where this user has another one, with nothing written.
    """
    require_external_id(external_id)
    lock(session, {user_id})
    owner = _owner(session, client_id, external_id)
    if owner is not None and owner != user_id:
        raise ExternalIdTaken("another user has this external id", client=client_id)
    known = look(session, client_id, user_id)
    if known is not None and known.external_id == external_id:
        return
    if known is not None and known.external_id is not None:
        raise ExternalIdFixed("this user has another external id", client=client_id)
    own = sa.update(SiteUser).where(
        SiteUser.client_id == client_id, SiteUser.user_id == user_id
    )
    try:
        with session.begin_nested():
            if not run(session, own.values(external_id=external_id)):
                _insert(session, client_id, user_id, external_id=external_id, at=at)
    except sa.exc.IntegrityError:
        # Another request gave it away between the look and the write.
        raise StartOver from None


def connect(
    session: Session,
    client_id: str,
    user_id: int,
    external_id: str,
    *,
    at: datetime,
    terms_version: str | None,
) -> None:
    """The site knows the user from now on, under its own id of the customer.

    `terms_version` is the version of its terms: a site that says who its customer is
    has settled them. The same again is no change. Raises ExternalIdTaken where
    another user has this id, ExternalIdFixed where this user has another one,
    AccountGone and BadRequest, with nothing written.
    """
    lock(session, {user_id})
    is_new = look(session, client_id, user_id) is None
    give_external_id(session, client_id, user_id, external_id, at=at)
    if is_new:
        announce(session, Change(Kind.created, user_id, at, client_id=client_id))
    join(session, client_id, user_id, at=at, terms_version=terms_version)


def obstacle(client_id: str, user_id: int | None, external_id: str) -> str | None:
    """The code of what `connect` would raise as things stand; None: nothing.

    `user_id` is None for a person who has no account yet.
    """
    owner = by_external_id(client_id, external_id)
    if owner is not None and owner.user_id != user_id:
        return "external_id_taken"
    if user_id is None:
        return None
    known = member(client_id, user_id)
    if known is not None and known.external_id not in (None, external_id):
        return "external_id_fixed"
    return None


def take_external_id(client_id: str, user_id: int) -> None:
    """The site forgets its own id of this user, and of those merged into it."""
    ids = family(user_id)
    own = sa.update(SiteUser).where(
        SiteUser.client_id == client_id, SiteUser.user_id.in_(ids)
    )
    transaction(lambda session: run(session, own.values(external_id=None)))


def set_external_id(client_id: str, user_id: int, external_id: str) -> None:
    """`give_external_id` in a transaction of its own."""
    transaction(
        lambda session: give_external_id(
            session, client_id, user_id, external_id, at=now()
        )
    )


def require_external_id(text: str) -> None:
    """Raises BadRequest for what is no id: 1 to 128 printable characters."""
    if not 0 < len(text) <= EXTERNAL_ID_LENGTH or not text.isprintable():
        raise BadRequest("an external_id is 1 to 128 printable characters")
    if text != text.strip():
        raise BadRequest("an external_id has no blank at its ends")


def _owner(session: Session, client_id: str, external_id: str) -> int | None:
    """The user, through all merges, to whom an external id leads."""
    named = aliased(User)
    query = (
        sa.select(survivor_id(named))
        .join(SiteUser, SiteUser.user_id == named.id)
        .where(SiteUser.client_id == client_id, SiteUser.external_id == external_id)
    )
    return session.scalar(query)


def _settle(
    session: Session, client_id: str, user_id: int, version: str | None, *, at: datetime
) -> None:
    own = sa.update(SiteUser).where(
        SiteUser.client_id == client_id, SiteUser.user_id == user_id
    )
    if not run(session, own.values(terms_version=version)):
        # The site knows the user by somebody who was merged into it.
        _insert(session, client_id, user_id, terms_version=version, at=at)


def _insert(
    session: Session,
    client_id: str,
    user_id: int,
    *,
    at: datetime,
    external_id: str | None = None,
    terms_version: str | None = None,
) -> None:
    row = SiteUser(
        client_id=client_id,
        user_id=user_id,
        external_id=external_id,
        terms_version=terms_version,
        created_at=at,
    )
    session.add(row)
    session.flush()
