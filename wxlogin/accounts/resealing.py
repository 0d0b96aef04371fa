"""What is sealed in the database, sealed again with the first of ENCRYPTION_KEYS.

Logins go on meanwhile (security row 36). A row that was changed is left to whoever
changed it, who sealed with the new key. Killed half way, the next run does the rest.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin.db import Base, reading, transaction
from wxlogin.db.statements import run, table_of
from wxlogin.security.sealing import SealBroken, Sealer


@dataclass(frozen=True)
class Resealed:
    """How many rows were sealed again, and how many no key of ours opens."""

    resealed: int
    broken: int


def reseal_rows(
    model: type[Base],
    columns: Collection[str],
    name_of: Callable[[Any], str],
    sealer: Sealer,
    *,
    batch: int = 200,
) -> Resealed:
    """Seals the columns again; each `batch` of rows is a transaction of its own.

    `name_of` gives what a row's values were sealed for, beside table and column.
    """
    resealed = broken = last_id = 0
    while rows := _next(model, last_id, batch):
        last_id = rows[-1].id
        sealed = [{name: getattr(row, name) for name in columns} for row in rows]
        changes = [
            _change(model, row.id, old, name_of(row), sealer)
            for row, old in zip(rows, sealed, strict=True)
            if not all(map(sealer.is_current, old.values()))
        ]
        broken += changes.count(None)
        resealed += transaction(partial(_write, changes=changes))
    return Resealed(resealed, broken)


def _next(model: type[Base], last_id: int, batch: int) -> list[Any]:
    key = table_of(model).c.id
    query = sa.select(model).where(key > last_id).order_by(key).limit(batch)
    with reading() as session:
        return list(session.scalars(query))


def _change(
    model: type[Base], row_id: int, old: dict[str, bytes], row: str, sealer: Sealer
) -> sa.Update | None:
    """None where a value does not open."""
    table, new = table_of(model), {}
    for name, sealed in old.items():
        place = {"table": table.name, "column": name, "row": row}
        try:
            new[name] = sealer.seal(sealer.unseal(sealed, **place), **place)
        except SealBroken:
            return None
    same = (table.c[name] == sealed for name, sealed in old.items())
    return sa.update(model).where(table.c.id == row_id, *same).values(new)


def _write(session: Session, changes: list[sa.Update | None]) -> int:
    return sum(run(session, change) for change in changes if change is not None)
