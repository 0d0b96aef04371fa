"""Sessions: found by secret, over for the right reasons, written rarely."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.support.people import People, identity_of, rows, user_of
from wxlogin.accounts import people as accounts
from wxlogin.accounts import sessions
from wxlogin.accounts.identities import unlink
from wxlogin.accounts.merges import Cause, merge
from wxlogin.accounts.models import Session
from wxlogin.accounts.sessions import find, forget_ended, hash_secret
from wxlogin.db import db, reading, transaction
from wxlogin.errors import Conflict, NotFound, Unready


def test_secret_finds_the_visitor(people: People) -> None:
    result = people.signs_in("web", "o1", name="小明😀", secret="s")
    visitor = find("s", at=people.at)
    assert visitor is not None
    assert (visitor.uid, visitor.session_id) == (
        result.resolution.uid,
        result.session_id,
    )
    assert visitor.session_started_at == people.at
    assert (visitor.profile.nickname, visitor.profile.language) == ("小明😀", "zh_CN")
    assert visitor.identity_id == identity_of("web", "o1").id


def test_what_the_database_holds_opens_nothing(people: People) -> None:
    """security row 28"""
    people.signs_in("web", "o1", secret="s")
    with reading() as session:
        stored = session.scalars(sa.select(Session.secret_hash)).one()
    assert stored == hash_secret("s") and len(stored) == 32
    for text in (stored.hex(), stored.decode("latin-1")):
        assert find(text, at=people.at) is None


@pytest.mark.parametrize("secret", ["", "x", "\x00", "\ud83d", "x" * 10_000])
def test_any_other_secret_finds_nobody(people: People, secret: str) -> None:
    """security row 29"""
    people.signs_in("web", "o1", secret="s")
    assert find(secret, at=people.at) is None


def test_session_ends_at_its_absolute_end_though_it_is_used(people: People) -> None:
    """security row 23"""
    people.signs_in("web", "o1", secret="s")
    begun = people.at
    for day in range(30):
        assert find("s", at=begun + timedelta(days=day)) is not None
    assert find("s", at=begun + timedelta(days=30)) is None


def test_session_that_rests_too_long_ends(people: People) -> None:
    """security row 23"""
    people.signs_in("web", "o1", secret="s")
    idle = timedelta(days=2)
    assert find("s", at=people.at + timedelta(days=1), idle=idle) is not None
    assert find("s", at=people.at + timedelta(days=3), idle=idle) is None


def test_use_is_written_every_five_minutes_at_most(people: People) -> None:
    people.signs_in("web", "o1", secret="s")
    begun = people.at
    user_id = user_of("web", "o1").id

    def seen_after(seconds: int) -> float:
        find("s", at=begun + timedelta(seconds=seconds))
        with reading() as session:
            query = sa.select(Session.seen_at).where(Session.user_id == user_id)
            return (session.scalars(query).one() - begun).total_seconds()

    assert [seen_after(n) for n in (10, 299, 300, 310, 599, 600)] == [
        *(0, 0, 300, 300, 300, 600)
    ]


def test_find_is_one_statement(people: People) -> None:
    people.signs_in("web", "o1", secret="s")
    statements: list[str] = []

    def note(_c: object, _cursor: object, text: str, *_: object) -> None:
        statements.append(text)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        find("s", at=people.at)
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
    assert len([text for text in statements if "BEGIN" not in text]) == 1


def test_database_that_cannot_write_signs_nobody_out(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault F18: the disk is full, sessions go on."""
    people.signs_in("web", "o1", secret="s")

    def full(_work: object, **_how: object) -> None:
        raise Unready("the database does not answer")

    monkeypatch.setattr(sessions, "transaction", full)
    assert find("s", at=people.at + timedelta(hours=1)) is not None


def test_end_is_for_good(people: People) -> None:
    """security row 22"""
    result = people.signs_in("web", "o1", secret="s")
    assert result.session_id is not None
    sessions.end_one(result.session_id)
    sessions.end_one(result.session_id)
    assert find("s", at=people.at) is None


def test_all_others_end_but_this_one(people: People) -> None:
    """security row 24"""
    for secret in ("one", "two", "three"):
        last = people.signs_in("web", "o1", secret=secret)
    user_id = last.resolution.user_id
    assert sessions.end_all(user_id, except_id=last.session_id) == 2
    assert [find(s, at=people.at) is None for s in ("one", "two", "three")] == [
        *(True, True, False)
    ]
    assert sessions.end_all(user_id) == 1


def test_other_users_sessions_stay(people: People) -> None:
    people.signs_in("web", "o1", secret="mine")
    other = people.signs_in("web", "o2", secret="theirs").resolution
    sessions.end_all(other.user_id)
    assert find("mine", at=people.at) is not None


def test_list_shows_the_sessions_that_run(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    people.signs_in("web", "o1")
    people.signs_in("oa", "o1")
    people.signs_in("web", "o1")
    monkeypatch.setattr(sessions, "now", lambda: people.at)
    listed = sessions.list_for(user_of("web", "o1").id)
    assert [one.created_at for one in listed] == [
        *(people.at, people.at - timedelta(seconds=2))
    ]
    assert (listed[0].kind, listed[0].browser) == ("web", "Firefox")


def test_disabling_ends_all_sessions_at_once(people: People) -> None:
    """security row 24"""
    people.signs_in("web", "o1", secret="s")
    accounts.disable(user_of("web", "o1").uid)
    assert find("s", at=people.at) is None
    accounts.enable(user_of("web", "o1").uid)
    assert find("s", at=people.at) is None


def test_deleting_ends_all_sessions(people: People) -> None:
    people.signs_in("web", "o1", secret="s")
    accounts.delete(user_of("web", "o1").id)
    assert find("s", at=people.at) is None


def test_sessions_that_ran_out_are_removed(people: People) -> None:
    people.signs_in("web", "o1")
    assert forget_ended(people.at + timedelta(days=1)) == 0
    assert forget_ended(people.at + timedelta(days=15)) == 1
    assert rows(Session) == 0


def test_taking_a_person_off_ends_the_sessions_through_it(people: People) -> None:
    """security row 52"""
    people.signs_in("oa", "o1", secret="stays")
    people.signs_in("web", "o2", "u1")
    people.signs_in("oa", "o1", "u1")
    people.signs_in("web", "o3", "u2")
    pair = (user_of("oa", "o1").id, user_of("web", "o3").id)
    transaction(lambda s: merge(s, *pair, cause=Cause.choice, at=people.at))
    people.signs_in("web", "o3", "u2", secret="goes")
    user = user_of("oa", "o1")
    unlink(user.id, identity_of("web", "o3").id)
    assert find("goes", at=people.at) is None
    assert find("stays", at=people.at) is not None
    again = people.signs_in("web", "o3", "u2").resolution
    assert again.user_id != user.id and again.outcome.value == "created"


def test_last_person_of_an_account_stays(people: People) -> None:
    """security row 51: identities under one unionid are one person"""
    people.signs_in("web", "o1", "u1")
    people.signs_in("oa", "o2", "u1")
    with pytest.raises(Conflict):
        unlink(user_of("web", "o1").id, identity_of("oa", "o2").id)


def test_nobody_takes_off_what_is_not_theirs(people: People) -> None:
    """security row 55"""
    people.signs_in("web", "o1")
    people.signs_in("web", "o2")
    with pytest.raises(NotFound):
        unlink(user_of("web", "o1").id, identity_of("web", "o2").id)
