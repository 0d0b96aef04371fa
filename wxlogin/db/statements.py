"""Statements that the three databases would spell each in its own way.

What a login sends is built once, with bind parameters: building a statement costs
more than sending it.

- "Insert or ignore" is ON CONFLICT DO NOTHING, on MariaDB ON DUPLICATE KEY
  UPDATE id = id (INSERT IGNORE would hide other faults too).
- "Insert or change" is ON CONFLICT DO UPDATE and ON DUPLICATE KEY UPDATE.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute, Session

from wxlogin.db import Base, transaction

# Rows that one transaction removes, and seconds between two such: whoever signs in
# meanwhile gets SQLite's one writer, or the locks, in between.
BATCH = 500
PAUSE = 0.05
_MARIADB = ("mysql", "mariadb")

#: What changes where the row is there: values by column, made of the new ones.
News = Callable[[Any], dict[str, Any]]


def table_of(model: type[Base]) -> sa.Table:
    """The table itself, for statements that need no objects."""
    return cast(sa.Table, model.__table__)


def run(
    session: Session,
    statement: sa.Update | sa.Delete,
    values: Mapping[str, Any] | None = None,
) -> int:
    """Runs it and returns how many rows matched, on every database alike.

    Objects of the session are not brought up to date; read them again.
    """
    result = session.execute(
        statement, values, execution_options={"synchronize_session": False}
    )
    return cast(sa.CursorResult[Any], result).rowcount


def insert(session: Session, model: type[Base], values: Mapping[str, Any]) -> int:
    """Inserts a row and returns its id."""
    result = cast(sa.CursorResult[Any], session.execute(_plain(model), values))
    return cast(tuple[int], result.inserted_primary_key)[0]


@lru_cache(maxsize=64)
def _plain(model: type[Base]) -> sa.Insert:
    return sa.insert(table_of(model))


def insert_or_ignore(
    session: Session,
    model: type[Base],
    values: Mapping[str, Any],
    *facts: InstrumentedAttribute[Any],
) -> tuple[Any, ...] | None:
    """Inserts a row unless a unique constraint is in the way.

    Returns the facts of the row, at least one, to see whose it is: where another one
    was in the way None, or on MariaDB the facts of that one.
    """
    statement = _or_ignore(session.get_bind().dialect.name, model, facts)
    result = session.execute(statement, values)
    row = result.first() if facts else None
    return tuple(row) if row is not None else None


def insert_many_or_ignore(
    session: Session, model: type[Base], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Inserts those of the rows that no unique constraint is in the way of."""
    statement = _or_ignore(session.get_bind().dialect.name, model, ())
    session.execute(statement, rows)


@lru_cache(maxsize=64)
def _or_ignore(
    dialect: str, model: type[Base], facts: tuple[InstrumentedAttribute[Any], ...]
) -> sa.Insert:
    insert, table = _insert(dialect, model), table_of(model)
    if dialect in _MARIADB:
        either: Any = insert.on_duplicate_key_update(id=table.c.id)
    else:
        either = insert.on_conflict_do_nothing()
    columns = [table.c[one.key] for one in facts]
    return cast(sa.Insert, either.returning(*columns) if columns else either)


def insert_or_change(
    dialect: str,
    model: type[Base],
    *,
    key: tuple[str, ...],
    news: News,
    only: sa.ColumnElement[bool] | None = None,
) -> Any:
    """A statement that inserts a row or, where one has its `key`, changes that one.

    `news` says what changes, in an order in which what `only` reads comes last; with
    `only` nothing does where it does not hold.
    """
    insert, table = _insert(dialect, model), table_of(model)
    if dialect not in _MARIADB:
        return insert.on_conflict_do_update(
            index_elements=key, set_=news(insert.excluded), where=only
        )
    changes = news(insert.inserted)
    if only is not None:
        # Assigned from left to right.
        changes = {
            name: sa.func.if_(only, new, table.c[name]) for name, new in changes.items()
        }
    return insert.on_duplicate_key_update(list(changes.items()))


def _insert(dialect: str, model: type[Base]) -> Any:
    if dialect in _MARIADB:
        return mysql.insert(table_of(model))
    spelled = postgresql if dialect == "postgresql" else sqlite
    return spelled.insert(table_of(model))


def in_batches(work: Callable[[Session], int]) -> int:
    """Calls `work`, each time in a transaction of its own, until it changes fewer rows
    than BATCH; says how many there were."""
    count = 0
    while True:
        changed = transaction(work)
        count += changed
        if changed < BATCH:
            return count
        time.sleep(PAUSE)


def remove(model: type[Base], *where: sa.ColumnElement[bool]) -> int:
    """Removes the rows of which this holds, in batches; says how many."""
    table = table_of(model)
    some = sa.select(table.c.id).where(*where).order_by(table.c.id).limit(BATCH)

    def work(session: Session) -> int:
        ids = list(session.scalars(some))
        if not ids:
            return 0
        # Asked again: a row may have been used, and be good again, meanwhile.
        run(session, sa.delete(model).where(table.c.id.in_(ids), *where))
        return len(ids)

    return in_batches(work)
