"""What is particular to the SQL store: its rows, its statements, its faults."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests.support.people import accounts_app
from wxlogin.db import db, now
from wxlogin.errors import Crowded, Unready
from wxlogin.security.sealing import SealBroken, Sealer
from wxlogin.tickets.sql import SWEEP_EVERY, SqlTickets, TicketRow
from wxlogin.tickets.store import REMEMBERED, digest
from wxlogin.tickets.waiting import WaitingRoom


@pytest.fixture
def engine(own_url: str) -> Iterator[sa.Engine]:
    with accounts_app(own_url):
        yield db.engine


@pytest.fixture
def store(engine: sa.Engine) -> SqlTickets:
    return SqlTickets(Sealer([bytes(32)]))


@pytest.fixture
def statements(engine: sa.Engine) -> list[str]:
    seen: list[str] = []

    def note(_conn: object, _cursor: object, text: str, *_: object) -> None:
        if not text.startswith("BEGIN"):
            seen.append(text)

    sa.event.listen(engine, "before_cursor_execute", note)
    return seen


def test_a_dump_shows_neither_key_nor_value(
    store: SqlTickets, engine: sa.Engine
) -> None:
    """Security row 30: what is in the table opens nothing."""
    store.add("attempt", "nonce-in-a-state", "value-of-it", ttl=60)
    with engine.connect() as connection:
        row = connection.execute(sa.text("SELECT * FROM ticket")).one()
    assert "nonce-in-a-state" not in repr(row)
    assert "value-of-it" not in repr(row)


def test_a_value_moved_to_another_ticket_does_not_open(
    store: SqlTickets, engine: sa.Engine
) -> None:
    """Security row 35: a sealed value is bound to its kind and key."""
    store.add("attempt", "mine", "my login", ttl=60)
    store.add("attempt", "yours", "your login", ttl=60)
    with Session(engine) as session, session.begin():
        mine = session.scalars(sa.select(TicketRow).where(_is("mine"))).one()
        yours = session.scalars(sa.select(TicketRow).where(_is("yours"))).one()
        mine.value, yours.value = yours.value, mine.value
    for key in ("mine", "yours"):
        with pytest.raises(SealBroken):
            store.get("attempt", key)


def _is(key: str) -> sa.ColumnElement[bool]:
    return TicketRow.key == digest("attempt", key)


def test_each_step_of_a_login_costs_one_statement(
    store: SqlTickets, statements: list[str]
) -> None:
    store.add("attempt", "nonce", "open", ttl=60)
    store.get("attempt", "nonce")
    store.swap("attempt", "nonce", 1, "done", ttl=60)
    assert len(statements) == 3


def test_the_end_is_kept_in_utc(store: SqlTickets, engine: sa.Engine) -> None:
    store.add("attempt", "nonce", "open", ttl=600)
    with Session(engine) as session:
        end = session.scalars(sa.select(TicketRow.expires_at)).one()
    assert timedelta(seconds=570) < end - now() < timedelta(seconds=601)


def test_adding_sweeps_now_and_then(store: SqlTickets, engine: sa.Engine) -> None:
    store.add("attempt", "long over", "x", ttl=-REMEMBERED - 60)
    for number in range(SWEEP_EVERY):
        store.add("attempt", str(number), "x", ttl=60)
    with Session(engine) as session:
        left = session.scalar(sa.select(sa.func.count()).select_from(TicketRow))
    assert left == SWEEP_EVERY


def test_the_log_hears_of_what_kind_too_many_wait(store: SqlTickets) -> None:
    assert store.add("scan", "one", "x", ttl=60, most=1)
    with pytest.raises(Crowded) as caught:
        store.add("scan", "another", "x", ttl=60, most=1)
    assert caught.value.facts == {"kind": "scan"}
    assert "WAITING_REQUESTS" in caught.value.operator
    assert store.add("follow", "another", "x", ttl=60, most=1)


def test_a_change_rings_for_its_own_ticket(
    store: SqlTickets, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[str] = []
    room = WaitingRoom()
    monkeypatch.setattr(room, "ring", rung.append)
    store = SqlTickets(Sealer([bytes(32)]), room=room)
    store.add("scan", "mine", "waiting", ttl=60)
    assert not store.swap("scan", "mine", 2, "scanned", ttl=60)
    assert rung == []
    assert store.swap("scan", "mine", 1, "scanned", ttl=60)
    store.notify("scan", "mine")
    store.take("scan", "mine")
    assert rung == [digest("scan", "mine")] * 3


def test_a_missing_table_is_told_to_the_operator(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'without-tables.db'}"
    with accounts_app(url, tables=False), pytest.raises(Unready) as caught:
        SqlTickets(Sealer([bytes(32)])).ping()
    assert caught.value.status == 503
