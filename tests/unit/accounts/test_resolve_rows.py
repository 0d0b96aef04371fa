"""Each row of the table in `wxlogin.accounts.resolve`, by its own test."""

import pytest
import sqlalchemy as sa

from tests.support.people import (
    People,
    identity_of,
    owner_of,
    rows,
    set_by_hand,
    snapshot,
    user_of,
)
from wxlogin.accounts import people as accounts
from wxlogin.accounts.conflicts import Reason, list_conflicts
from wxlogin.accounts.models import Identity, Merge, UnionId, User
from wxlogin.accounts.resolve import Outcome, Unknown, resolve
from wxlogin.db import reading, transaction
from wxlogin.errors import AccountDisabled, IdentityConflict


def test_nobody_known_creates_user_identity_and_unionid(people: People) -> None:
    result = people.signs_in("web", "o1", "u1", name="小明😀")
    assert result.resolution.outcome is Outcome.created
    assert (rows(User), rows(Identity), rows(UnionId)) == (1, 1, 1)
    user = user_of("web", "o1")
    assert (user.nickname, user.profile_at) == ("小明😀", people.at)
    assert user.uid == result.resolution.uid
    assert len(user.uid) == 22 and user.uid.isalnum()


def test_nobody_known_may_be_answered_unknown_with_nothing_written(
    people: People,
) -> None:
    person = people.person("web", "o1", "u1")
    before = snapshot()
    answer = transaction(lambda s: resolve(s, person, at=people.at, create=False))
    assert answer == Unknown()
    assert snapshot() == before


def test_known_unionid_unknown_openid_adds_the_identity(people: People) -> None:
    first = people.signs_in("web", "o1", "u1").resolution
    second = people.signs_in("oa", "o2", "u1").resolution
    assert (second.outcome, second.user_id) == (Outcome.added, first.user_id)
    assert (rows(User), rows(Identity), rows(UnionId)) == (1, 2, 1)


def test_adding_is_done_where_creating_is_not_wanted(people: People) -> None:
    people.signs_in("web", "o1", "u1")
    person = people.person("oa", "o2", "u1")
    answer = transaction(lambda s: resolve(s, person, at=people.at, create=False))
    assert not isinstance(answer, Unknown) and answer.outcome is Outcome.added


def test_unknown_openid_under_a_unionid_that_has_another_one_gets_no_account(
    people: People,
) -> None:
    people.signs_in("web", "o1", "u1")
    with pytest.raises(IdentityConflict) as refused:
        people.signs_in("web", "o2", "u1")
    assert "u1" not in str(refused.value) and "o2" not in str(refused.value)
    assert (rows(User), rows(Identity)) == (1, 1)
    (conflict,) = list_conflicts()
    assert (conflict.reason, conflict.openid) == (Reason.shared_unionid, "o2")
    assert (conflict.uid, conflict.owner_uid) == (None, user_of("web", "o1").uid)


def test_no_unionid_in_the_answer_falls_back_to_the_openid(people: People) -> None:
    first = people.signs_in("web", "o1", "u1").resolution
    again = people.signs_in("web", "o1").resolution
    assert (again.outcome, again.user_id) == (Outcome.known, first.user_id)
    assert identity_of("web", "o1").unionid == "u1"


def test_late_unionid_is_backfilled(people: People) -> None:
    """security row 47 a"""
    first = people.signs_in("oa", "o1").resolution
    late = people.signs_in("oa", "o1", "u1").resolution
    assert (late.outcome, late.user_id) == (Outcome.backfilled, first.user_id)
    assert owner_of("u1") == first.user_id
    assert identity_of("oa", "o1").unionid == "u1"


def test_unionid_of_the_same_user_refreshes_the_profile(people: People) -> None:
    first = people.signs_in("web", "o1", "u1", name="old").resolution
    again = people.signs_in("web", "o1", "u1", name="new").resolution
    assert (again.outcome, again.user_id) == (Outcome.known, first.user_id)
    assert user_of("web", "o1").nickname == "new"


