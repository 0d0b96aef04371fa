"""New keys for old seals, while logins go on (security row 36).

Reads grants in the order of their ids and seals again what was not sealed with the
key that writes now. A row that changed meanwhile is left to whoever changed it,
who sealed with the new key. Killed half way, the next run does the rest.
"""

from dataclasses import dataclass
from functools import partial

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin.accounts.models import Grant
from wxlogin.db import reading, transaction
from wxlogin.db.statements import run
from wxlogin.security.sealing import SealBroken, Sealer

_COLUMNS = ("access_token", "refresh_token")


@dataclass(frozen=True)
class Resealed:
    """How many grants were sealed again, and how many no key of ours opens."""

    resealed: int
    broken: int


def reseal_all(sealer: Sealer, *, batch: int = 200) -> Resealed:
    """Seals all grants with the first key; each batch is a transaction of its own."""
    resealed = broken = last_id = 0
    while rows := _next(last_id, batch):
        last_id = rows[-1].id
        old = [row for row in rows if not _current(sealer, row)]
        changes = [_reseal(sealer, row) for row in old]
        broken += changes.count(None)
        resealed += transaction(partial(_write, changes=changes))
    return Resealed(resealed, broken)


def _next(last_id: int, batch: int) -> list[Grant]:
    query = sa.select(Grant).where(Grant.id > last_id).order_by(Grant.id).limit(batch)
    with reading() as session:
        return list(session.scalars(query))


def _current(sealer: Sealer, row: Grant) -> bool:
    return all(sealer.is_current(getattr(row, column)) for column in _COLUMNS)


def _reseal(sealer: Sealer, row: Grant) -> sa.Update | None:
    values = {}
    for column in _COLUMNS:
        place = {"table": "grants", "column": column, "row": str(row.identity_id)}
        try:
            plain = sealer.unseal(getattr(row, column), **place)
        except SealBroken:
            return None
        values[column] = sealer.seal(plain, **place)
    same = (Grant.id == row.id, Grant.version == row.version)
    return sa.update(Grant).where(*same).values(values)


def _write(session: Session, changes: list[sa.Update | None]) -> int:
    return sum(run(session, change) for change in changes if change is not None)
