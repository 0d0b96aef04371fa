"""Grants: sealed in place, refreshed by one process at a time, re-sealed online."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests.support.people import SEALER, START, People, identity_of, rows, set_by_hand
from wxlogin.accounts import grants, resealing
from wxlogin.accounts.grants import NewGrant, reseal_all
from wxlogin.accounts.models import Grant
from wxlogin.accounts.resealing import Resealed
from wxlogin.db import reading, transaction
from wxlogin.security.sealing import SealBroken, Sealer

OLD, NEW = bytes(range(32)), bytes(range(32, 64))


@pytest.fixture
def grant_of(people: People) -> int:
    """The id of an identity with a grant."""
    people.signs_in("web", "o1", grant=people.grant())
    return identity_of("web", "o1").id


def stored(identity_id: int) -> Grant:
    with reading() as session:
        query = sa.select(Grant).where(Grant.identity_id == identity_id)
        return session.scalars(query).one()


def test_grant_comes_back_as_it_was_given(people: People, grant_of: int) -> None:
    grant = grants.load(grant_of, SEALER)
    assert grant is not None
    assert (grant.access_token, grant.refresh_token) == ("access-one", "refresh-one")
    assert (grant.scope, grant.authorized_at) == ("snsapi_login", START)
    assert grant.expires_at == people.at + timedelta(hours=2)
    assert grant.version == 1


def test_tokens_are_in_no_repr_and_no_column(people: People, grant_of: int) -> None:
    """security row 30"""
    assert "access-one" not in repr(grants.load(grant_of, SEALER))
    assert "access-one" not in repr(people.grant())
    row = stored(grant_of)
    assert b"access-one" not in row.access_token
    assert b"refresh-one" not in row.refresh_token


def test_no_grant_is_none(people: People) -> None:
    """security row 39: without tokens to keep there is no row"""
    people.signs_in("web", "o1", grant=None)
    assert grants.load(identity_of("web", "o1").id, SEALER) is None
    assert rows(Grant) == 0


def test_new_login_replaces_the_grant(people: People, grant_of: int) -> None:
    people.signs_in("web", "o1", grant=people.grant("two"))
    grant = grants.load(grant_of, SEALER)
    assert grant is not None and grant.access_token == "access-two"
    assert (grant.version, rows(Grant)) == (2, 1)


def test_changed_bit_is_refused(people: People, grant_of: int) -> None:
    """security row 35"""
    row = stored(grant_of)
    broken = row.access_token[:-1] + bytes([row.access_token[-1] ^ 1])
    set_by_hand(Grant, row.id, access_token=broken)
    with pytest.raises(SealBroken):
        grants.load(grant_of, SEALER)


def test_swapped_rows_and_columns_are_refused(people: People, grant_of: int) -> None:
    """security row 35"""
    people.signs_in("web", "o2", grant=people.grant("two"))
    other = identity_of("web", "o2").id
    one, two = stored(grant_of), stored(other)
    set_by_hand(Grant, one.id, access_token=two.access_token)
    set_by_hand(Grant, two.id, access_token=one.access_token)
    for identity_id in (grant_of, other):
        with pytest.raises(SealBroken):
            grants.load(identity_id, SEALER)
    set_by_hand(Grant, one.id, access_token=one.refresh_token)
    with pytest.raises(SealBroken):
        grants.load(grant_of, SEALER)


def test_same_token_is_sealed_differently_each_time(
    people: People, grant_of: int
) -> None:
    """security row 35"""
    first = stored(grant_of).access_token
    people.signs_in("web", "o1", grant=people.grant())
    assert stored(grant_of).access_token != first


def test_only_one_process_may_refresh(people: People, grant_of: int) -> None:
    assert grants.claim_refresh(grant_of, 1, at=people.at)
    assert not grants.claim_refresh(grant_of, 1, at=people.at + timedelta(seconds=9))


def test_claim_of_a_killed_worker_runs_out(people: People, grant_of: int) -> None:
    assert grants.claim_refresh(grant_of, 1, at=people.at)
    assert grants.claim_refresh(grant_of, 1, at=people.at + grants.LEASE)


def test_claim_may_be_given_back(people: People, grant_of: int) -> None:
    assert grants.claim_refresh(grant_of, 1, at=people.at)
    grants.release(grant_of, 1)
    assert grants.claim_refresh(grant_of, 1, at=people.at)


def test_refreshed_tokens_end_the_claim(people: People, grant_of: int) -> None:
    assert grants.claim_refresh(grant_of, 1, at=people.at)
    fresh = people.grant("two")
    assert grants.replace(grant_of, 1, fresh, sealer=SEALER, at=people.at)
    grant = grants.load(grant_of, SEALER)
    assert grant is not None
    assert (grant.access_token, grant.version) == ("access-two", 2)
    assert not grants.claim_refresh(grant_of, 1, at=people.at)
    assert grants.claim_refresh(grant_of, 2, at=people.at)


def test_late_refresh_does_not_replace_a_newer_login(
    people: People, grant_of: int
) -> None:
    assert grants.claim_refresh(grant_of, 1, at=people.at)
    people.signs_in("web", "o1", grant=people.grant("newer"))
    assert not grants.replace(grant_of, 1, people.grant("late"), sealer=SEALER)
    grants.mark_dead(grant_of, 1, sealer=SEALER)
    grant = grants.load(grant_of, SEALER)
    assert grant is not None and grant.access_token == "access-newer"


def test_dead_grant_is_none_until_the_next_login(people: People, grant_of: int) -> None:
    grants.mark_dead(grant_of, 1, sealer=SEALER)
    assert grants.load(grant_of, SEALER) is None
    assert not grants.claim_refresh(grant_of, 2, at=people.at)
    people.signs_in("web", "o1", grant=people.grant("two"))
    assert grants.load(grant_of, SEALER) is not None


def many_grants(people: People, count: int) -> list[int]:
    for number in range(count):
        people.signs_in("web", f"o{number}", grant=people.grant(str(number)))
    return [identity_of("web", f"o{number}").id for number in range(count)]


def test_keys_rotate_and_the_old_one_can_go(people: People) -> None:
    """security row 36"""
    identities = many_grants(people, 7)
    both = Sealer([NEW, OLD])
    assert reseal_all(both, batch=3) == Resealed(resealed=7, broken=0)
    assert reseal_all(both, batch=3) == Resealed(resealed=0, broken=0)
    only_new = Sealer([NEW])
    tokens = [grants.load(one, only_new) for one in identities]
    assert [t and t.access_token for t in tokens] == [f"access-{n}" for n in range(7)]


def test_rotation_that_was_killed_goes_on(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """security row 36"""
    identities = many_grants(people, 7)
    both = Sealer([NEW, OLD])
    batches = iter([True, True, False])
    write = resealing._write

    def killed(session: Session, changes: list[sa.Update | None]) -> int:
        if not next(batches):
            raise KeyboardInterrupt
        return write(session, changes)

    monkeypatch.setattr(resealing, "_write", killed)
    with pytest.raises(KeyboardInterrupt):
        reseal_all(both, batch=2)
    monkeypatch.undo()
    assert all(grants.load(one, both) for one in identities)
    assert reseal_all(both, batch=2) == Resealed(resealed=3, broken=0)
    assert all(grants.load(one, Sealer([NEW])) for one in identities)


def test_login_during_the_rotation_wins(
    people: People, grant_of: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """security row 36"""
    both = Sealer([NEW, OLD])
    write = resealing._write

    def after_a_login(session: Session, changes: list[sa.Update | None]) -> int:
        grants.store(
            session, grant_of, people.grant("newer"), sealer=both, at=people.at
        )
        return write(session, changes)

    monkeypatch.setattr(resealing, "_write", after_a_login)
    assert reseal_all(both) == Resealed(resealed=0, broken=0)
    grant = grants.load(grant_of, Sealer([NEW]))
    assert grant is not None and grant.access_token == "access-newer"


def test_rotation_counts_what_no_key_opens(people: People, grant_of: int) -> None:
    assert reseal_all(Sealer([NEW])) == Resealed(resealed=0, broken=1)
    assert grants.load(grant_of, SEALER) is not None


def test_refresh_keeps_the_day_of_the_authorization(
    people: People, grant_of: int
) -> None:
    kept = NewGrant("a", "r", "snsapi_login", 7200, START)
    transaction(lambda s: grants.store(s, grant_of, kept, sealer=SEALER, at=people.at))
    grant = grants.load(grant_of, SEALER)
    assert grant is not None and grant.authorized_at == START
