"""Pairs of users that a unionid must not merge.

A pair is written for the users as they were. It holds for everything that was
merged into them since: what matters is whether any ancestor of one was kept apart
from any ancestor of the other.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin.accounts.models import KeptApart
from wxlogin.accounts.owners import family
from wxlogin.db.statements import insert_or_ignore, run


def are(session: Session, one_id: int, other_id: int) -> bool:
    """Are the two, or users merged into them, marked as two persons?"""
    query = sa.select(KeptApart.id).where(_between(one_id, other_id)).limit(1)
    return session.execute(query).first() is not None


def keep_apart(session: Session, one_id: int, other_id: int, *, at: datetime) -> None:
    """Marks two users as two persons; once is enough."""
    first, second = sorted((one_id, other_id))
    pair = {"first_id": first, "second_id": second, "at": at}
    insert_or_ignore(session, KeptApart, pair)


def inherit(session: Session, heir_id: int, holder_id: int, *, at: datetime) -> None:
    """Keeps `heir_id` apart from everyone that `holder_id` is kept apart from.

    For a user who is about to leave the holder: whoever was told apart from both
    together stays so from each.
    """
    lineage = set(session.scalars(family(holder_id)))
    involved = sa.or_(KeptApart.first_id.in_(lineage), KeptApart.second_id.in_(lineage))
    pairs = session.scalars(sa.select(KeptApart).where(involved)).all()
    for other in {one for pair in pairs for one in (pair.first_id, pair.second_id)}:
        if other not in lineage:
            keep_apart(session, heir_id, other, at=at)


def forget(session: Session, one_id: int, other_id: int) -> None:
    """Takes the mark back, for a person who chose to be one."""
    run(session, sa.delete(KeptApart).where(_between(one_id, other_id)))


def _between(one_id: int, other_id: int) -> sa.ColumnElement[bool]:
    one, other = family(one_id), family(other_id)
    return sa.or_(
        sa.and_(KeptApart.first_id.in_(one), KeptApart.second_id.in_(other)),
        sa.and_(KeptApart.first_id.in_(other), KeptApart.second_id.in_(one)),
    )
