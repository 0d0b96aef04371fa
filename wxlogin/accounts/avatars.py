"""Pictures of users: kept, found, and whose they are after a merge.

A user has at most one, which belongs to one address that WeChat gave. That WeChat
has none there is kept too, so that nobody asks for the same nothing again. A picture
that the person chose in a program has an address that leads nowhere and names its
content: nothing is fetched for it, and the next picture that WeChat names takes its
place as it takes the place of any other.

In a merge no picture moves. A user without one shows that of a user merged into it,
so the survivor keeps its own or else has the other's, and an undo finds each where
it was. Whoever goes, goes with the picture (see the foreign key).
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from wxlogin.accounts.models import Avatar, User
from wxlogin.accounts.models.account_tables import VERSION_LENGTH
from wxlogin.accounts.owners import family, lock, survivor_id
from wxlogin.config import Settings
from wxlogin.db import BigId, now, read, reading, transaction
from wxlogin.db.statements import run
from wxlogin.errors import AccountGone

_CHOSEN = "chosen:"


@dataclass(frozen=True)
class OnRecord:
    """A user's picture as WeChat names it: its address, and whether we have been
    there."""

    url: str
    fetched: bool


def source_of(url: str) -> bytes:
    """What is kept of an address: 32 bytes."""
    return hashlib.sha256(url.encode()).digest()


def chosen_address(picture: bytes) -> str:
    """What stands in place of WeChat's address for this picture of the person's own."""
    return _CHOSEN + hashlib.sha256(picture).hexdigest()


def is_chosen(url: str) -> bool:
    return url.startswith(_CHOSEN)


def on_record(user_id: int) -> OnRecord | None:
    """The address of the user's picture; None for no address of WeChat's or no live
    user."""
    query = (
        sa.select(User.avatar, Avatar.source)
        .outerjoin(Avatar, Avatar.user_id == User.id)
        .where(User.id == user_id, User.merged_into_id.is_(None))
    )
    with reading() as session:
        found = session.execute(query).first()
    if found is None or not found.avatar or is_chosen(found.avatar):
        return None
    return OnRecord(found.avatar, found.source == source_of(found.avatar))


def keep(
    user_id: int, *, url: str, picture: bytes | None, at: datetime | None = None
) -> bool:
    """Keeps what was at this address, None for nothing; says whether it was kept.

    It was not where the user is gone, or has another address meanwhile.
    """

    def work(session: Session) -> bool:
        return keep_in(session, user_id, url=url, picture=picture, at=at or now())

    try:
        return transaction(work)
    except AccountGone:
        return False


def keep_in(
    session: Session, user_id: int, *, url: str, picture: bytes | None, at: datetime
) -> bool:
    """The same inside the caller's transaction. Raises AccountGone."""
    user = lock(session, {user_id})[user_id]
    if user.avatar != url:
        return False
    row = session.scalar(sa.select(Avatar).where(Avatar.user_id == user_id))
    if row is None:
        row = Avatar(user_id=user_id, picture=None, version=_new_version())
        session.add(row)
    if row.picture != picture:
        row.picture, row.version = picture, _new_version()
    row.source, row.fetched_at = source_of(url), at
    return True


def _version() -> sa.Select[str | None, bool]:
    user_id = sa.bindparam("user_id", type_=BigId)
    own_first = sa.case((User.id == user_id, 0), else_=1)
    return (
        sa.select(Avatar.version, Avatar.picture.is_not(None).label("is_there"))
        .join(User, User.id == Avatar.user_id)
        .where(User.id.in_(family(user_id)))
        .order_by(own_first, Avatar.id.desc())
        .limit(1)
    )


_VERSION = _version()


def version_of(user_id: int) -> str | None:
    """The version of the picture this user shows; None where there is none."""
    return read(lambda session: version_in(session, user_id))


def version_in(session: Session, user_id: int) -> str | None:
    """The same inside the caller's session."""
    found = session.execute(_VERSION, {"user_id": user_id}).first()
    return found.version if found and found.is_there else None


def versions_of(user_id: int) -> dict[bytes, str | None]:
    """The pictures of this user and of everybody who was merged into it, by what is
    kept of the address of each (`source_of`); None where WeChat had none."""
    version = sa.case((Avatar.picture.is_not(None), Avatar.version))
    query = sa.select(Avatar.source, version).where(Avatar.user_id.in_(family(user_id)))
    with reading() as session:
        return {source: version for source, version in session.execute(query)}


def picture_url(settings: Settings, user_id: int, uid: str) -> str | None:
    """The whole address of the user's picture, for sites; None for no picture."""
    return url_of(settings, uid, version_of(user_id))


def url_of(settings: Settings, uid: str, version: str | None) -> str | None:
    """The whole address of this version of a picture; None for None."""
    return f"{settings.public_url}/avatars/{uid}?v={version}" if version else None


def find(uid: str, version: str) -> bytes | None:
    """The JPEG at our address of a picture; None where there is none (any more).

    `uid` may be one that was merged away since. Pictures of a disabled user are not
    shown.
    """
    wanted = uid if uid.isascii() and uid.isalnum() else ""
    named, survivor, owner = aliased(User), aliased(User), aliased(User)
    same_person = sa.or_(owner.id == survivor.id, owner.merged_into_id == survivor.id)
    survives = survivor.id == survivor_id(named)
    query = (
        sa.select(Avatar.version, Avatar.picture)
        .join(owner, owner.id == Avatar.user_id)
        .join(survivor, same_person)
        .join(named, survives)
        .where(named.uid == wanted, survivor.disabled_at.is_(None))
        .where(Avatar.picture.is_not(None))
    )
    with reading() as session:
        found = list(session.execute(query))
    given = version.encode("utf-8", "surrogatepass")
    for row in found:
        if hmac.compare_digest(row.version.encode(), given):
            return cast(bytes, row.picture)
    return None


def drop_foreign(session: Session, user: User) -> None:
    """Forgets a picture that did not come from the user's own address."""
    foreign = Avatar.source != source_of(user.avatar or "")
    run(session, sa.delete(Avatar).where(Avatar.user_id == user.id, foreign))


def _new_version() -> str:
    return secrets.token_urlsafe(16)[:VERSION_LENGTH]
