"""The tests of the accounts once more, on PostgreSQL and on MariaDB.

What must hold on SQLite must hold there: bytes compared, times and text stored,
conditions judged the same. One database serves them all; it is emptied between.
"""

from collections.abc import Iterator

import pytest

from tests.services.conftest import available
from tests.support import databases
from tests.support.people import People, accounts_app, check_invariants
from tests.support.tables import empty_tables
from tests.unit.accounts.test_avatars import *  # noqa: F403  the same tests
from tests.unit.accounts.test_grants import *  # noqa: F403  the same tests
from tests.unit.accounts.test_merges import *  # noqa: F403  the same tests
from tests.unit.accounts.test_people import *  # noqa: F403  the same tests
from tests.unit.accounts.test_resolve_invariants import *  # noqa: F403  the same tests
from tests.unit.accounts.test_resolve_rows import *  # noqa: F403  the same tests
from tests.unit.accounts.test_sessions import *  # noqa: F403  the same tests
from tests.unit.accounts.test_sign_in import *  # noqa: F403  the same tests
from tests.unit.accounts.test_undo import *  # noqa: F403  the same tests
from tests.unit.accounts.test_wechats import *  # noqa: F403  the same tests
from tests.unit.sites.test_events import *  # noqa: F403  the same tests
from tests.unit.sites.test_members import *  # noqa: F403  the same tests

SERVERS = {"postgresql": databases.postgresql_url, "mariadb": databases.mariadb_url}


@pytest.fixture(scope="module", params=SERVERS)
def server_url(request: pytest.FixtureRequest) -> Iterator[str]:
    with available(SERVERS[request.param]()) as url:
        with accounts_app(url):
            pass
        yield url


@pytest.fixture
def people(server_url: str) -> Iterator[People]:
    with accounts_app(server_url, tables=False):
        empty_tables()
        yield People()
        check_invariants()
