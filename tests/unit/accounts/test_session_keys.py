"""Session keys of mini programs: the last three of an identity, sealed."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.support.people import (
    SEALER,
    START,
    People,
    identity_of,
    rows,
    set_by_hand,
    two_that_merge,
    user_of,
)
from wxlogin.accounts import people as users
from wxlogin.accounts import session_keys
from wxlogin.accounts.models import SessionKey
from wxlogin.accounts.resealing import Resealed
from wxlogin.db import reading, transaction
from wxlogin.security.sealing import Sealer

OLD, NEW = bytes(range(32)), bytes(range(32, 64))


@pytest.fixture
def xiaoming(people: People) -> int:
    """小明's identity in a mini program."""
    people.signs_in("mp", "o1")
    return identity_of("mp", "o1").id


def keep(identity_id: int, *keys: str, minute: int = 0) -> None:
    """WeChat gives these keys, one a minute."""
    for number, key in enumerate(keys, minute):
        at = START + timedelta(minutes=number)
        transaction(
            lambda session, key=key, at=at: session_keys.store(
                session, identity_id, key, sealer=SEALER, at=at
            )
        )


def stored() -> list[SessionKey]:
    with reading() as session:
        return list(session.scalars(sa.select(SessionKey).order_by(SessionKey.id)))


def test_the_last_three_are_kept_the_newest_first(xiaoming: int) -> None:
    """security row 65"""
    keep(xiaoming, "one", "two", "three", "four")
    assert session_keys.last(xiaoming, SEALER) == ["four", "three", "two"]
    assert rows(SessionKey) == 3


def test_the_same_key_again_takes_no_ones_place(xiaoming: int) -> None:
    keep(xiaoming, "one", "two", "one", "one", "one")
    assert session_keys.last(xiaoming, SEALER) == ["one", "two"]
    assert [row.at for row in stored()] == [
        START + timedelta(minutes=4),
        START + timedelta(minutes=1),
    ]


def test_a_stranger_has_none(xiaoming: int) -> None:
    assert session_keys.last(xiaoming, SEALER) == []


def test_each_identity_has_its_own(people: People, xiaoming: int) -> None:
    people.signs_in("mp2", "o1")
    keep(xiaoming, "one")
    keep(identity_of("mp2", "o1").id, "another")
    assert session_keys.last(xiaoming, SEALER) == ["one"]


def test_what_is_stored_is_sealed(xiaoming: int) -> None:
    """security row 57"""
    keep(xiaoming, "4Mhn8IM6WGTk+g4X/5CnWA==")
    assert b"4Mhn8IM6WGTk" not in stored()[0].session_key


def test_a_key_moved_to_another_identity_does_not_open(
    people: People, xiaoming: int
) -> None:
    """security row 35"""
    people.signs_in("mp", "o2")
    other = identity_of("mp", "o2").id
    keep(xiaoming, "one")
    keep(other, "another")
    set_by_hand(SessionKey, stored()[1].id, session_key=stored()[0].session_key)
    assert session_keys.last(other, SEALER) == []
    keep(other, "new", minute=1)
    assert session_keys.last(other, SEALER) == ["new"]


def test_they_are_forgotten_after_a_month(xiaoming: int) -> None:
    """security row 57"""
    keep(xiaoming, "one", "two")
    assert session_keys.forget_old(START + session_keys.KEEP) == 1
    assert session_keys.last(xiaoming, SEALER) == ["two"]


def test_they_go_with_the_person(xiaoming: int) -> None:
    """security row 39"""
    keep(xiaoming, "one")
    users.delete(user_of("mp", "o1").id)
    assert rows(SessionKey) == 0


def test_they_stay_with_the_identity_in_a_merge(people: People) -> None:
    people.signs_in("oa", "o1")
    keep(identity_of("oa", "o1").id, "one")
    two_that_merge(people)
    assert session_keys.last(identity_of("oa", "o1").id, SEALER) == ["one"]


def test_they_are_sealed_again_with_the_first_key(xiaoming: int) -> None:
    """security row 36"""
    keep(xiaoming, "one", "two", "three")
    both = Sealer([NEW, OLD])
    assert session_keys.reseal_all(both, batch=2) == Resealed(3, 0)
    assert session_keys.reseal_all(both, batch=2) == Resealed(0, 0)
    assert session_keys.last(xiaoming, Sealer([NEW])) == ["three", "two", "one"]
    assert session_keys.reseal_all(Sealer([OLD])) == Resealed(0, 3)
