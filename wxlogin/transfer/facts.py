"""What is known of a batch of records: `Facts` by the database, one query a kind and
not one a record; `Memory` by the earlier lines of the file."""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from wxlogin.accounts.models import DeletedUid, Identity, SiteUser, UnionId, User
from wxlogin.accounts.owners import survivor_id
from wxlogin.accounts.person import digest_of
from wxlogin.transfer.record import Record

# SQLite takes no more than 32766 parameters.
MANY = 10_000


@dataclass(frozen=True)
class KnownOpenId:
    """An identity's row."""

    id: int
    user_id: int
    open_platform: str | None
    unionid: str | None


@dataclass(frozen=True)
class Owner:
    """A user who is not merged away."""

    id: int
    uid: str
    disabled: bool


@dataclass(frozen=True)
class Customer:
    """A site's row about a user, or about one who was merged into that user."""

    id: int
    #: Is it the user's own row?
    own: bool
    external_id: str | None
    #: Has the site said in which groups the user is?
    grouped: bool = False


@dataclass
class Facts:
    """Who has what, as it was read. Users are the survivors of all merges."""

    openids: dict[tuple[str, str], KnownOpenId] = field(default_factory=dict)
    unionids: dict[tuple[str, str], int] = field(default_factory=dict)
    external_ids: dict[str, int] = field(default_factory=dict)
    uids: dict[str, int] = field(default_factory=dict)
    owners: dict[int, Owner] = field(default_factory=dict)
    customers: dict[int, list[Customer]] = field(default_factory=dict)
    #: Uids whose users were deleted.
    deleted: set[str] = field(default_factory=set)
    #: (appid, open platform, unionid) and the openid that is on record for it.
    used: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def owners_of(self, record: Record) -> dict[int, str]:
        """The users whom the record names, and what names each; uids aside."""
        found: dict[int, str] = {}
        for alias in record.openids:
            if known := self.openids.get(alias.key):
                found.setdefault(known.user_id, f"the openid of {alias.app.name}")
        for platform, unionid in record.unionids:
            if owner := self.unionids.get((platform, unionid)):
                found.setdefault(owner, f"the unionid of {platform}")
        if record.external_id is not None:
            if owner := self.external_ids.get(record.external_id):
                found.setdefault(owner, "the external_id")
        return found


def look(session: Session, records: Sequence[Record], client_id: str | None) -> Facts:
    """What is known of these records; `client_id` is the site they come from."""
    facts = Facts()
    _look_for_openids(session, records, facts)
    _look_for_unionids(session, records, facts)
    _look_for_uids(session, records, facts)
    if client_id is not None:
        _look_for_external_ids(session, records, client_id, facts)
    named = {user for one in records for user in facts.owners_of(one)}
    _look_for_owners(session, named | set(facts.uids.values()), facts)
    if client_id is not None:
        _look_for_customers(session, named, client_id, facts)
    _look_for_used(session, records, facts)
    return facts


def _look_for_openids(
    session: Session, records: Sequence[Record], facts: Facts
) -> None:
    keys = {alias.key for record in records for alias in record.openids}
    for appid, openids in _by_first(keys):
        query = sa.select(
            Identity.openid,
            Identity.id,
            Identity.user_id,
            Identity.open_platform,
            Identity.unionid,
        ).where(Identity.appid == appid)
        for openid, *known in _all(session, query, Identity.openid, openids):
            facts.openids[(appid, openid)] = KnownOpenId(*known)


def _look_for_unionids(
    session: Session, records: Sequence[Record], facts: Facts
) -> None:
    keys = {pair for record in records for pair in record.unionids}
    for platform, unionids in _by_first(keys):
        query = sa.select(UnionId.unionid, UnionId.user_id).where(
            UnionId.open_platform == platform
        )
        for unionid, user_id in _all(session, query, UnionId.unionid, unionids):
            facts.unionids[(platform, unionid)] = user_id


def _look_for_uids(session: Session, records: Sequence[Record], facts: Facts) -> None:
    uids = {
        uid for record in records for uid in (record.uid, *record.former_uids) if uid
    }
    survivor = survivor_id()
    query = sa.select(User.uid, survivor)
    facts.uids.update(_pairs(_all(session, query, User.uid, uids)))
    digests = {digest_of(uid): uid for uid in uids}
    gone = _all(session, sa.select(DeletedUid.digest), DeletedUid.digest, digests)
    facts.deleted.update(digests[bytes(row[0])] for row in gone)


