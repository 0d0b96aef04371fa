"""Writes a batch of plans with one statement a table.

No event is written: what a site brings in, it knows already.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin.accounts.models import Identity, SiteUser, UnionId, User
from wxlogin.accounts.person import new_uid
from wxlogin.db import Base
from wxlogin.transfer.facts import MANY
from wxlogin.transfer.plan import Plan
from wxlogin.transfer.record import Outcome, Record

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Customers:
    """Whose customers they are, and the version of the terms they have settled."""

    client_id: str
    terms_version: str | None


@dataclass(frozen=True)
class _Task:
    """A plan, and the user it is for."""

    record: Record
    plan: Plan
    uid: str
    user_id: int = 0


def write(
    session: Session, work: Sequence[tuple[Record, Plan]], customers: Customers | None
) -> list[str]:
    """Writes what is new or linked; the uids of the users, in the order of `work`.

    Raises IntegrityError where somebody else was first.
    """
    tasks = [
        _Task(record, plan, plan.owner.uid, plan.owner.id)
        if plan.owner
        else _Task(record, plan, record.uid or new_uid())
        for record, plan in work
    ]
    made = [task for task in tasks if task.plan.outcome is Outcome.new]
    _insert(session, User, [_user(task) for task in made])
    ids = _ids(session, [task.uid for task in made])
    placed = [
        _Task(task.record, task.plan, task.uid, task.user_id or ids[task.uid])
        for task in tasks
    ]
    _insert(session, User, [row for task in placed for row in _formers(task)])
    _insert(session, Identity, [row for task in placed for row in _identities(task)])
    _insert(session, UnionId, [row for task in placed for row in _unionids(task)])
    _learn(session, placed)
    if customers is not None:
        _write_customers(session, placed, customers)
    return [task.uid for task in placed]


def _user(task: _Task) -> dict[str, Any]:
    record = task.record
    return {
        "uid": task.uid,
        "nickname": record.profile.nickname,
        "avatar": record.profile.avatar,
        "language": record.profile.language,
        "created_at": record.created,
        # A sign-in with us is the first thing that will be seen of them.
        "last_seen_at": record.created,
        "profile_at": None,
        "disabled_at": record.disabled,
        "merged_into_id": None,
    }


def _formers(task: _Task) -> Iterator[dict[str, Any]]:
    """Users who were merged into this one, so that their uids resolve."""
    for uid in task.plan.former_uids:
        yield {
            "uid": uid,
            "nickname": "",
            "avatar": None,
            "language": None,
            "created_at": task.record.created,
            "last_seen_at": task.record.created,
            "profile_at": None,
            "disabled_at": None,
            "merged_into_id": task.user_id,
        }


def _identities(task: _Task) -> Iterator[dict[str, Any]]:
    for alias in task.plan.openids:
        yield {
            "user_id": task.user_id,
            "appid": alias.app.appid,
            "kind": alias.app.kind.value,
            "openid": alias.openid,
            "open_platform": alias.open_platform,
            "unionid": alias.unionid,
            "first_seen_at": task.record.created,
            "last_seen_at": task.record.created,
        }


def _unionids(task: _Task) -> Iterator[dict[str, Any]]:
    for platform, unionid in task.plan.unionids:
        yield {
            "user_id": task.user_id,
            "open_platform": platform,
            "unionid": unionid,
            "created_at": task.record.created,
        }


def _learn(session: Session, tasks: Sequence[_Task]) -> None:
    table = cast(sa.Table, Identity.__table__)
    rows = [
        {"row": row, "platform": alias.open_platform, "named": alias.unionid}
        for task in tasks
        for row, alias in task.plan.learn
    ]
    if rows:
        update = sa.update(table).where(table.c.id == sa.bindparam("row"))
        values: dict[str, Any] = {
            "open_platform": sa.bindparam("platform"),
            "unionid": sa.bindparam("named"),
        }
        session.execute(update.values(values), rows)


def _write_customers(
    session: Session, tasks: Sequence[_Task], customers: Customers
) -> None:
    formers = [pair for task in tasks for pair in task.record.former_external_ids]
    ids = _ids(session, [uid for uid, _ in formers])
    rows = []
    for task in tasks:
        external_id = task.record.external_id
        at = task.record.created
        if task.plan.joins:
            rows.append(_customer(customers, task.user_id, external_id, at))
        for uid, former_id in task.record.former_external_ids:
            if uid in task.plan.former_uids:
                rows.append(_customer(customers, ids[uid], former_id, at))
    _insert(session, SiteUser, rows)
    _name(session, tasks)


def _customer(
    customers: Customers, user_id: int, external_id: str | None, at: Any
) -> dict[str, Any]:
    return {
        "client_id": customers.client_id,
        "user_id": user_id,
        "external_id": external_id,
        "terms_version": customers.terms_version,
        "created_at": at,
    }


def _name(session: Session, tasks: Sequence[_Task]) -> None:
    """Gives the external id to rows of the site that had none."""
    table = cast(sa.Table, SiteUser.__table__)
    rows = [
        {"row": task.plan.named_row, "named": task.record.external_id}
        for task in tasks
        if task.plan.named_row
    ]
    if rows:
        update = sa.update(table).where(table.c.id == sa.bindparam("row"))
        session.execute(update.values(external_id=sa.bindparam("named")), rows)


def _insert(session: Session, model: type[Base], rows: Rows) -> None:
    if rows:
        session.execute(sa.insert(cast(sa.Table, model.__table__)), rows)


def _ids(session: Session, uids: Sequence[str]) -> dict[str, int]:
    """The numbers of users by uid; asked for, since not every database tells them."""
    found: dict[str, int] = {}
    for start in range(0, len(uids), MANY):
        part = uids[start : start + MANY]
        query = sa.select(User.uid, User.id).where(User.uid.in_(part))
        found.update((row[0], row[1]) for row in session.execute(query))
    return found
