"""Everything at once: sign-ins, merges, undoing, taking off, closing, deleting."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from tests.support.chosen_database import SERVERS
from tests.support.people import (
    People,
    accounts_app,
    appid_of,
    check_invariants,
    rows,
    user_of,
)
from wxlogin.accounts import people as accounts
from wxlogin.accounts import undo as undoing
from wxlogin.accounts import withdrawals
from wxlogin.accounts.identities import unlink, unlink_in
from wxlogin.accounts.merges import Cause, list_merges, merge, undo
from wxlogin.accounts.models import Identity, Merge, User
from wxlogin.accounts.owners import Owner, lock, settle
from wxlogin.accounts.withdrawals import Part
from wxlogin.db import db, reading, transaction
from wxlogin.errors import (
    AccountDisabled,
    AccountGone,
    Conflict,
    IdentityConflict,
    NotFound,
)

THREADS = 8
ACTS = 25
# What a person or an operator may be told; anything else is a fault of ours.
ANSWERS = (AccountDisabled, AccountGone, Conflict, IdentityConflict, NotFound)


@pytest.fixture
def app(tables_url: str) -> Iterator[Flask]:
    with accounts_app(tables_url) as made:
        yield made
        check_invariants()


def at_once(app: Flask, work: Callable[[int], object], threads: int) -> list[object]:
    """What each thread got; all begin together."""
    gate = Barrier(threads)

    def one(number: int) -> object:
        with app.app_context():
            gate.wait(20)
            return work(number)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, range(threads)))


def test_two_merges_of_one_pair_in_opposite_order_are_one(app: Flask) -> None:
    """Fault F13"""
    people = People()
    for number in range(5):
        people.signs_in("oa", f"o{number}")
        people.signs_in("web", f"o{number}")
        pair = [user_of("oa", f"o{number}").id, user_of("web", f"o{number}").id]

        def merge_pair(thread: int, pair: list[int] = pair) -> object:
            ids = pair if thread % 2 else pair[::-1]
            try:
                return transaction(
                    lambda s: merge(s, *ids, cause=Cause.choice, at=people.at)
                )
            except Exception as error:
                return error

        results = at_once(app, merge_pair, 4)
        assert sum(not isinstance(one, Exception) for one in results) == 1
    assert rows(Merge) == 5


def test_two_take_off_the_last_two_people(app: Flask) -> None:
    """security row 51: one is taken off, the last one stays"""
    people = People()
    people.signs_in("oa", "o1")
    people.signs_in("web", "o2")
    pair = (user_of("oa", "o1").id, user_of("web", "o2").id)
    transaction(lambda s: merge(s, *pair, cause=Cause.choice, at=people.at))
    identities = [one.id for one in accounts.account(pair[0]).identities]

    def take_off(number: int) -> object:
        try:
            return unlink(pair[0], identities[number])
        except Conflict:
            return "the last one"

    assert set(at_once(app, take_off, 2)) == {None, "the last one"}
    assert rows(Identity) == 1


@pytest.mark.parametrize("change", ["merge", "undo", "disable", "unlink"])
@pytest.mark.parametrize("tables_url", list(SERVERS), indirect=True)
def test_who_waits_for_the_lock_signs_in_by_what_is_there_then(
    app: Flask, change: str
) -> None:
    """security rows 46 to 54: what finds a person who was here before is sent while the
    account still is as it was; when it has waited, it finds nobody"""
    people = People()
    person = people.person("oa", "o2")
    people.signs_in("web", "o1")
    other = people.signs_in("oa", "o2").resolution
    first = user_of("web", "o1").id

    def merges(session: Session) -> None:
        merge(session, first, other.user_id, cause=Cause.choice, at=people.at)

    def ends(session: Session) -> None:
        lock(session, {user_of("oa", "o2").id})
        at_the_lock.wait(20)
        match change:
            case "merge":
                merges(session)
            case "undo":
                undoing._undo(session, merges_done[0].id, at=people.at)
            case "disable":
                session.execute(sa.update(User).values(disabled_at=people.at))
            case "unlink":
                unlink_in(session, first, other.identity_id, guarded=False)
        # By now the other thread has sent its statement, or will send it later.
        sent.wait(20)

    def note(_c: object, _cursor: object, text: str, *_: object) -> None:
        if "FOR UPDATE" in text.replace("NO KEY ", "") and "identities" in text:
            sent.set()

    if change in ("undo", "unlink"):
        transaction(merges)
    merges_done, owner_id = list_merges(), user_of("oa", "o2").id
    at_the_lock, sent = Barrier(2), Event()
    works = [
        lambda: transaction(ends),
        lambda: (
            at_the_lock.wait(20),
            transaction(lambda s: settle(s, person, owner_id, at=people.at)),
        )[1],
    ]
    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        _, found = at_once(app, lambda number: works[number](), 2)
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
    if change == "merge":
        assert found in (
            None,
            Owner(first, user_of("web", "o1").uid, other.identity_id),
        )
    elif change == "undo":
        assert found in (None, Owner(other.user_id, other.uid, other.identity_id))
    else:
        assert found is None


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("tables_url", list(SERVERS), indirect=True)
def test_what_is_taken_back_goes_though_its_account_moves(
    app: Flask, monkeypatch: pytest.MonkeyPatch, back: bool
) -> None:
    """By a merge, or by its undoing, between the look and the lock; SQLite has one
    writer at a time."""
    people = People()
    people.signs_in("web", "o1", name="小明")
    people.signs_in("oa", "o2", name="Mr Ming")
    survivor, loser = user_of("web", "o1"), user_of("oa", "o2")

    def merges() -> None:
        transaction(
            lambda s: merge(s, survivor.id, loser.id, cause=Cause.choice, at=people.at)
        )

    if back:
        merges()
    moves = [lambda: undo(list_merges()[0].id) if back else merges()]
    look = withdrawals._identity

    def looks(session: Session, appid: str, openid: str) -> Identity | None:
        found = look(session, appid, openid)
        if moves:
            at_once(app, lambda _: moves.pop()(), 1)
        return found

    monkeypatch.setattr(withdrawals, "_identity", looks)
    parts, appid = frozenset({Part.profile}), appid_of("oa")
    assert transaction(
        lambda s: withdrawals.take_back(s, appid, "o2", parts, at=people.at)
    )
    assert user_of("oa", "o2").nickname == ""
    assert (user_of("web", "o1").nickname == "") is not back


def test_whatever_happens_at_once_leaves_the_invariants(app: Flask) -> None:
    """security rows 47, 48, 51, 54"""
    faults = at_once(app, _live_through, THREADS)
    assert [fault for fault in faults if fault] == []


def _live_through(number: int) -> str | None:
    """A random life of its own seed; the text of a fault that no one should see."""
    choice, people = random.Random(number), People()  # noqa: S311  a game
    acts = [_sign_in] * 8 + [_merge, _undo, _take_off, _disable, _enable, _delete]
    for step in range(ACTS):
        try:
            choice.choice(acts)(choice, people, f"{number} {step}")
        except ANSWERS:
            continue
        except Exception as error:
            return f"{type(error).__name__}: {error}"
    return None


def _sign_in(choice: random.Random, people: People, secret: str) -> None:
    app, openid = choice.choice(["web", "oa", "mp"]), f"o{choice.randrange(4)}"
    unionid = choice.choice([None, "u0", "u1", "u2", "u3"])
    people.signs_in(app, openid, unionid, secret=secret, grant=people.grant())


def _merge(choice: random.Random, people: People, _: str) -> None:
    one, other = _anyone(choice), _anyone(choice)
    if one.id != other.id:
        ids = (one.id, other.id)
        transaction(lambda s: merge(s, *ids, cause=Cause.choice, at=people.at))


def _undo(choice: random.Random, people: People, _: str) -> None:
    if merges := list_merges():
        undo(choice.choice(merges).id, at=people.at)


def _take_off(choice: random.Random, _people: People, _: str) -> None:
    user = _anyone(choice)
    with reading() as session:
        query = sa.select(Identity.id).where(Identity.user_id == user.id)
        ids = list(session.scalars(query.order_by(Identity.id)))
    if ids:
        unlink(user.id, choice.choice(ids))


def _disable(choice: random.Random, people: People, _: str) -> None:
    accounts.disable(_anyone(choice).uid, at=people.at)


def _enable(choice: random.Random, _people: People, _: str) -> None:
    accounts.enable(_anyone(choice).uid)


def _delete(choice: random.Random, _people: People, _: str) -> None:
    accounts.delete(_anyone(choice).id)


def _anyone(choice: random.Random) -> User:
    with reading() as session:
        query = sa.select(User).where(User.merged_into_id.is_(None))
        users = list(session.scalars(query.order_by(User.id)))
    if not users:
        raise NotFound("there is nobody yet")
    return choice.choice(users)
