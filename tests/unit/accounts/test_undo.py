"""Telling two merged users apart again."""

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests.support.people import (
    People,
    by_choice,
    check_invariants,
    identity_of,
    merge_id,
    owner_of,
    rows,
    snapshot,
    two_that_merge,
    user_of,
)
from wxlogin.accounts import conflicts
from wxlogin.accounts import people as accounts
from wxlogin.accounts.identities import unlink
from wxlogin.accounts.merges import list_merges, undo
from wxlogin.accounts.models import KeptApart, Merge, User
from wxlogin.accounts.resolve import Outcome
from wxlogin.accounts.sessions import find
from wxlogin.accounts.sign_in import recent_logins
from wxlogin.db import StartOver, db, transaction
from wxlogin.errors import AccountDisabled, Conflict, NotFound


def test_survivor_without_a_profile_takes_the_others(people: People) -> None:
    people.signs_in("oa", "o1")
    people.signs_in("web", "o2", "u1", name="younger")
    people.signs_in("oa", "o1", "u1")
    assert user_of("oa", "o1").nickname == "younger"
    undo(merge_id())
    assert user_of("oa", "o1").nickname == ""
    assert user_of("web", "o2").nickname == "younger"


def test_merge_and_undo_and_sign_in_again_stays_two(people: People) -> None:
    two_that_merge(people)
    undo(merge_id(), at=people.at)
    assert user_of("oa", "o1").id != user_of("web", "o2").id
    for _ in range(2):
        first = people.signs_in("oa", "o1", "u1").resolution
        second = people.signs_in("web", "o2", "u1").resolution
        assert (first.outcome, second.outcome) == (Outcome.known, Outcome.known)
        assert first.user_id != second.user_id == owner_of("u1")
    assert rows(Merge) == 1


def test_undo_gives_each_their_uid_and_rows_back(people: People) -> None:
    two_that_merge(people)
    older, younger = list_merges()[0].survivor_uid, list_merges()[0].merged_uid
    undone = undo(merge_id())
    assert (undone.survivor_uid, undone.restored_uid) == (older, younger)
    assert (user_of("oa", "o1").uid, user_of("web", "o2").uid) == (older, younger)
    assert user_of("web", "o2").nickname == "younger"
    assert identity_of("oa", "o1").unionid is None
    assert identity_of("web", "o2").unionid == "u1"
    assert len(recent_logins(user_of("web", "o2").id)) == 1
    assert accounts.surviving_uid(younger) == younger


def test_undo_ends_the_sessions_of_what_goes_back_only(people: People) -> None:
    two_that_merge(people)
    people.signs_in("web", "o2", "u1", secret="through the other")
    undo(merge_id())
    assert find("through the other", at=people.at) is None
    assert find("merging", at=people.at) is not None


def test_undo_where_the_survivor_had_the_unionid(people: People) -> None:
    people.signs_in("web", "o1", "u1")
    people.signs_in("oa", "o2")
    people.signs_in("oa", "o2", "u1")
    undo(merge_id())
    assert owner_of("u1") == user_of("web", "o1").id != user_of("oa", "o2").id
    assert identity_of("oa", "o2").unionid is None


def test_identity_that_came_later_by_the_unionid_goes_with_it(people: People) -> None:
    two_that_merge(people)
    people.signs_in("mp", "o3", "u1")
    undo(merge_id())
    assert user_of("mp", "o3").id == user_of("web", "o2").id == owner_of("u1")


def test_survivors_own_identity_stays_though_it_learned_the_unionid(
    people: People,
) -> None:
    people.signs_in("oa", "o1")
    own, other = user_of("oa", "o1"), people.signs_in("app", "o4").resolution
    by_choice(people, own, user_of("app", "o4"))
    people.signs_in("web", "o2", "u1")
    people.signs_in("oa", "o1", "u1")
    people.signs_in("app", "o4", "u1")
    undo(merge_id())
    assert user_of("app", "o4").id == user_of("oa", "o1").id == own.id
    assert identity_of("app", "o4").unionid is None
    assert accounts.surviving_uid(other.uid) == own.uid


