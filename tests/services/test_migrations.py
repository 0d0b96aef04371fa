"""The migrations make the tables the models describe, on each database."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import Migrate, downgrade, upgrade

import wxlogin
from tests.support.people import People, accounts_app, rows, snapshot
from wxlogin.accounts.models import Identity
from wxlogin.db import Base, db, reading

MIGRATIONS = str(Path(wxlogin.__file__).parent / "migrations")


@pytest.fixture
def empty(database_url: str) -> Iterator[Flask]:
    """An application over a database without tables."""
    with accounts_app(database_url, tables=False) as app:
        Migrate(app, db, directory=MIGRATIONS, render_as_batch=True)
        yield app


def _differences() -> list[Any]:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        return list(compare_metadata(context, Base.metadata))


def _tables() -> set[str]:
    return set(sa.inspect(db.engine).get_table_names()) - {"alembic_version"}


def test_migrated_database_is_what_the_models_say(empty: Flask) -> None:
    upgrade()
    assert _differences() == []


def test_ids_compare_byte_for_byte_after_migration(empty: Flask) -> None:
    upgrade()
    people = People()
    people.signs_in("web", "oAbC", "uAbC")
    people.signs_in("web", "oabc", "uabc")
    assert rows(Identity) == 2


def test_down_leaves_nothing_and_up_again_works(empty: Flask) -> None:
    upgrade()
    downgrade(revision="base")
    assert _tables() == set()
    upgrade()
    assert _differences() == []


def test_run_that_was_killed_half_way_is_finished_by_the_next(empty: Flask) -> None:
    """Fault F22: on MariaDB each statement stays, whatever happens after it."""
    upgrade()
    with db.engine.begin() as connection:
        for table in ("conflicts", "kept_apart", "grants"):
            connection.exec_driver_sql(f"DROP TABLE {table}")
        connection.exec_driver_sql("DELETE FROM alembic_version")
    upgrade()
    assert _differences() == []


def test_upgrade_keeps_what_is_there(empty: Flask) -> None:
    upgrade()
    people = People()
    people.signs_in("web", "o1", "u1", grant=people.grant())
    before = snapshot()
    upgrade()
    assert snapshot() == before


def test_there_is_one_head() -> None:
    config = Config()
    config.set_main_option("script_location", MIGRATIONS)
    config.set_main_option("path_separator", "os")
    seen: list[str] = []
    config.print_stdout = lambda text, *rest: seen.append(text)  # type: ignore[assignment]
    command.heads(config)
    assert len(seen) == 1


def test_people_of_before_0012_get_their_names_when_they_come_again(
    empty: Flask,
) -> None:
    upgrade()
    people = People()
    people.signs_in("web", "o1", "u1", name="小明😀")
    downgrade(revision="0011")
    upgrade()
    with reading() as session:
        assert session.scalars(sa.select(Identity.nickname)).all() == [None]
    people.signs_in("web", "o1", "u1", name="小明😀")
    with reading() as session:
        assert session.scalars(sa.select(Identity.nickname)).all() == ["小明😀"]
