"""No reader of the feed skips an event, however its transaction is overtaken.

Two real transactions at once: each has its own connection, and the one that inserts
first commits last.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Thread

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from tests.support.people import People, accounts_app
from tests.support.telling import customer
from wxlogin.accounts import changes
from wxlogin.accounts.changes import Change, Kind
from wxlogin.accounts.models import Event as EventRow
from wxlogin.accounts.models import User
from wxlogin.db import now, reading, transaction
from wxlogin.sites import feed

PATIENCE = 20


@pytest.fixture(params=["postgresql", "mariadb"])
def server(
    request: pytest.FixtureRequest, kept_url: Callable[[str], str]
) -> Iterator[Flask]:
    with accounts_app(kept_url(request.param)) as app:
        yield app


@pytest.fixture
def every(tables_url: str) -> Iterator[Flask]:
    with accounts_app(tables_url, pool_size=20) as app:
        yield app


def happens(user: User, kind: Kind = Kind.enabled) -> None:
    transaction(lambda s: changes.announce(s, Change(kind, user.id, now())))


def read_all(after: int = 0, *, limit: int = 100) -> tuple[list[str], int]:
    """The ids behind a cursor, and the cursor then."""
    ids: list[str] = []
    while True:
        page = feed.read("shop", after=after, limit=limit)
        ids += [one.id for one in page.events]
        after = page.next
        if not page.more:
            return ids, after


def test_an_event_that_commits_late_is_not_skipped(server: Flask) -> None:
    """Its row has the smaller id, and a reader has gone past that."""
    people = People()
    slow, quick = customer(people, "o1", "shop"), customer(people, "o2", "shop")
    _, cursor = read_all()
    inserted, may_commit = Event(), Event()

    def late(session: Session) -> None:
        changes.announce(session, Change(Kind.disabled, slow.id, now()))
        inserted.set()
        assert may_commit.wait(PATIENCE)

    def run() -> None:
        with server.app_context():
            transaction(late)

    thread = Thread(target=run)
    thread.start()
    assert inserted.wait(PATIENCE)
    happens(quick)
    page = feed.read("shop", after=cursor, limit=10)
    assert [one.data["uid"] for one in page.events] == [quick.uid]
    may_commit.set()
    thread.join(PATIENCE)
    late_page = feed.read("shop", after=page.next, limit=10)
    assert [one.data["uid"] for one in late_page.events] == [slow.uid]
    with reading() as session:
        ids = list(session.scalars(sa.select(EventRow.id).order_by(EventRow.position)))
    assert ids != sorted(ids)


def test_readers_and_writers_at_once_lose_and_repeat_nothing(every: Flask) -> None:
    people = People()
    users = [customer(people, f"o{number}", "shop") for number in range(4)]
    rounds, gate, done = 15, Barrier(7), Event()

    def write(user: User) -> None:
        with every.app_context():
            gate.wait(PATIENCE)
            for number in range(rounds):
                kind = Kind.disabled if number % 2 else Kind.enabled
                happens(user, kind)

    def follow() -> list[str]:
        with every.app_context():
            gate.wait(PATIENCE)
            ids, after = read_all(limit=3)
            while not done.is_set():
                more, after = read_all(after, limit=3)
                ids += more
            return ids + read_all(after, limit=3)[0]

    with ThreadPoolExecutor(7) as pool:
        readers = [pool.submit(follow) for _ in range(3)]
        for writer in [pool.submit(write, user) for user in users]:
            writer.result(60)
        done.set()
        seen = [reader.result(60) for reader in readers]
    whole, _ = read_all()
    assert len(whole) == len(set(whole)) == 4 + 4 * rounds
    assert seen == [whole] * 3
    with reading() as session:
        rows = session.execute(
            sa.select(EventRow.uid, EventRow.id).order_by(EventRow.position)
        ).all()
    for user in users:
        mine = [row.id for row in rows if row.uid == user.uid]
        assert mine == sorted(mine)
