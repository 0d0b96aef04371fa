"""A sign-in as one transaction: all of it or nothing, and never by an old look."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests.support.people import (
    People,
    identity_of,
    rows,
    snapshot,
    user_of,
)
from wxlogin.accounts import owners
from wxlogin.accounts.models import (
    Conflict,
    Grant,
    Identity,
    LoginEvent,
    User,
)
from wxlogin.accounts.models import Session as SessionRow
from wxlogin.accounts.person import Person
from wxlogin.accounts.resolve import Outcome, Resolution, resolve
from wxlogin.accounts.sessions import find
from wxlogin.db import StartOver, db, reading, transaction
from wxlogin.errors import (
    AccountGone,
    AlreadyFinished,
    IdentityConflict,
    WxloginError,
)


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
    monkeypatch.setattr(owners, "_update_user", delete_then(owners._update_user))
    with pytest.raises(AccountGone):
        people.signs_in(app, openid, "u1", known=None)
    assert rows(User) == 1  # rolled back, the deletion too: it was ours


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
        former_secret="old",
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

    monkeypatch.setattr("wxlogin.accounts.sign_in._record", fail)
    with pytest.raises(WxloginError):
        people.signs_in("oa", "o1", "u1", grant=people.grant())
    assert snapshot() == before


def test_session_with_the_same_secret_is_not_written_twice(people: People) -> None:
    people.signs_in("web", "o1", secret="s")
    before = snapshot()
    with pytest.raises(AlreadyFinished):
        people.signs_in("web", "o1", secret="s")
    assert snapshot() == before


@pytest.mark.parametrize("name, news", [("one", []), ("new", ["SELECT"])])
def test_returning_person_costs_six_statements(
    people: People, name: str, news: list[str]
) -> None:
    """One more for a new name: which sites want to hear of it?"""
    people.signs_in("web", "o1", "u1", name="one", grant=people.grant())
    with sent() as statements:
        grant = people.grant("two")
        people.signs_in("web", "o1", "u1", name=name, grant=grant, known=None)
    assert statements == ["SELECT", "UPDATE", "UPDATE", *news, *["INSERT"] * 3]


@pytest.mark.parametrize(
    "later, seen", [(timedelta(0), []), (owners.SEEN_EVERY, ["UPDATE", "UPDATE"])]
)
def test_person_without_news_costs_four_statements(
    people: People, later: timedelta, seen: list[str]
) -> None:
    """Two more where the person was not seen for a while."""
    owner = people.signs_in("web", "o1", "u1", name="one").resolution.user_id
    before, people.at = people.at, people.at + later
    with sent() as statements:
        result = people.signs_in("web", "o1", "u1", grant=people.grant(), known=owner)
    assert statements == ["SELECT", *seen, *["INSERT"] * 3]
    user, identity = user_of("web", "o1"), identity_of("web", "o1")
    assert result.resolution == Resolution(
        user.id, user.uid, identity.id, Outcome.known
    )
    at = people.at if seen else before
    assert (user.last_seen_at, identity.last_seen_at) == (at, at)


def test_new_person_costs_seven_statements(people: People) -> None:
    """A look, then user, unionid, identity, session, grant and history."""
    with sent() as statements:
        people.signs_in("web", "o1", "u1", name="one", grant=people.grant(), known=None)
    assert statements == ["SELECT", *["INSERT"] * 6]


@contextmanager
def sent() -> Iterator[list[str]]:
    """The first word of each statement that is sent meanwhile."""
    words: list[str] = []

    def note(_c: object, _cursor: object, text: str, *_: object) -> None:
        if not text.startswith("BEGIN"):
            words.append(text.split()[0])

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield words
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)


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
    update_user = owners._update_user

    def disable_then(session: Session, user: User, news: dict[str, object]) -> None:
        session.execute(
            sa.update(User)
            .values(disabled_at=people.at)
            .execution_options(synchronize_session=False)
        )
        with pytest.raises(StartOver):
            update_user(session, user, news)
        raise WxloginError("as wanted")

    monkeypatch.setattr(owners, "_update_user", disable_then)
    with pytest.raises(WxloginError) as error:
        people.signs_in("web", "o1", known=None)
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
            owners.mark_seen(session, person, found, at=people.at)
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


def test_the_history_says_by_which_wechat_and_whence(people: People) -> None:
    people.signs_in("web", "o1")
    identity = identity_of("web", "o1")
    with reading() as session:
        row = session.scalars(sa.select(LoginEvent)).one()
    assert (row.user_id, row.identity_id) == (identity.user_id, identity.id)
    assert (row.appid, row.at) == (identity.appid, people.at)
    assert (row.door, row.outcome) == ("qr", "created")
    assert (row.address, row.browser) == ("192.0.2.7", "Firefox")
    assert row.request_id == "r1"