@pytest.mark.parametrize("order", ["first first", "last first"])
def test_chain_of_merges_can_be_undone_in_any_order(people: People, order: str) -> None:
    people.signs_in("oa", "o1")
    people.signs_in("app", "o2")
    people.signs_in("web", "o3", "u1")
    uids = [user_of(*who).uid for who in [("oa", "o1"), ("app", "o2"), ("web", "o3")]]
    people.signs_in("app", "o2", "u1")
    first = merge_id()
    people.signs_in("oa", "o1", "u1")
    last = merge_id()
    for one in [first, last] if order == "first first" else [last, first]:
        undo(one)
        check_invariants()
    now = [user_of(*who).uid for who in [("oa", "o1"), ("app", "o2"), ("web", "o3")]]
    assert now == uids
    for who in [("oa", "o1"), ("app", "o2"), ("web", "o3")]:
        outcome = people.signs_in(*who, "u1").resolution.outcome
        assert outcome is Outcome.known
    assert rows(User) == 3 and all(m.undone_at for m in list_merges())


def test_two_merged_into_one_come_back_separately(people: People) -> None:
    people.signs_in("oa", "o1")
    people.signs_in("web", "o2", "u1")
    people.signs_in("app", "o3")
    uids = [user_of(*who).uid for who in [("oa", "o1"), ("web", "o2"), ("app", "o3")]]
    people.signs_in("oa", "o1", "u1")
    first = merge_id()
    people.signs_in("app", "o3", "u1")
    second = merge_id()
    undo(first)
    check_invariants()
    assert user_of("app", "o3").uid == user_of("oa", "o1").uid == uids[0]
    undo(second)
    now = [user_of(*who).uid for who in [("oa", "o1"), ("web", "o2"), ("app", "o3")]]
    assert now == uids


def test_kept_apart_holds_for_those_who_were_merged_in_later(people: People) -> None:
    two_that_merge(people)
    undo(merge_id())
    people.signs_in("mp", "o3")
    by_choice(people, user_of("mp", "o3"), user_of("web", "o2"))
    assert people.signs_in("oa", "o1", "u1").resolution.outcome is Outcome.known


def test_choice_takes_the_mark_back(people: People) -> None:
    two_that_merge(people)
    undo(merge_id())
    by_choice(people, user_of("oa", "o1"), user_of("web", "o2"))
    assert rows(KeptApart) == 0
    assert user_of("oa", "o1").id == user_of("web", "o2").id


def test_undo_of_a_disabled_survivor_disables_both(people: People) -> None:
    """security row 54"""
    two_that_merge(people)
    accounts.disable(user_of("oa", "o1").uid)
    undo(merge_id())
    with pytest.raises(AccountDisabled):
        people.signs_in("web", "o2", "u1")


def test_undo_twice_is_refused(people: People) -> None:
    two_that_merge(people)
    undo(merge_id())
    before = snapshot()
    with pytest.raises(Conflict):
        undo(merge_id())
    assert snapshot() == before


def test_undo_of_no_merge_is_not_found(people: People) -> None:
    with pytest.raises(NotFound):
        undo(1)


def test_undo_leaves_nobody_without_an_identity(people: People) -> None:
    people.signs_in("web", "o1", "u1")
    people.signs_in("oa", "o2", "u2")
    by_choice(people, user_of("web", "o1"), user_of("oa", "o2"))
    unlink(user_of("web", "o1").id, identity_of("oa", "o2").id)
    before = snapshot()
    with pytest.raises(Conflict):
        undo(merge_id())
    assert snapshot() == before


def test_kept_apart_pair_is_written_once(people: People) -> None:
    one = people.signs_in("oa", "o1").resolution.user_id
    other = people.signs_in("web", "o2").resolution.user_id

    def twice(session: Session) -> None:
        conflicts.keep_apart(session, one, other, at=people.at)
        conflicts.keep_apart(session, other, one, at=people.at)

    transaction(twice)
    assert rows(KeptApart) == 1


def test_a_merge_that_goes_while_it_is_looked_at_is_looked_for_again(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_that_merge(people)
    (before,) = list_merges()
    found, gone = Session.get, []

    def get(session: Session, model: type, *key: object, **more: object) -> object:
        row = found(session, model, *key, **more)
        if model is Merge and not gone:
            # As by another transaction; it is rolled back with this one.
            gone.append(session.execute(sa.delete(User)))
        return row

    monkeypatch.setattr(Session, "get", get)
    assert undo(before.id, at=people.at).identities
    assert len(gone) == 1


def test_who_is_kept_apart_from_somebody_just_deleted_is_looked_at_again(
    people: People,
) -> None:
    people.signs_in("web", "o1")
    one = user_of("web", "o1").id
    with pytest.raises(StartOver):
        conflicts.keep_apart(db.session, one, one + 1, at=people.at)
    db.session.rollback()