def test_unionid_of_the_same_user_is_noted_on_an_identity_without_one(
    people: People,
) -> None:
    people.signs_in("oa", "o1")
    people.signs_in("web", "o2", "u1")
    people.signs_in("oa", "o1", "u1")  # merges
    people.signs_in("mp", "o3", "u1")
    set_by_hand(Identity, identity_of("mp", "o3").id, open_platform=None, unionid=None)
    known = people.signs_in("mp", "o3", "u1").resolution
    assert known.outcome is Outcome.known
    assert identity_of("mp", "o3").unionid == "u1"


def test_unionid_of_another_user_merges_and_the_older_account_survives(
    people: People,
) -> None:
    """security row 47 b"""
    older = people.signs_in("oa", "o1").resolution
    younger = people.signs_in("web", "o2", "u1").resolution
    merged = people.signs_in("oa", "o1", "u1").resolution
    assert (merged.outcome, merged.uid) == (Outcome.merged, older.uid)
    assert merged.merged_uid == younger.uid
    assert user_of("web", "o2").id == older.user_id == owner_of("u1")
    assert rows(Merge) == 1


def test_the_account_of_the_unionid_survives_where_it_is_older(people: People) -> None:
    older = people.signs_in("web", "o2", "u1").resolution
    younger = people.signs_in("oa", "o1").resolution
    merged = people.signs_in("oa", "o1", "u1").resolution
    assert (merged.uid, merged.merged_uid) == (older.uid, younger.uid)


@pytest.mark.parametrize("which", ["oa", "web"])
def test_no_merge_where_one_side_is_disabled(people: People, which: str) -> None:
    """security row 54"""
    people.signs_in("oa", "o1")
    people.signs_in("web", "o2", "u1")
    accounts.disable(user_of(which, {"oa": "o1", "web": "o2"}[which]).uid)
    before = snapshot()
    with pytest.raises(AccountDisabled):
        people.signs_in("oa", "o1", "u1")
    assert snapshot() == before


@pytest.mark.parametrize("owner", ["nobody", "somebody", "the same user"])
def test_another_unionid_than_the_one_on_record_is_a_conflict(
    people: People, owner: str
) -> None:
    """security row 53"""
    mine = people.signs_in("web", "o1", "u1", name="me").resolution
    if owner != "nobody":
        people.signs_in("oa", "o2", "u2")
    if owner == "the same user":
        people.signs_in("mp", "o3", "u1")
        set_by_hand(
            Identity, identity_of("mp", "o3").id, open_platform=None, unionid=None
        )
        people.signs_in("mp", "o3", "u2")  # merges the two unionids' users
    unionid_owner = owner_of("u2")
    result = people.signs_in("web", "o1", "u2", name="not me").resolution
    assert (result.outcome, result.user_id) == (Outcome.conflict, mine.user_id)
    assert identity_of("web", "o1").unionid == "u1"
    assert owner_of("u2") == unionid_owner
    assert user_of("web", "o1").nickname == "me"
    (conflict,) = list_conflicts()
    assert conflict.reason is Reason.changed_unionid
    assert conflict.uid == mine.uid


def test_known_openid_under_a_unionid_with_another_openid_signs_in_by_openid(
    people: People,
) -> None:
    people.signs_in("web", "o1", "u1")
    mine = people.signs_in("web", "o2").resolution
    result = people.signs_in("web", "o2", "u1").resolution
    assert (result.outcome, result.user_id) == (Outcome.conflict, mine.user_id)
    assert identity_of("web", "o2").unionid is None
    assert (rows(User), rows(Merge)) == (2, 0)
    assert list_conflicts()[0].reason is Reason.shared_unionid


def test_unionid_on_record_that_belongs_to_another_user_is_a_conflict(
    people: People,
) -> None:
    """Only a database that was changed by hand looks like this."""
    mine = people.signs_in("web", "o1", "u1").resolution
    other = people.signs_in("oa", "o2", "u2").resolution
    with reading() as session:
        mine_too = sa.select(UnionId.id).filter_by(user_id=mine.user_id)
        unionid_row = session.scalars(mine_too).one()
    set_by_hand(UnionId, unionid_row, user_id=other.user_id)
    result = people.signs_in("web", "o1", "u1").resolution
    assert (result.outcome, result.user_id) == (Outcome.conflict, mine.user_id)
    set_by_hand(UnionId, unionid_row, user_id=mine.user_id)
