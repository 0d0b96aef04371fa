"""Pictures on record: kept, found, and whose they are after a merge."""

import pytest

from tests.support.people import (
    People,
    appid_of,
    by_choice,
    merge_id,
    rows,
    set_by_hand,
    two_that_merge,
    user_of,
)
from wxlogin.accounts import avatars
from wxlogin.accounts import people as accounts
from wxlogin.accounts.merges import undo
from wxlogin.accounts.models import Avatar, User
from wxlogin.accounts.person import Profile

OLDER, YOUNGER = b"jpeg of the older", b"jpeg of the younger"


def url(name: str) -> str:
    return f"https://img/{name}"


def keeps(user: User, picture: bytes | None) -> None:
    assert user.avatar
    assert avatars.keep(user.id, url=user.avatar, picture=picture)


def shown(user: User) -> bytes | None:
    """What pages show of this user."""
    version = avatars.version_of(user.id)
    return avatars.find(user.uid, version) if version else None


@pytest.fixture
def someone(people: People) -> User:
    people.signs_in("web", "o1", "u1", name="someone")
    return user_of("web", "o1")


@pytest.fixture
def two(people: People) -> tuple[User, User]:
    """Two accounts with names, the older one first."""
    people.signs_in("oa", "o1", name="older")
    people.signs_in("web", "o2", "u1", name="younger")
    return user_of("oa", "o1"), user_of("web", "o2")


def test_a_picture_is_kept_and_found(someone):
    keeps(someone, OLDER)
    assert shown(someone) == OLDER
    assert avatars.find(someone.uid, "") is None
    found = avatars.on_record(someone.id)
    assert found == avatars.OnRecord(url("someone"), fetched=True)


def test_the_address_changes_with_the_picture_alone(someone):
    keeps(someone, OLDER)
    first = avatars.version_of(someone.id)
    keeps(someone, OLDER)
    assert avatars.version_of(someone.id) == first
    keeps(someone, YOUNGER)
    assert avatars.version_of(someone.id) != first
    assert first is not None
    assert avatars.find(someone.uid, first) is None
    assert rows(Avatar) == 1


def test_that_there_is_none_is_kept_too(someone):
    keeps(someone, None)
    assert avatars.version_of(someone.id) is None
    found = avatars.on_record(someone.id)
    assert found is not None
    assert found.fetched


def test_another_address_is_to_be_fetched_while_the_old_picture_stays(someone, people):
    keeps(someone, OLDER)
    people.signs_in("web", "o1", "u1", name="changed")
    found = avatars.on_record(someone.id)
    assert found == avatars.OnRecord(url("changed"), fetched=False)
    assert shown(someone) == OLDER


def test_a_picture_that_comes_too_late_is_not_kept(someone, people):
    people.signs_in("web", "o1", "u1", name="changed")
    assert not avatars.keep(someone.id, url=url("someone"), picture=OLDER)
    accounts.delete(someone.id)
    assert not avatars.keep(someone.id, url=url("changed"), picture=OLDER)
    assert rows(Avatar) == 0


def test_who_has_no_address_has_nothing_to_fetch(people):
    people.signs_in("web", "o1", "u1")
    assert avatars.on_record(user_of("web", "o1").id) is None
    assert avatars.on_record(99) is None


def test_what_a_sign_in_knows_names_the_picture_we_have(someone):
    known = accounts.known(appid_of("web"), "o1")
    assert known is not None
    assert (known.avatar, known.picture_source) == (url("someone"), None)
    keeps(someone, OLDER)
    known = accounts.known(appid_of("web"), "o1")
    assert known is not None
    assert known.picture_source == avatars.source_of(url("someone"))


def test_the_survivor_of_a_merge_keeps_its_own(two, people):
    older, younger = two
    keeps(older, OLDER)
    keeps(younger, YOUNGER)
    old_address = avatars.version_of(younger.id)
    by_choice(people, older, younger)
    assert shown(older) == OLDER
    # An address that was given out before still leads to the picture.
    assert old_address is not None
    assert avatars.find(younger.uid, old_address) == YOUNGER
    assert avatars.find(older.uid, old_address) == YOUNGER


def test_the_survivor_of_a_merge_without_one_takes_the_others(two, people):
    older, younger = two
    keeps(younger, YOUNGER)
    by_choice(people, older, younger)
    assert shown(older) == YOUNGER


def test_an_undone_merge_leaves_each_the_own_picture(people):
    two_that_merge(people)
    older = user_of("oa", "o1")
    keeps(older, OLDER)
    undo(merge_id())
    younger = user_of("web", "o2")
    assert shown(older) == OLDER
    assert shown(younger) is None
    keeps(younger, YOUNGER)
    assert (shown(older), shown(younger)) == (OLDER, YOUNGER)


def test_an_undone_merge_takes_back_the_picture_with_the_profile(people):
    """The survivor had no profile, showed the other's, and fetched that picture."""
    people.signs_in("oa", "o1")
    people.signs_in("web", "o2", "u1", name="younger")
    younger = user_of("web", "o2")
    keeps(younger, YOUNGER)
    older = user_of("oa", "o1")
    by_choice(people, older, younger)
    keeps(user_of("oa", "o1"), YOUNGER)
    assert rows(Avatar) == 2
    undo(merge_id())
    assert shown(older) is None
    assert shown(younger) == YOUNGER
    assert rows(Avatar) == 1


def test_deleting_a_user_deletes_the_pictures_of_all_that_were_merged(two, people):
    """security row 39"""
    older, younger = two
    keeps(older, OLDER)
    keeps(younger, YOUNGER)
    by_choice(people, older, younger)
    accounts.delete(older.id)
    assert rows(Avatar) == 0


def test_a_disabled_user_is_not_shown(two, people):
    older, younger = two
    keeps(younger, YOUNGER)
    by_choice(people, older, younger)
    version = avatars.version_of(older.id)
    accounts.disable(older.uid)
    assert version is not None
    for uid in (older.uid, younger.uid):
        assert avatars.find(uid, version) is None


@pytest.mark.parametrize("uid", ["", "nobody", "店", "' OR 1=1 --", "a\x00b"])
def test_an_odd_uid_finds_nothing(someone, uid):
    """security row 56"""
    keeps(someone, OLDER)
    version = avatars.version_of(someone.id)
    assert version is not None
    assert avatars.find(uid, version) is None
    for odd in ("", "店", "\x00", "\ud800"):
        assert avatars.find(someone.uid, odd) is None


def test_a_picture_of_whom_nobody_shows_the_profile_of_is_not_lost(someone):
    """An address that goes away (by hand) leaves the picture as it was."""
    keeps(someone, OLDER)
    set_by_hand(User, someone.id, avatar=None)
    assert avatars.on_record(someone.id) is None
    assert shown(someone) == OLDER


def test_a_picture_of_the_persons_own_is_never_fetched(someone):
    own = avatars.chosen_address(OLDER)
    set_by_hand(User, someone.id, profile=Profile("someone", own))
    assert avatars.on_record(someone.id) is None
    assert avatars.keep(someone.id, url=own, picture=OLDER)
    assert shown(someone) == OLDER
    assert len(own) < 512 and avatars.is_chosen(own)
