"""Fault F22: migrations that die after any statement, with people in the tables.

On MariaDB each statement stays, whatever comes after it, so each step must bear being
done again. SQLite and PostgreSQL take all of a run back.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import Migrate, downgrade, upgrade

from tests.support.people import People, accounts_app, rows
from wxlogin.accounts.models import Grant, Identity, Session, UnionId, User
from wxlogin.config.paths import package_dir
from wxlogin.db import Base, db

MIGRATIONS = str(package_dir() / "migrations")
# The oldest schema in which who is who is as today, but for columns that came later.
OLD = "0004"
_CHANGES = re.compile(r"\s*(CREATE|ALTER|DROP|INSERT|UPDATE|DELETE)\b", re.I)
_OURS = [one.__tablename__ for one in (User, Identity, UnionId, Session, Grant)]


class Killed(BaseException):
    """The process is gone."""


@contextmanager
def killed_after(statements: int) -> Iterator[None]:
    """Nothing is done any more once so many statements have changed something."""
    done = 0

    def count(_connection: object, _cursor: object, text: str, *_: object) -> None:
        nonlocal done
        if _CHANGES.match(text):
            if done == statements:
                raise Killed
            done += 1

    sa.event.listen(sa.Engine, "before_cursor_execute", count)
    try:
        yield
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", count)


def version() -> str | None:
    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def dying(run: Callable[[], None]) -> int:
    """Runs it until it comes to its end, killed after one more statement each time;
    says how often it died."""
    # Where all is taken back no run gets further than the one before it.
    stride = 1 if db.engine.dialect.name == "mysql" else 13
    deaths, statements = 0, 1
    while True:
        before = version()
        try:
            with killed_after(statements):
                run()
        except Killed:
            deaths += 1
            statements = statements + stride if version() == before else 1
        else:
            return deaths


def content() -> dict[str, list[Any]]:
    """What the columns hold that the old schema has too."""
    found = {}
    tables = sa.MetaData()
    tables.reflect(db.engine, only=_OURS)
    with db.engine.connect() as connection:
        for name in _OURS:
            table = tables.tables[name]
            late = {"nickname", "avatar"} if name == "identities" else set()
            kept = [table.c[one] for one in sorted(table.c.keys()) if one not in late]
            found[name] = sorted(map(repr, connection.execute(sa.select(*kept))))
    return found


@pytest.fixture
def app(empty_url: str) -> Iterator[Flask]:
    with accounts_app(empty_url, tables=False) as made:
        Migrate(made, db, directory=MIGRATIONS, render_as_batch=True)
        yield made


def test_whatever_statement_was_the_last_the_next_run_goes_on(app: Flask) -> None:
    assert dying(upgrade) > 5
    people = People()
    people.signs_in("web", "o1", "u1", name="小明😀", grant=people.grant())
    people.signs_in("oa", "o2", "u1", name="小明😀")
    people.signs_in("mp", "o3", name="José")
    before = content()
    dying(lambda: downgrade(revision=OLD))
    assert version() == OLD
    assert content() == before
    dying(upgrade)
    assert content() == before
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert list(compare_metadata(context, Base.metadata)) == []
    people.signs_in("web", "o1", "u1", name="小明😀")
    assert (rows(User), rows(Identity)) == (2, 3)
