"""Databases for the tests in this folder, one fresh database per test.

`database_url` runs a test on SQLite, PostgreSQL and MariaDB, one after the
other; `database_app` is a bare Flask application over it, without tables. A
server that does not answer skips its tests, and fails them where CI=true: there
the servers are part of the promise.
"""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest
from flask import Flask

from tests import databases
from wxlogin.db import db, engine_options, prepare_engine


@contextmanager
def available(server: AbstractContextManager[str]) -> Iterator[str]:
    """What `server` gives; the test is skipped, or fails in CI, where it is away."""
    missing = ""
    with ExitStack() as stack:
        try:
            url = stack.enter_context(server)
        except databases.NoServer as error:
            missing = str(error)
        else:
            yield url
    if missing and os.environ.get("CI") == "true":
        pytest.fail(missing, pytrace=False)
    if missing:
        pytest.skip(missing)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'wxlogin.db'}"


@pytest.fixture
def postgresql_url() -> Iterator[str]:
    with available(databases.postgresql_url()) as url:
        yield url


@pytest.fixture
def mariadb_url() -> Iterator[str]:
    with available(databases.mariadb_url()) as url:
        yield url


@pytest.fixture
def redis_url() -> Iterator[str]:
    with available(databases.redis_server()) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def database_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@contextmanager
def bare_app(url: str) -> Iterator[Flask]:
    """A Flask application over this database, without tables; closes it at the end.

    The caller pushes the application context, also in threads of its own.
    """
    app = Flask("wxlogin")
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(url)
    db.init_app(app)
    with app.app_context():
        engine = db.engine
        prepare_engine(engine)
    try:
        yield app
    finally:
        engine.dispose()


@pytest.fixture
def database_app(database_url: str) -> Iterator[Flask]:
    with bare_app(database_url) as app:
        yield app
