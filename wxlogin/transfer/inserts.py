"""Writes a batch of plans with one statement a table.

No event is written: what a site brings in, it knows already.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin.accounts.models import Identity, SiteUser, UnionId, User
from wxlogin.accounts.person import Profile, new_uid
from wxlogin.db import Base
from wxlogin.db.statements import table_of
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
    state = {"uid": task.uid, "disabled_at": task.record.disabled}
    return _nobody(task) | asdict(task.record.profile) | state


def _formers(task: _Task) -> Iterator[dict[str, Any]]:
    """Users who were merged into this one, so that their uids resolve."""
    for uid in task.plan.former_uids:
        yield _nobody(task) | {"uid": uid, "merged_into_id": task.user_id}


def _nobody(task: _Task) -> dict[str, Any]:
    return {
        **asdict(Profile()),
        "created_at": task.record.created,
        # A sign-in with us is the first thing that will be seen of them.
        "last_seen_at": task.record.created,
        "profile_at": None,
        "disabled_at": None,
        "merged_into_id": None,
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
    rows = [
        {"row": row, "open_platform": alias.open_platform, "unionid": alias.unionid}
        for task in tasks
        for row, alias in task.plan.learn
    ]
    _change(session, Identity, rows)


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
            row = _customer(customers, task.user_id, external_id, at)
            rows.append(row | {"groups": _groups(task)})
        for uid, former_id in task.record.former_external_ids:
            if uid in task.plan.former_uids:
                rows.append(_customer(customers, ids[uid], former_id, at))
    _insert(session, SiteUser, rows)
    _name(session, tasks)
    _group(session, tasks)


def _customer(
    customers: Customers, user_id: int, external_id: str | None, at: Any
) -> dict[str, Any]:
    return {
        "client_id": customers.client_id,
        "user_id": user_id,
        "external_id": external_id,
        "terms_version": customers.terms_version,
        "groups": None,
        "created_at": at,
    }


def _name(session: Session, tasks: Sequence[_Task]) -> None:
    """Gives the external id to rows of the site that had none."""
    rows = [
        {"row": task.plan.named_row, "external_id": task.record.external_id}
        for task in tasks
        if task.plan.named_row
    ]
    _change(session, SiteUser, rows)


def _group(session: Session, tasks: Sequence[_Task]) -> None:
    """Gives the groups to rows of the site that had none said."""
    rows = [
        {"row": task.plan.grouped_row, "groups": _groups(task)}
        for task in tasks
        if task.plan.grouped_row
    ]
    _change(session, SiteUser, rows)


def _groups(task: _Task) -> list[str] | None:
    said = task.record.groups
    return None if said is None else list(said)


def _insert(session: Session, model: type[Base], rows: Rows) -> None:
    if rows:
        session.execute(sa.insert(table_of(model)), rows)


def _change(session: Session, model: type[Base], rows: Rows) -> None:
    """Gives the row of the number `row` all that is named beside it."""
    if rows:
        table = table_of(model)
        session.execute(sa.update(table).where(table.c.id == sa.bindparam("row")), rows)


def _ids(session: Session, uids: Sequence[str]) -> dict[str, int]:
    """The numbers of users by uid; asked for, since not every database tells them."""
    found: dict[str, int] = {}
    for start in range(0, len(uids), MANY):
        part = uids[start : start + MANY]
        query = sa.select(User.uid, User.id).where(User.uid.in_(part))
        found.update((row[0], row[1]) for row in session.execute(query))
    return found
