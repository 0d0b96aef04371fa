"""A worker that is killed leaves the accounts as they were before, or after.

The worker is a real process and the signal SIGKILL, at each statement in turn
(security row 48, fault F14).
"""

import os
import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
import sqlalchemy as sa

from tests.support.people import (
    People,
    accounts_app,
    check_invariants,
    identity_of,
    snapshot,
    user_of,
)
from wxlogin.accounts import grants
from wxlogin.accounts import people as accounts
from wxlogin.accounts.grants import reseal_all
from wxlogin.accounts.merges import undo
from wxlogin.accounts.models import Merge
from wxlogin.db import db, reading
from wxlogin.security.sealing import Sealer

Act = Callable[[People], object]
# More statements than any act here takes.
MANY = 60


@pytest.fixture
def people(database_url: str) -> Iterator[People]:
    """Two users who will be merged: o1 of `oa`, and o2 of `web` with a grant."""
    with accounts_app(database_url):
        guests = People()
        guests.signs_in("oa", "o1", name="one", grant=guests.grant())
        guests.signs_in("web", "o2", "u1", name="two", grant=guests.grant())
        yield guests
        check_invariants()


def sign_in_that_merges(people: People) -> object:
    return people.signs_in("oa", "o1", "u1", secret="s", grant=people.grant("new"))


def undo_the_merge(_people: People) -> object:
    with reading() as session:
        return undo(session.scalars(sa.select(Merge.id)).one())


def delete_the_user(_people: People) -> object:
    return accounts.delete(user_of("oa", "o1").id)


@pytest.mark.parametrize(
    "prepare, act",
    [
        ([], sign_in_that_merges),
        ([sign_in_that_merges], undo_the_merge),
        ([sign_in_that_merges], delete_the_user),
    ],
    ids=["merge", "undo", "delete"],
)
def test_killed_at_any_statement_leaves_all_or_nothing(
    people: People, prepare: list[Act], act: Act
) -> None:
    """security row 48"""
    for step in prepare:
        step(people)
    before = snapshot()
    for number in range(1, MANY):
        finished = in_a_process_killed_at(number, lambda: act(people))
        check_invariants()
        if finished:
            break
        assert snapshot() == before, f"torn at statement {number}"
    assert finished and number > 3
    assert snapshot() != before


def test_killed_rotation_leaves_no_grant_that_does_not_open(people: People) -> None:
    """security row 36"""
    old, new = bytes(range(32)), bytes(range(32, 64))
    identities = [identity_of(*who).id for who in (("oa", "o1"), ("web", "o2"))]
    for number in range(1, MANY):
        finished = in_a_process_killed_at(
            number, lambda: reseal_all(Sealer([new, old]), batch=1)
        )
        assert all(grants.load(one, Sealer([new, old])) for one in identities)
        if finished:
            break
    assert finished and number > 3
    assert all(grants.load(one, Sealer([new])) for one in identities)


def in_a_process_killed_at(number: int, act: Callable[[], object]) -> bool:
    """Runs `act` in a process that dies as it sends its statement `number`.

    True if the act was over before.
    """
    db.engine.dispose()
    with warnings.catch_warnings():
        # The child touches none of the threads that a test runner may have.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        with suppress(BaseException):
            _die_at(number)
            act()
            os._exit(0)
        os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return not os.WIFSIGNALED(status)


def _die_at(number: int) -> None:
    left = number

    def count(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    sa.event.listen(db.engine, "before_cursor_execute", count)
    sa.event.listen(db.engine, "commit", count)