def _look_for_external_ids(
    session: Session, records: Sequence[Record], client_id: str, facts: Facts
) -> None:
    wanted = {
        text
        for record in records
        for kind, _, text in record.ids()
        if kind == "external_id"
    }
    named = aliased(User)
    query = (
        sa.select(SiteUser.external_id, survivor_id(named))
        .join(named, named.id == SiteUser.user_id)
        .where(SiteUser.client_id == client_id)
    )
    found = _all(session, query, SiteUser.external_id, wanted)
    facts.external_ids.update(_pairs(found))


def _look_for_owners(session: Session, ids: Collection[int], facts: Facts) -> None:
    query = sa.select(User.id, User.uid, User.disabled_at).where(
        User.merged_into_id.is_(None)
    )
    for user_id, uid, disabled_at in _all(session, query, User.id, ids):
        facts.owners[user_id] = Owner(user_id, uid, disabled_at is not None)


def _look_for_customers(
    session: Session, ids: Collection[int], client_id: str, facts: Facts
) -> None:
    survivor = survivor_id()
    query = (
        sa.select(
            survivor,
            SiteUser.id,
            User.merged_into_id,
            SiteUser.external_id,
            SiteUser.groups,
        )
        .join(User, User.id == SiteUser.user_id)
        .where(SiteUser.client_id == client_id)
    )
    # Two look-ups, since no index serves "this user or merged into this user".
    for column in (User.id, User.merged_into_id):
        for owner, row, merged, *said in _all(session, query, column, ids):
            one = Customer(row, merged is None, said[0], said[1] is not None)
            facts.customers.setdefault(owner, []).append(one)


def _look_for_used(session: Session, records: Sequence[Record], facts: Facts) -> None:
    """The openids on record for unionids that somebody has already."""
    keys = {
        (alias.app.appid, (platform, alias.unionid))
        for record in records
        for alias in record.openids
        if alias.unionid and (platform := alias.open_platform)
        if (platform, alias.unionid) in facts.unionids
    }
    for appid, pairs in _by_first(keys):
        for platform, unionids in _by_first(pairs):
            query = sa.select(Identity.unionid, Identity.openid).where(
                Identity.appid == appid, Identity.open_platform == platform
            )
            for unionid, openid in _all(session, query, Identity.unionid, unionids):
                facts.used[(appid, platform, unionid)] = openid


def _by_first(pairs: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, list[Any]]]:
    for first, group in groupby(sorted(pairs), key=itemgetter(0)):
        yield first, [second for _, second in group]


def _pairs(rows: Iterable[Sequence[Any]]) -> Iterator[tuple[Any, Any]]:
    return ((row[0], row[1]) for row in rows)


def _all(
    session: Session,
    query: sa.Select[*tuple[Any, ...]],
    column: Any,
    values: Collection[Any],
) -> Iterator[Sequence[Any]]:
    """The rows of `query` where `column` is one of `values`."""
    ordered = sorted(values)
    for start in range(0, len(ordered), MANY):
        part = ordered[start : start + MANY]
        yield from session.execute(query.where(column.in_(part)))


class Memory:
    """What stood on which line of a file, for files that do not fit into memory.

    A temporary SQLite database in a file without a name, so that it goes with the
    process even if that is killed. It holds digests and the line each was first seen
    on, no ids.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.execute("PRAGMA journal_mode=OFF")
        connection.execute("PRAGMA synchronous=OFF")
        # So many kibibytes are held in memory; what is more goes to the file.
        connection.execute("PRAGMA cache_size=-32768")
        connection.execute(
            "CREATE TABLE seen (digest BLOB PRIMARY KEY, line INTEGER) WITHOUT ROWID"
        )

    def lines(self, digests: Iterable[bytes]) -> dict[bytes, int]:
        """Those of the digests that were seen, with their lines."""
        found: dict[bytes, int] = {}
        rest = iter(digests)
        while part := list(islice(rest, MANY)):
            marks = ",".join("?" * len(part))
            query = f"SELECT digest, line FROM seen WHERE digest IN ({marks})"  # noqa: S608  marks only # nosec B608
            found.update(self._connection.execute(query, part))
        return found

    def note(self, seen: Iterable[tuple[bytes, int]]) -> None:
        """From now on these digests were seen on these lines."""
        self._connection.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", seen)
        self._connection.commit()


def mark_of(*parts: str) -> bytes:
    """16 bytes that stand for these texts."""
    whole = "\0".join(parts).encode("utf-8", "surrogatepass")
    return blake2b(whole, digest_size=16).digest()


@contextmanager
def memory() -> Iterator[Memory]:
    """An empty memory, gone afterwards."""
    with closing(sqlite3.connect("")) as connection:
        yield Memory(connection)
