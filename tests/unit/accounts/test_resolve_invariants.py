"""What holds beside the table: keys, platforms, profiles, closed accounts."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests.people import (
    People,
    appid_of,
    identity_of,
    owner_of,
    rows,
    snapshot,
    user_of,
)
from wxlogin.accounts import owners, seen
from wxlogin.accounts import people as accounts
from wxlogin.accounts.conflicts import close, list_conflicts
from wxlogin.accounts.models import (
    Conflict,
    Grant,
    Identity,
    LoginEvent,
    UnionId,
    User,
)
from wxlogin.accounts.models import Session as SessionRow
from wxlogin.accounts.outcome import Outcome
from wxlogin.accounts.person import Person, Profile
from wxlogin.accounts.resolve import resolve
from wxlogin.accounts.sessions import find, hash_secret
from wxlogin.db import StartOver, db, transaction
from wxlogin.errors import (
    AccountDisabled,
    AccountGone,
    AlreadyFinished,
    IdentityConflict,
    WeChatUnavailable,
    WxloginError,
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
    assert all(not table for table in snapshot().values())
    new = people.signs_in("web", "o1", "u1").resolution
    assert new.outcome is Outcome.created
    assert (new.user_id, new.uid) != (old.user_id, old.uid)


@pytest.mark.parametrize("openid, app", [("o1", "web"), ("o2", "oa")])
def test_login_in_flight_of_a_deleted_user_fails(
    people: People, monkeypatch: pytest.MonkeyPatch, openid: str, app: str
) -> None:
    """security row 54: the user goes between the look and the lock"""
    people.signs_in("web", "o1", "u1")
    user_id = user_of("web", "o1").id

    def delete_then(function: object) -> object:
        def wrapper(session: Session, *rest: object) -> object:
            session.execute(sa.delete(User).where(User.id == user_id))
            session.flush()
            return function(session, *rest)  # type: ignore[operator]

        return wrapper

    monkeypatch.setattr(owners, "lock", delete_then(owners.lock))
    monkeypatch.setattr(seen, "_update_user", delete_then(seen._update_user))
    with pytest.raises(AccountGone):
        people.signs_in(app, openid, "u1")
    assert rows(User) == 1  # rolled back, the deletion too: it was ours


def test_conflict_counts_and_a_closed_one_is_not_listed_again(people: People) -> None:
    people.signs_in("web", "o1", "u1")
    people.signs_in("web", "o1", "u2")
    people.signs_in("web", "o1", "u2")
    (conflict,) = list_conflicts()
    assert conflict.count == 2
    assert conflict.last_seen - conflict.first_seen == timedelta(seconds=1)
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


def test_refused_sign_in_writes_no_row_but_the_conflict(people: People) -> None:
    people.signs_in("web", "o1", "u1")
    before = snapshot()
    with pytest.raises(IdentityConflict):
        people.signs_in("web", "o2", "u1", grant=people.grant())
    after = snapshot()
    assert after.pop("conflicts") != before.pop("conflicts")
    assert after == before


def test_sign_in_writes_session_grant_and_history_together(people: People) -> None:
    people.signs_in("web", "o1", secret="old")
    result = people.signs_in(
        "web",
        "o1",
        secret="new",
        grant=people.grant(),
        end_session_hash=hash_secret("old"),
    )
    assert find("old", at=people.at) is None
    visitor = find("new", at=people.at)
    assert visitor is not None and visitor.session_id == result.session_id
    assert (rows(SessionRow), rows(Grant), rows(LoginEvent)) == (1, 1, 2)


def test_sign_in_that_fails_at_its_end_leaves_nothing(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """security row 48"""
    people.signs_in("oa", "o1")
    people.signs_in("web", "o2", "u1")
    before = snapshot()

    def fail(*_: object, **__: object) -> None:
        raise WxloginError("something else broke")

    monkeypatch.setattr("wxlogin.accounts.history.record_login", fail)
    with pytest.raises(WxloginError):
        people.signs_in("oa", "o1", "u1", grant=people.grant())
    assert snapshot() == before


def test_session_with_the_same_secret_is_not_written_twice(people: People) -> None:
    people.signs_in("web", "o1", secret="s")
    before = snapshot()
    with pytest.raises(AlreadyFinished):
        people.signs_in("web", "o1", secret="s")
    assert snapshot() == before


def test_returning_person_costs_six_statements(people: People) -> None:
    people.signs_in("web", "o1", "u1", grant=people.grant())
    statements: list[str] = []

    def note(_c: object, _cursor: object, text: str, *_: object) -> None:
        statements.append(text)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        people.signs_in("web", "o1", "u1", name="new", grant=people.grant("two"))
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
    assert [text.split()[0] for text in statements if "BEGIN" not in text] == [
        *("SELECT", "UPDATE", "UPDATE", "INSERT", "INSERT", "INSERT")
    ]


def test_overtaken_plan_starts_over(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a look saw may be old by the time of the write; then it looks again."""
    people.signs_in("web", "o1", "u1")
    looked = owners.look
    stale: list[owners.Found] = []

    def first_look_is_old(session: Session, person: Person) -> owners.Found:
        found = looked(session, person)
        if stale:
            return found
        stale.append(found)
        return owners.Found(None, None, None)

    monkeypatch.setattr("wxlogin.accounts.resolve.look", first_look_is_old)
    result = people.signs_in("web", "o1", "u1").resolution
    assert result.outcome is Outcome.known
    assert (rows(User), rows(Identity)) == (1, 1)


