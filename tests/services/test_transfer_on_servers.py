"""Import and export on PostgreSQL and on MariaDB, killed, and overtaken by sign-ins."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from tests.services.test_accounts_on_servers import people
from tests.services.test_killed import MANY, in_a_process_killed_at
from tests.support.people import (
    People,
    accounts_app,
    check_invariants,
    identity_of,
    snapshot,
    user_of,
)
from tests.support.transfer import bring_in, exported, outcomes, wx
from tests.unit.transfer.test_own_data import *  # noqa: F403  the same tests
from tests.unit.transfer.test_transfer_export import *  # noqa: F403  the same tests
from tests.unit.transfer.test_transfer_import import *  # noqa: F403  the same tests
from wxlogin.accounts import people as accounts
from wxlogin.accounts.models import Identity
from wxlogin.db import db, reading
from wxlogin.transfer import batches

__all__ = ["people"]


@pytest.fixture
def anywhere(tables_url: str) -> Iterator[People]:
    with accounts_app(tables_url):
        yield People()
        check_invariants()


def a_file(number: int) -> list[dict[str, Any]]:
    """Five people whom no other file names; the fourth has signed in before."""
    return [
        {
            "external_id": f"{number}-{one}",
            "openids": {
                "web": wx(f"{number}-o{one}"),
                "mp": wx(f"{number}-m{one}"),
            },
            "unionids": {"main": wx(f"{number}-u{one}")},
            "uid": f"{number:011}{one:011}" if one != 4 else None,
        }
        for one in range(1, 6)
    ]


def test_killed_at_any_statement_and_run_again(anywhere: People) -> None:
    """security row 48: a batch is there or not, and everybody once in the end."""
    for number in range(1, MANY):
        anywhere.signs_in("web", wx(f"{number}-o4"))
        lines = a_file(number)
        finished = in_a_process_killed_at(number, partial(bring_in, *lines, batch=2))
        check_invariants()
        # Batches of two, two and one; the fourth has one openid from before.
        assert openids(number) in (1, 5, 8, 10), f"torn at statement {number}"
        again = outcomes(bring_in(*lines, batch=2))
        assert set(again) <= {"new", "linked", "known"}
        assert openids(number) == 10
        assert outcomes(bring_in(*lines)) == ["known"] * 5
        if finished:
            break
    assert finished and number > 10


def openids(number: int) -> int:
    with reading() as session:
        mine = Identity.openid.startswith(f"{number}-")
        query = sa.select(sa.func.count()).select_from(Identity).where(mine)
        return session.scalar(query) or 0


Once = Callable[[str, Callable[[], object]], None]


@pytest.fixture
def before(monkeypatch: pytest.MonkeyPatch) -> Once:
    """`before(step, act)`: acts once, when an import is about to take this step."""

    def arrange(step: str, act: Callable[[], object]) -> None:
        real, acts = getattr(batches, step), [act]

        def stepped(*args: Any) -> Any:
            if acts:
                acts.pop()()
            return real(*args)

        monkeypatch.setattr(batches, step, stepped)

    return arrange


LINE = {
    "openids": {"web": wx("o1"), "mp": wx("m1")},
    "unionids": {"main": wx("u1")},
}


def test_who_signs_in_while_being_brought_in_is_one_user(
    people: People, before: Once
) -> None:
    before("write", lambda: people.signs_in("web", wx("o1"), wx("u1"), name="Ming"))
    [result] = bring_in({**LINE, "name": "from the file"})
    assert (result.outcome, result.uid) == ("linked", user_of("web", wx("o1")).uid)
    assert user_of("mp", wx("m1")).nickname == "Ming"


def test_who_is_deleted_while_gaining_something_is_made_anew(
    people: People, before: Once
) -> None:
    people.signs_in("web", wx("o1"))
    before("_lock", lambda: accounts.delete(user_of("web", wx("o1")).id))
    assert outcomes(bring_in(LINE)) == ["new"]


def test_who_merges_while_gaining_something_gains_it_afterwards(
    people: People, before: Once
) -> None:
    people.signs_in("oa", wx("o0"), wx("u1"))
    people.signs_in("web", wx("o1"))
    before("_lock", lambda: people.signs_in("web", wx("o1"), wx("u1")))
    [result] = bring_in({"openids": {"web": wx("o1"), "lone": wx("l1")}})
    assert (result.outcome, result.uid) == ("linked", user_of("oa", wx("o0")).uid)
    assert identity_of("lone", wx("l1")).user_id == user_of("oa", wx("o0")).id


def test_ids_that_differ_in_case_or_blanks_are_different_ids(people: People) -> None:
    lines = [
        {"openids": {"web": wx(openid)}, "external_id": external_id}
        for openid, external_id in (("oA", "é"), ("oa", "É"), ("oa-", "e"), ("OA", "E"))
    ]
    assert set(outcomes(bring_in(*lines, batch=1))) == {"new"}
    assert set(outcomes(bring_in(*lines))) == {"known"}


def test_a_copy_is_the_same_to_the_last_byte(people: People) -> None:
    bring_in(*a_file(1), {"openids": {"web": wx("x")}, "name": "小明😀" * 40})
    text = exported(site="shop")
    db.engine.dispose()
    before = snapshot()
    assert set(outcomes(bring_in(*text.splitlines()))) == {"known"}
    assert snapshot() == before
