"""Updates and deletes by condition."""

import time
from collections.abc import Callable
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin.db import Base, transaction

# Rows that one transaction removes, and seconds between two such: whoever signs in
# meanwhile gets SQLite's one writer, or the locks, in between.
BATCH = 500
PAUSE = 0.05


def run(session: Session, statement: sa.Update | sa.Delete) -> int:
    """Runs it and returns how many rows matched, on every database alike.

    Objects of the session are not brought up to date; read them again.
    """
    plain = statement.execution_options(synchronize_session=False)
    return cast(sa.CursorResult[Any], session.execute(plain)).rowcount


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
    table = cast(sa.Table, model.__table__)
    some = sa.select(table.c.id).where(*where).order_by(table.c.id).limit(BATCH)

    def work(session: Session) -> int:
        ids = list(session.scalars(some))
        if not ids:
            return 0
        # Asked again: a row may have been used, and be good again, meanwhile.
        run(session, sa.delete(model).where(table.c.id.in_(ids), *where))
        return len(ids)

    return in_batches(work)
