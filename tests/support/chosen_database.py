"""Which database the tests of a room run on: a SQLite file, or by an option a server's.

`pytest --database mariadb tests/web` runs the same tests over MariaDB, with the tables
that our migrations make there. A pytest plugin, which `tests/conftest.py` loads:

- `own_url` is the database of one test, without rows: what a room's fixtures build on.
- `empty_url` is one without tables, dropped after the test.
- `fresh_url()` is the same for a test that begins several times.
- `kept_url("mariadb")` is the one database of this process on that server, emptied.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import NoReturn

import pytest
import sqlalchemy as sa

from tests.support import databases
from tests.support.tables import empty_tables, migrate_database
from wxlogin.db.engine import patient_engine

SERVERS = {"postgresql": databases.postgresql_url, "mariadb": databases.mariadb_url}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=("sqlite", *SERVERS),
        default="sqlite",
        help="what tests run on that do not choose a database themselves",
    )


def required(missing: str) -> NoReturn:
    """Skips the test, or fails it in CI; `missing` says what to install."""
    if os.environ.get("CI") == "true":
        pytest.fail(missing, pytrace=False)
    pytest.skip(missing)


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
    if missing:
        required(missing)


@pytest.fixture(scope="session")
def kept_url() -> Iterator[Callable[[str], str]]:
    kept: dict[str, tuple[str, sa.Engine]] = {}
    with ExitStack() as stack:

        def emptied(server: str) -> str:
            if server not in kept:
                url = stack.enter_context(available(SERVERS[server]()))
                migrate_database(url)
                engine = patient_engine(sa.make_url(url))
                kept[server] = (url, engine)
                return url
            url, engine = kept[server]
            empty_tables(engine)
            return url

        yield emptied


@pytest.fixture
def fresh_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    chosen = request.config.getoption("--database")
    if chosen in SERVERS:
        kept: Callable[[str], str] = request.getfixturevalue("kept_url")
        return lambda: kept(chosen)
    numbers = count(1)
    return lambda: f"sqlite:///{tmp_path / f'wxlogin-{next(numbers)}.db'}"


@pytest.fixture
def own_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.config.getoption("--database") == "sqlite":
        return f"sqlite:///{tmp_path / 'wxlogin.db'}"
    fresh: Callable[[], str] = request.getfixturevalue("fresh_url")
    return fresh()


@pytest.fixture
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    chosen = request.config.getoption("--database")
    if chosen == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    with available(SERVERS[chosen]()) as url:
        yield url
