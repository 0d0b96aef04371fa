"""An official account moved: what becomes of each person, and of followers."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.support.people import (
    People,
    appid_of,
    by_choice,
    identity_of,
    merge_id,
    owner_of,
    rows,
    snapshot,
    user_of,
)
from wxlogin.accounts import moves
from wxlogin.accounts import people as accounts
from wxlogin.accounts.conflicts import list_conflicts
from wxlogin.accounts.followers import Follow, note
from wxlogin.accounts.identities import unlink
from wxlogin.accounts.merges import undo
from wxlogin.accounts.models import Follower, Identity, MovedIdentity, User
from wxlogin.accounts.move_verdicts import AccountMove, Outcome, Result, Why, foresee
from wxlogin.accounts.sign_in import recent_logins
from wxlogin.accounts.wechats import company
from wxlogin.db import read, reading, transaction
from wxlogin.errors import Conflict

MOVE = AccountMove(appid_of("oa"), appid_of("oa2"), "official_account", "main")


def take(people: People, old: str, new: str, move: AccountMove = MOVE) -> Result:
    """What becomes of it; what was foreseen, and what is said a second time."""
    before = snapshot()
    foreseen = foresee(move, old, new)
    assert snapshot() == before
    result = moves.take(move, old, new, at=people.at)
    assert result == foreseen
    return result


def follows(people: People, app: str, openid: str, follows: bool = True) -> None:
    follow = Follow(appid_of(app), openid, follows, people.at)
    transaction(lambda session: note(session, follow, now=people.at))


def followers() -> list[tuple[str, str, bool]]:
    query = sa.select(Follower.appid, Follower.openid, Follower.followed)
    with reading() as session:
        return sorted(tuple(row) for row in session.execute(query))


def due(move: AccountMove = MOVE) -> list[str]:
    return moves.due(move, most=100)


def test_the_user_gains_the_new_openid_and_keeps_the_old_one(people: People) -> None:
    uid = people.signs_in("oa", "o1", "u1", name="小明").resolution.uid
    assert due() == ["o1"]
    assert take(people, "o1", "n1") == Result("o1", Outcome.moved, uid=uid)
    assert user_of("oa", "o1").uid == user_of("oa2", "n1").uid == uid
    new = identity_of("oa2", "n1")
    assert (new.open_platform, new.unionid) == ("main", "u1")
    assert new.last_seen_at == identity_of("oa", "o1").last_seen_at
    assert people.signs_in("oa2", "n1", "u1").resolution.uid == uid
    assert (due(), rows(User)) == ([], 1)
    again = moves.take(MOVE, "o1", "n1", at=people.at)
    assert again.outcome is Outcome.known
    assert rows(MovedIdentity) == 1
    told = [(one.door, one.outcome) for one in recent_logins(user_of("oa", "o1").id)]
    assert told.count(("wechat", "moved")) == 1


def test_in_another_open_platform_the_unionid_comes_with_the_next_sign_in(
    people: People,
) -> None:
    move = replace(MOVE, open_platform="other")
    user_id = people.signs_in("oa", "o1", "u1").resolution.user_id
    take(people, "o1", "n1", move)
    assert identity_of("oa2", "n1").unionid is None
    came = people.signs_in("oa2", "n1", "u9", platform="other").resolution
    assert (came.user_id, came.outcome) == (user_id, "backfilled")
    assert owner_of("u1") == owner_of("u9", platform="other") == user_id


def test_both_are_one_wechat_of_the_account(people: People) -> None:
    """Nobody has come to it, and who goes goes with both."""
    user_id = people.signs_in("oa", "o1").resolution.user_id
    take(people, "o1", "n1")
    (wechat,) = read(lambda session: company(session, user_id)).wechats
    assert len(wechat.identities) == 2
    with pytest.raises(Conflict):
        unlink(user_id, identity_of("oa2", "n1").id)
    second = AccountMove(MOVE.appid, appid_of("oa3"), MOVE.kind, "main")
    take(people, "n1", "m1", second)
    (wechat,) = read(lambda session: company(session, user_id)).wechats
    assert len(wechat.identities) == 3


def test_taken_off_with_both_openids(people: People) -> None:
    one = people.signs_in("oa", "o1", "u1").resolution
    people.signs_in("web", "w2", "u2")
    by_choice(people, user_of("oa", "o1"), user_of("web", "w2"))
    take(people, "o1", "n1", replace(MOVE, open_platform=None))
    people.at += timedelta(days=8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("wxlogin.accounts.identities.now", lambda: people.at)
        unlink(one.user_id, identity_of("oa2", "n1").id)
    assert rows(Identity) == 1
    assert owner_of("u1") is None


def test_the_new_openid_was_here(people: People) -> None:
    """security rows 49 to 51: known by a sign-in after the move."""
    old = people.signs_in("oa", "o1", name="older").resolution
    new = people.signs_in("oa2", "n1", name="younger").resolution
    result = take(people, "o1", "n1")
    assert result == Result("o1", Outcome.merged, "", old.uid, new.uid)
    assert accounts.surviving_uid(new.uid) == old.uid
    assert rows(MovedIdentity) == 1 and due() == []


def test_the_same_user_has_both_already(people: People) -> None:
    people.signs_in("oa", "o1", "u1")
    people.signs_in("oa2", "n1", "u1")
    assert take(people, "o1", "n1").outcome is Outcome.known
    assert (rows(MovedIdentity), due()) == (1, [])


def apart(people: People) -> None:
    people.signs_in("oa", "o1")
    people.signs_in("oa2", "n1")
    by_choice(people, user_of("oa", "o1"), user_of("oa2", "n1"))
    undo(merge_id())


def old_disabled(people: People) -> None:
    people.signs_in("oa", "o1")
    people.signs_in("oa2", "n1")
    accounts.disable(user_of("oa", "o1").uid)


def new_disabled(people: People) -> None:
    people.signs_in("oa", "o1")
    people.signs_in("oa2", "n1")
    accounts.disable(user_of("oa2", "n1").uid)


def other_unionid(people: People) -> None:
    people.signs_in("oa", "o1", "u1")
    people.signs_in("oa2", "n1", "u2")


def shared_unionid(people: People) -> None:
    people.signs_in("oa", "o1", "u1")
    people.signs_in("oa2", "other", "u1")


def another_past(people: People) -> None:
    people.signs_in("oa", "o0")
    people.signs_in("oa", "o1")
    moves.take(MOVE, "o0", "n1", at=people.at)


@pytest.mark.parametrize(
    ("given", "why", "on_record"),
    [
        (apart, Why.apart, 0),
        (old_disabled, Why.disabled, 0),
        (new_disabled, Why.disabled, 0),
        (other_unionid, Why.unionids, 1),
        (shared_unionid, Why.shared, 1),
        (another_past, Why.twice, 0),
    ],
)
def test_conflicts_change_nothing_and_stay_to_be_asked_for(
    people: People, given: Callable[[People], None], why: Why, on_record: int
) -> None:
    given(people)
    before = snapshot()
    result = take(people, "o1", "n1")
    assert (result.outcome, result.why) == (Outcome.conflict, why)
    after = snapshot()
    assert len(after.pop("conflicts")) - len(before.pop("conflicts")) == on_record
    assert len(list_conflicts()) == on_record
    assert after == before
    assert due() == ["o1"]


def test_who_is_shut_out_stays_so(people: People) -> None:
    uid = people.signs_in("oa", "o1").resolution.uid
    accounts.disable(uid)
    assert take(people, "o1", "n1").outcome is Outcome.moved
    assert user_of("oa2", "n1").disabled_at is not None


def test_an_undone_merge_takes_the_new_openid_back(people: People) -> None:
    """What one of the two became goes where that one goes."""
    elder = people.signs_in("web", "w1", "u1").resolution
    younger = people.signs_in("oa", "o2").resolution
    by_choice(people, user_of("web", "w1"), user_of("oa", "o2"))
    take(people, "o2", "n2")
    undo(merge_id())
    assert user_of("oa2", "n2").uid == user_of("oa", "o2").uid == younger.uid
    assert user_of("web", "w1").uid == elder.uid
    assert rows(MovedIdentity) == 1


def test_an_undone_merge_of_the_move_parts_the_two(people: People) -> None:
    people.signs_in("oa", "o1")
    people.signs_in("oa2", "n1")
    take(people, "o1", "n1")
    undo(merge_id())
    assert rows(MovedIdentity) == 0
    assert take(people, "o1", "n1").why is Why.apart


def test_followers_go_along(people: People) -> None:
    people.signs_in("oa", "o1")
    follows(people, "oa", "o1")
    follows(people, "oa", "o2")
    follows(people, "oa", "o3")
    follows(people, "oa", "o4", follows=False)
    follows(people, "oa2", "n3", follows=False)
    assert due() == ["o1", "o2", "o3"]
    assert moves.count_due(MOVE) == 3
    assert take(people, "o1", "n1").outcome is Outcome.moved
    assert take(people, "o2", "n2").outcome is Outcome.follower
    assert take(people, "o3", "n3").outcome is Outcome.follower
    old, new = appid_of("oa"), appid_of("oa2")
    # What the new account has said by itself counts.
    assert followers() == sorted(
        [(old, "o4", False), (new, "n1", True), (new, "n2", True), (new, "n3", False)]
    )
    assert due() == []
    assert take(people, "o9", "n9").outcome is Outcome.gone


def test_deleting_the_user_deletes_both(people: People) -> None:
    """security row 54"""
    user_id = people.signs_in("oa", "o1").resolution.user_id
    follows(people, "oa", "o1")
    take(people, "o1", "n1")
    accounts.delete(user_id)
    assert (rows(Identity), rows(MovedIdentity), rows(Follower)) == (0, 0, 0)


def test_some_at_a_time_in_an_order(people: People) -> None:
    for number in range(5):
        people.signs_in("oa", f"o{number}")
    first = moves.due(MOVE, most=2)
    assert first == ["o0", "o1"]
    assert moves.due(MOVE, after=first[-1], most=9) == ["o2", "o3", "o4"]
