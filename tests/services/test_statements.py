"""Rows that another request may have written first, on each database."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.people import START, accounts_app
from wxlogin.accounts.models import Identity, UnionId, User
from wxlogin.accounts.person import Person
from wxlogin.accounts.resolve import insert_identity, insert_unionid
from wxlogin.db import StartOver, transaction
from wxlogin.db.statements import insert, insert_or_ignore


@pytest.fixture
def users(database_url: str) -> Iterator[tuple[int, int]]:
    """Two users without anything."""
    with accounts_app(database_url):
        yield tuple(transaction(lambda s: [_user(s, uid) for uid in ("one", "two")]))


def _user(session: Any, uid: str) -> int:
    times = {"created_at": START, "last_seen_at": START}
    return insert(session, User, {"uid": uid, **times})


def _person(openid: str) -> Person:
    return Person("wx1", "website", openid, "main", "the-unionid")


def test_the_second_is_told_that_the_row_is_not_theirs(users: tuple[int, int]) -> None:
    values = {"open_platform": "main", "unionid": "u", "created_at": START}

    def owner(user_id: int) -> tuple[Any, ...] | None:
        return transaction(
            lambda s: insert_or_ignore(
                s, UnionId, {**values, "user_id": user_id}, UnionId.user_id
            )
        )

    one, two = users
    assert owner(one) == (one,)
    assert owner(two) in (None, (one,))


def test_openid_and_unionid_go_to_the_first(users: tuple[int, int]) -> None:
    one, two = users
    person = _person("the-openid")
    transaction(lambda s: insert_unionid(s, person, one, at=START))
    identity = transaction(lambda s: insert_identity(s, person, one, at=START))
    assert transaction(lambda s: s.get_one(Identity, identity).user_id) == one
    for take in (insert_unionid, insert_identity):
        with pytest.raises(StartOver):
            _once(lambda s, take=take: take(s, person, two, at=START))


def test_another_openid_of_the_app_is_not_taken_for_this_one(
    users: tuple[int, int],
) -> None:
    """The row in the way is this user's, but of another openid."""
    one, _ = users
    transaction(lambda s: insert_identity(s, _person("first"), one, at=START))
    with pytest.raises(StartOver):
        _once(lambda s: insert_identity(s, _person("second"), one, at=START))


def _once(work: Any) -> None:
    """A transaction that does not start over."""
    raised: list[StartOver] = []

    def once(session: Any) -> None:
        try:
            work(session)
        except StartOver as error:
            raised.append(error)

    transaction(once)
    if raised:
        raise raised[0]
