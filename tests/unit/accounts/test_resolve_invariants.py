"""What holds beside the table: keys, platforms, profiles, closed accounts."""

from datetime import timedelta

import pytest

from tests.support.people import (
    People,
    appid_of,
    identity_of,
    nothing_is_left,
    owner_of,
    rows,
    snapshot,
    user_of,
)
from wxlogin.accounts import people as accounts
from wxlogin.accounts.conflicts import close, list_conflicts
from wxlogin.accounts.models import (
    Identity,
    UnionId,
    User,
)
from wxlogin.accounts.person import Person, Profile
from wxlogin.accounts.resolve import Outcome
from wxlogin.accounts.sessions import find
from wxlogin.errors import (
    AccountDisabled,
    WeChatUnavailable,
)


def test_same_openid_in_two_apps_is_two_identities(people: People) -> None:
    """security row 40"""
    people.signs_in("web", "same")
    people.signs_in("oa", "same")
    assert (rows(User), rows(Identity)) == (2, 2)


def test_same_unionid_in_two_open_platforms_is_two_users(people: People) -> None:
    """security row 40"""
    people.signs_in("web", "o1", "u1", platform="main")
    people.signs_in("oa", "o2", "u1", platform="other")
    assert rows(User) == 2


def test_ids_that_differ_in_case_only_are_two(people: People) -> None:
    people.signs_in("web", "oAbC", "uAbC")
    people.signs_in("web", "oabc", "uabc")
    assert rows(User) == 2


@pytest.mark.parametrize(
    "absent",
    [None, "", " ", "null", "None", "undefined", 0, [], " u1", "u1 ", "u\x001"],
)
def test_absent_unionid_in_every_spelling_is_no_key(
    people: People, absent: object
) -> None:
    """security row 44"""
    people.signs_in("web", "o1", absent)  # type: ignore[arg-type]
    people.signs_in("oa", "o2", absent)  # type: ignore[arg-type]
    assert (rows(User), rows(UnionId)) == (2, 0)


def test_unionid_of_an_app_without_open_platform_is_no_key(people: People) -> None:
    people.signs_in("web", "o1", "u1", platform=None)
    people.signs_in("oa", "o2", "u1", platform=None)
    assert (rows(User), rows(UnionId)) == (2, 0)


@pytest.mark.parametrize("openid", ["", " ", "null", None, 0, "o\x00", "x" * 129])
def test_unusable_openid_is_garbage_of_wechat(openid: object) -> None:
    with pytest.raises(WeChatUnavailable):
        Person("wx1", "website", openid)  # type: ignore[arg-type]


def test_openid_that_looks_like_sql_is_an_openid(people: People) -> None:
    """security row 56"""
    people.signs_in("web", "a' OR '1'='1")
    people.signs_in("web", "o2")
    assert user_of("web", "a' OR '1'='1").id != user_of("web", "o2").id


def test_app_that_moved_to_another_open_platform_keeps_its_people(
    people: People,
) -> None:
    mine = people.signs_in("web", "o1", "old-id", platform="main").resolution
    moved = people.signs_in("web", "o1", "new-id", platform="other").resolution
    assert (moved.outcome, moved.user_id) == (Outcome.backfilled, mine.user_id)
    assert identity_of("web", "o1").open_platform == "other"
    assert owner_of("old-id") == owner_of("new-id", platform="other") == mine.user_id


def test_app_that_moved_merges_by_the_new_platform(people: People) -> None:
    mine = people.signs_in("web", "o1", "old-id", platform="main").resolution
    people.signs_in("oa", "o2", "new-id", platform="other")
    moved = people.signs_in("web", "o1", "new-id", platform="other").resolution
    assert (moved.outcome, moved.user_id) == (Outcome.merged, mine.user_id)


def test_missing_profile_leaves_the_one_there_is(people: People) -> None:
    people.signs_in("web", "o1", name="小明😀")
    people.signs_in("web", "o1")
    user = user_of("web", "o1")
    assert (user.nickname, user.avatar) == ("小明😀", "https://img/小明😀")
    assert user.profile_at == people.at - timedelta(seconds=1)


def test_profile_without_a_name_leaves_the_name(people: People) -> None:
    people.signs_in("web", "o1", name="小明😀")
    nameless = Person(appid_of("web"), "website", "o1", profile=Profile("", None, None))
    people.arrives(nameless)
    assert user_of("web", "o1").nickname == "小明😀"


def test_disabled_user_stays_out_by_every_door(people: People) -> None:
    """security row 54"""
    people.signs_in("web", "o1", "u1", secret="s")
    accounts.disable(user_of("web", "o1").uid, at=people.at)
    before = snapshot()
    for door in [("web", "o1", "u1"), ("web", "o1", None), ("oa", "o2", "u1")]:
        with pytest.raises(AccountDisabled):
            people.signs_in(*door)
    assert snapshot() == before
    assert find("s", at=people.at) is None
    accounts.enable(user_of("web", "o1").uid)
    assert people.signs_in("web", "o1", "u1").resolution.outcome is Outcome.known


def test_deleted_user_is_gone_and_comes_back_as_a_new_one(people: People) -> None:
    """security rows 39 and 54"""
    old = people.signs_in("web", "o1", "u1", grant=people.grant()).resolution
    accounts.delete(old.user_id)
    assert nothing_is_left()
    new = people.signs_in("web", "o1", "u1").resolution
    assert new.outcome is Outcome.created
    assert (new.user_id, new.uid) != (old.user_id, old.uid)


def test_conflict_counts_and_a_closed_one_is_not_listed_again(people: People) -> None:
    people.signs_in("web", "o1", "u1")
    people.signs_in("web", "o1", "u2")
    (first,) = list_conflicts()
    people.signs_in("web", "o1", "u2")
    (conflict,) = list_conflicts()
    assert conflict.count == 2
    assert conflict.last_seen_at - first.last_seen_at == timedelta(seconds=1)
    close(conflict.id, at=people.at)
    people.signs_in("web", "o1", "u2")
    assert list_conflicts() == []
    assert list_conflicts(closed=True)[0].count == 3


def test_shared_made_up_unionid_merges_nobody(people: People) -> None:
    """Two known people whose app sends both the same snapshot unionid."""
    people.signs_in("oa", "o1")
    people.signs_in("oa", "o2")
    people.signs_in("oa", "o1", "fake")
    people.signs_in("oa", "o2", "fake")
    assert rows(User) == 2
    assert len(list_conflicts()) == 1
