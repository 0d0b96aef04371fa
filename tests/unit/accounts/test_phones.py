"""Phone numbers: one for each identity, sealed, gone with it, and no key to anybody."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.support.people import (
    SEALER,
    START,
    People,
    identity_of,
    rows,
    user_of,
)
from wxlogin.accounts import people as users
from wxlogin.accounts import phones
from wxlogin.accounts.models import PhoneNumber
from wxlogin.accounts.phones import KeptPhone
from wxlogin.accounts.resealing import Resealed
from wxlogin.db import reading, transaction
from wxlogin.security.sealing import Sealer
from wxlogin.wechat.open_data import PhoneNumber as Phone

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
HOME, ABROAD = Phone("86", "13800138000"), Phone("852", "91234567")


@pytest.fixture
def giver(people: People) -> int:
    """小明's identity in a mini program."""
    people.signs_in("mp", "o1")
    return identity_of("mp", "o1").id


def keep(identity_id: int, phone: Phone, *, at=START, sealer: Sealer = SEALER) -> None:
    transaction(
        lambda session: phones.store(session, identity_id, phone, sealer=sealer, at=at)
    )


def sealed() -> list[bytes]:
    with reading() as session:
        return list(session.scalars(sa.select(PhoneNumber.number)))


def test_the_last_number_of_an_identity_counts(giver: int) -> None:
    keep(giver, HOME)
    later = START + timedelta(days=1)
    keep(giver, ABROAD, at=later)
    appid = identity_of("mp", "o1").appid
    kept = phones.of_user(user_of("mp", "o1").id, SEALER)
    assert kept == [KeptPhone(appid, ABROAD, later)]


def test_a_copy_of_the_table_tells_no_number(giver: int) -> None:
    """security row 35: and one number is sealed in another way each time."""
    keep(giver, HOME)
    first = sealed()
    keep(giver, HOME)
    assert sealed() != first
    assert not any(HOME.number.encode() in one for one in sealed())


def test_a_number_is_sealed_for_its_identity(people: People, giver: int) -> None:
    keep(giver, HOME)
    assert phones.opened(sealed()[0], giver, SEALER) == HOME
    assert phones.opened(sealed()[0], giver + 1, SEALER) is None


def test_it_goes_with_the_person(giver: int) -> None:
    keep(giver, HOME)
    users.delete(user_of("mp", "o1").id)
    assert rows(PhoneNumber) == 0


def test_in_a_merge_it_goes_where_its_identity_goes(people: People) -> None:
    people.signs_in("oa", "o1")
    people.signs_in("mp", "o2", "u1")
    keep(identity_of("mp", "o2").id, HOME)
    people.signs_in("oa", "o1", "u1")
    (kept,) = phones.of_user(user_of("oa", "o1").id, SEALER)
    assert kept.phone == HOME


def test_they_are_sealed_again(giver: int) -> None:
    """security row 36"""
    keep(giver, HOME, sealer=Sealer([OLD]))
    both = Sealer([NEW, OLD])
    assert phones.reseal_all(both) == Resealed(1, 0)
    assert phones.reseal_all(both) == Resealed(0, 0)
    assert phones.opened(sealed()[0], giver, Sealer([NEW])) == HOME
