"""A site's ids are given to users by many at once: one has each, whatever wins."""

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.services.test_accounts_races import at_once
from tests.support.people import People, accounts_app, check_invariants, rows, user_of
from wxlogin.accounts.merges import Cause, merge
from wxlogin.accounts.models import Event, SiteUser
from wxlogin.db import now, reading, transaction
from wxlogin.errors import AccountGone, ExternalIdFixed, ExternalIdTaken
from wxlogin.sites import members

THREADS = 12


@pytest.fixture
def app(tables_url: str) -> Iterator[Flask]:
    with accounts_app(tables_url) as made:
        yield made
        check_invariants()


def connects(user_id: int, external_id: str) -> str:
    """How it ended."""
    try:
        transaction(
            lambda session: members.connect(
                session, "shop", user_id, external_id, at=now(), terms_version=None
            )
        )
    except (ExternalIdTaken, ExternalIdFixed) as error:
        return error.code
    return "connected"


def users(count: int) -> list[int]:
    people = People()
    for number in range(count):
        people.signs_in("web", f"o{number}")
    return [user_of("web", f"o{number}").id for number in range(count)]


def external_ids() -> list[str | None]:
    with reading() as session:
        return [row.external_id for row in session.query(SiteUser)]


def test_one_id_for_many_users(app: Flask) -> None:
    ids = users(THREADS)
    ends = at_once(app, lambda n: connects(ids[n], "c-1"), THREADS)
    assert sorted(ends) == ["connected"] + ["external_id_taken"] * (THREADS - 1)
    found = members.by_external_id("shop", "c-1")
    assert found is not None
    assert found.user_id == ids[ends.index("connected")]
    assert (rows(SiteUser), rows(Event)) == (1, 1)


def test_many_ids_for_one_user(app: Flask) -> None:
    [user_id] = users(1)
    ends = at_once(app, lambda n: connects(user_id, f"c-{n}"), THREADS)
    assert sorted(ends) == ["connected"] + ["external_id_fixed"] * (THREADS - 1)
    assert external_ids() == [f"c-{ends.index('connected')}"]
    assert rows(Event) == 1


def test_the_same_many_times(app: Flask) -> None:
    [user_id] = users(1)
    ends = at_once(app, lambda n: connects(user_id, "c-1"), THREADS)
    assert ends == ["connected"] * THREADS
    assert (external_ids(), rows(Event)) == (["c-1"], 1)


def test_while_the_users_become_one(app: Flask) -> None:
    """An id is given before the merge, or refused for a user who is gone."""
    one, two = users(2)

    def acts(number: int) -> str:
        if number == 0:
            transaction(lambda s: merge(s, one, two, cause=Cause.choice, at=now()))
            return "merged"
        try:
            return connects((one, two)[number % 2], f"c-{number % 2}")
        except AccountGone:
            return "gone"

    at_once(app, acts, THREADS)
    for external_id in filter(None, external_ids()):
        found = members.by_external_id("shop", external_id)
        assert found is not None
        assert found.user_id == one
