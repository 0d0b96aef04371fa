"""Merging two users, and deleting one that was merged."""

from datetime import timedelta

import pytest

from tests.support.people import (
    People,
    by_choice,
    nothing_is_left,
    owner_of,
    rows,
    snapshot,
    two_that_merge,
    user_of,
)
from wxlogin.accounts import people as accounts
from wxlogin.accounts.merges import Cause, list_merges
from wxlogin.accounts.models import Merge
from wxlogin.accounts.resolve import Outcome
from wxlogin.accounts.sessions import find
from wxlogin.accounts.sign_in import recent_logins
from wxlogin.errors import AccountDisabled, AccountGone


def test_merge_moves_all_rows_and_keeps_them_on_record(people: People) -> None:
    two_that_merge(people)
    survivor = user_of("oa", "o1")
    assert user_of("web", "o2").id == survivor.id == owner_of("u1")
    (merge,) = list_merges()
    assert (merge.survivor_uid, merge.identities) == (survivor.uid, 1)
    assert (merge.cause, merge.undone_at) == (Cause.unionid, None)
    assert len(recent_logins(survivor.id)) == 3


def test_merge_ends_the_sessions_of_the_account_that_goes(people: People) -> None:
    """security row 47 b"""
    two_that_merge(people)
    assert find("younger", at=people.at) is None
    assert find("older", at=people.at) is not None
    assert find("merging", at=people.at) is not None


def test_merge_keeps_the_survivors_profile(people: People) -> None:
    two_that_merge(people)
    assert user_of("web", "o2").nickname == "older"


def test_accounts_of_the_same_moment_merge_into_the_smaller_id(people: People) -> None:
    first = people.signs_in("oa", "o1").resolution
    people.at -= timedelta(seconds=1)
    people.signs_in("web", "o2", "u1")
    merged = people.signs_in("oa", "o1", "u1").resolution
    assert merged.user_id == first.user_id


def test_merging_again_changes_nothing(people: People) -> None:
    """security row 48"""
    two_that_merge(people)
    before = rows(Merge)
    again = people.signs_in("oa", "o1", "u1").resolution
    assert (again.outcome, rows(Merge)) == (Outcome.known, before)


def test_uid_resolves_through_any_number_of_merges(people: People) -> None:
    uids = [people.signs_in("oa", f"o{n}").resolution.uid for n in range(5)]
    users = [user_of("oa", f"o{n}") for n in range(5)]
    for younger, older in [(4, 3), (3, 2), (2, 1), (1, 0)]:
        by_choice(people, users[younger], users[older])
    assert {accounts.surviving_uid(uid) for uid in uids} == {uids[0]}
    account = accounts.find_user(uids[4])
    assert account is not None and account.former_uids == uids[1:]


def test_deletion_takes_everyone_who_was_merged_in(people: People) -> None:
    """security row 39"""
    two_that_merge(people)
    people.signs_in("oa", "o1", "u9")  # a conflict
    accounts.delete(user_of("oa", "o1").id)
    assert nothing_is_left()


def test_deletion_removes_what_others_rows_say_of_the_person(people: People) -> None:
    """security row 39"""
    people.signs_in("web", "o1", "u1")
    people.signs_in("web", "o1", "the-other")  # a conflict: nobody has it yet
    gone = people.signs_in("oa", "o2", "the-other").resolution
    accounts.delete(gone.user_id)
    assert "the-other" not in repr(snapshot())
    assert "o1" in repr(snapshot())


def test_deleted_user_cannot_be_merged(people: People) -> None:
    people.signs_in("oa", "o1")
    people.signs_in("web", "o2")
    one, other = user_of("oa", "o1"), user_of("web", "o2")
    accounts.delete(other.id)
    with pytest.raises(AccountGone):
        by_choice(people, one, other)


@pytest.mark.parametrize("which", ["oa", "web"])
def test_disabled_user_cannot_be_merged_by_choice(people: People, which: str) -> None:
    """security row 54"""
    people.signs_in("oa", "o")
    people.signs_in("web", "o")
    accounts.disable(user_of(which, "o").uid)
    before = snapshot()
    with pytest.raises(AccountDisabled):
        by_choice(people, user_of("oa", "o"), user_of("web", "o"))
    assert snapshot() == before