def test_user_disabled_after_the_look_is_refused(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """security row 54: the update holds only for a live user"""
    people.signs_in("web", "o1")
    update_user = seen._update_user

    def disable_then(session: Session, user: User, news: dict[str, object]) -> None:
        session.execute(
            sa.update(User)
            .values(disabled_at=people.at)
            .execution_options(synchronize_session=False)
        )
        with pytest.raises(StartOver):
            update_user(session, user, news)
        raise WxloginError("as wanted")

    monkeypatch.setattr(seen, "_update_user", disable_then)
    with pytest.raises(WxloginError) as error:
        people.signs_in("web", "o1")
    assert error.value.operator == "as wanted"


def test_identity_that_changed_hands_is_looked_up_again(people: People) -> None:
    people.signs_in("web", "o1")
    other = people.signs_in("oa", "o2").resolution
    person = people.person("web", "o1")

    def work(session: Session) -> None:
        found = owners.look(session, person)
        session.execute(
            sa.update(Identity)
            .where(Identity.openid == "o1")
            .values(user_id=other.user_id)
            .execution_options(synchronize_session=False)
        )
        with pytest.raises(StartOver):
            seen.mark_seen(session, person, found, at=people.at)
        raise WxloginError

    with pytest.raises(WxloginError):
        transaction(work)


def test_unionid_recorded_meanwhile_is_looked_at_again(people: People) -> None:
    """Between the look and the lock another request named another unionid."""
    people.signs_in("oa", "o1")
    people.signs_in("web", "o2", "u2")
    found = transaction(lambda s: owners.look(s, people.person("oa", "o1", "u2")))
    people.signs_in("oa", "o1", "u1")

    def work(session: Session) -> None:
        with pytest.raises(StartOver):
            owners.lock_owners(session, people.person("oa", "o1", "u2"), found)

    transaction(work)


def test_resolve_says_nothing_secret_in_its_errors(people: People) -> None:
    people.signs_in("web", "o1", "u1")
    with pytest.raises(IdentityConflict) as refused:
        transaction(
            lambda s: resolve(s, people.person("web", "o2", "u1"), at=people.at)
        )
    assert refused.value.facts.keys() == {"appid", "owner_id"}
    assert rows(Conflict) == 0
