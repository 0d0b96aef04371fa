"""The tests of the accounts once more, on PostgreSQL and on MariaDB.

What must hold on SQLite must hold there: bytes compared, times and text stored,
conditions judged the same. One database serves them all; it is emptied between.
"""

from collections.abc import Callable, Iterator

import pytest

from tests.support.chosen_database import SERVERS
from tests.support.people import People, accounts_app, check_invariants
from tests.unit.accounts.test_avatars import *  # noqa: F403  the same tests
from tests.unit.accounts.test_grants import *  # noqa: F403  the same tests
from tests.unit.accounts.test_merges import *  # noqa: F403  the same tests
from tests.unit.accounts.test_moves import *  # noqa: F403  the same tests
from tests.unit.accounts.test_people import *  # noqa: F403  the same tests
from tests.unit.accounts.test_phones import *  # noqa: F403  the same tests
from tests.unit.accounts.test_resolve_invariants import *  # noqa: F403  the same tests
from tests.unit.accounts.test_resolve_rows import *  # noqa: F403  the same tests
from tests.unit.accounts.test_roster import *  # noqa: F403  the same tests
from tests.unit.accounts.test_sessions import *  # noqa: F403  the same tests
from tests.unit.accounts.test_sign_in import *  # noqa: F403  the same tests
from tests.unit.accounts.test_undo import *  # noqa: F403  the same tests
from tests.unit.accounts.test_wechats import *  # noqa: F403  the same tests
from tests.unit.accounts.test_who_follows import *  # noqa: F403  the same tests
from tests.unit.sites.test_events import *  # noqa: F403  the same tests
from tests.unit.sites.test_members import *  # noqa: F403  the same tests


@pytest.fixture(params=SERVERS)
def people(
    request: pytest.FixtureRequest, kept_url: Callable[[str], str]
) -> Iterator[People]:
    with accounts_app(kept_url(request.param), tables=False):
        yield People()
        check_invariants()
