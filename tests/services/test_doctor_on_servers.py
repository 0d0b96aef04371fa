"""What the doctor says of real servers: PostgreSQL, MariaDB, Redis."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_migrate import Migrate, downgrade, upgrade

import wxlogin
from tests.support.people import People, accounts_app, rows
from wxlogin.accounts.models import User
from wxlogin.config import Settings, load_settings
from wxlogin.db import db
from wxlogin.doctor import storage
from wxlogin.doctor.findings import Finding

MIGRATIONS = str(Path(wxlogin.__file__).parent / "migrations")


@pytest.fixture
def empty(database_url: str) -> Iterator[Flask]:
    with accounts_app(database_url, tables=False) as app:
        Migrate(app, db, directory=MIGRATIONS, render_as_batch=True)
        # SQLite makes its file with the first connection.
        db.engine.connect().close()
        yield app


@pytest.fixture
def settings(tmp_path: Path, empty: Flask) -> Settings:
    url = empty.config["SQLALCHEMY_DATABASE_URI"]
    return load_settings(tmp_path, database_url=url)


def found(settings: Settings) -> list[Finding]:
    """Of the database itself and who is in it, not of the accounts' pushes."""
    return [one for one in storage.database(settings) if one.check != "replies"]


def levels(settings: Settings) -> list[str]:
    return [one.level for one in found(settings)]


def test_schema_none_newest_and_older(empty, settings):
    [finding] = storage.database(settings)
    assert finding.level == "wrong"
    assert "wxlogin db upgrade" in finding.line()
    upgrade()
    People().signs_in("web", "o1", "u1")
    assert levels(settings) == ["ok", "ok", "ok"]
    assert rows(User) == 1
    downgrade(revision="-1")
    [finding] = storage.database(settings)
    assert finding.level == "wrong"
    assert "wxlogin db upgrade" in finding.line()


@contextmanager
def who_may_not_write(url: sa.URL) -> Iterator[sa.URL]:
    """The same database for somebody who can read it only."""
    match url.get_backend_name():
        case "postgresql":
            _run(f"ALTER DATABASE {url.database} SET default_transaction_read_only=on")
            yield url
        case "mysql":
            reader = f"{url.database}@{url.host}"
            _run(f"CREATE USER {reader}")
            _run(f"GRANT SELECT ON {url.database}.* TO {reader}")
            yield url.set(username=url.database)
            _run(f"DROP USER {reader}")
        case _:
            # Another program holds the lock and does not let go.
            writing = db.engine.connect().execution_options(wxlogin_writes=True)
            with writing, writing.begin():
                yield url


def _run(statement: str) -> None:
    with db.engine.begin() as connection:
        connection.exec_driver_sql(statement)


def test_a_database_that_cannot_be_written(empty, settings):
    upgrade()
    with who_may_not_write(sa.make_url(settings.database_url)) as url:
        text = url.render_as_string(hide_password=False)
        said = found(settings.model_copy(update={"database_url": text}))
    assert [one.level for one in said] == ["ok", "wrong", "ok"]
    assert "cannot be written" in said[1].text


def test_redis_keeps_what_it_is_told(redis_url, tmp_path):
    settings = load_settings(tmp_path, redis_url=redis_url)
    [finding] = storage.redis(settings)
    assert finding.level == "ok"
    assert "127.0.0.1" in finding.text
