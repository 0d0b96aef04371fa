"""What whoever stands on Once has from it: security rows 4, 10, 10a and 58.

Shown with two users that differ in what a failure means, as the redirect's attempts and
the native apps do. tests/services runs the same over each store.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import Barrier, Event

import pytest
import time_machine
from flask import Flask

from tests.support.people import accounts_app
from wxlogin.errors import CodeInvalid, LoginPending
from wxlogin.service import running
from wxlogin.tickets import once
from wxlogin.tickets.once import Claim, Once, Stage, Turn

LEASE, LATELY, KEPT = 10, 60, 600


@dataclass(frozen=True)
class Login(Turn):
    answer: str = ""
    spent: tuple[str, ...] = ()


class Failed(Exception):
    """WeChat said no, or nothing."""


class User:
    """A journey: asks WeChat once, and gives its answer again to the same proof."""

    #: May who brings another proof try after a failure?
    reopens = False

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.once = Once(
            lambda: running().tickets,
            "login",
            Login,
            seconds=KEPT,
            lease=lambda: LEASE,
        )

    def claims(self, proof: str) -> Claim[Login] | Login | None:
        """Arrives and does nothing yet; like a worker that is killed now."""
        return self.once.claim(
            "key", Login(proof=proof), again=lambda left: self._again(left, proof)
        )

    def arrives(self, proof: str, *, leads_to: Callable[[], str] | None = None) -> str:
        """The answer, WeChat's own or that of before. Raises CodeInvalid."""
        found = self.claims(proof)
        if isinstance(found, Claim):
            self.asked.append(proof)
            try:
                answer = leads_to() if leads_to else f"answer to {proof}"
            except Failed:
                self._fails(found)
                raise
            self.once.done(replace(found.turn, answer=answer))
            return answer
        if found and found.repeats(proof, within=LATELY):
            return found.answer
        raise CodeInvalid("this was sent before")

    def _again(self, left: Login, proof: str) -> Login | None:
        return None

    def _fails(self, claim: Claim[Login]) -> None:
        self.once.open(claim.turn)


class AttemptLike(User):
    """One key for several codes: open again for another one after a failure."""

    reopens = True

    def _again(self, left: Login, proof: str) -> Login | None:
        dead = (left.proof,) if left.stage is Stage.claimed else ()
        spent = left.spent + dead
        return None if proof in spent else replace(left, spent=spent)

    def _fails(self, claim: Claim[Login]) -> None:
        self.once.open(replace(claim.turn, spent=(*claim.turn.spent, claim.proof)))


class NativeAppLike(User):
    """One key for one code: what has failed stays so."""


@pytest.fixture
def app(own_url: str) -> Iterator[Flask]:
    with accounts_app(own_url) as app:
        yield app


@pytest.fixture(params=[AttemptLike, NativeAppLike])
def user(request: pytest.FixtureRequest, app: Flask) -> Iterator[User]:
    with app.app_context():
        yield request.param()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for another one in this test."""
    monkeypatch.setattr(once, "WAIT_SECONDS", 0.05)


def fails() -> str:
    raise Failed


def ago(seconds: float) -> time_machine.travel:
    return time_machine.travel(datetime.now(UTC) - timedelta(seconds=seconds))


def test_the_same_proof_again_gets_the_same_answer(user: User) -> None:
    """security row 4"""
    first = user.arrives("mine", leads_to=lambda: "session")
    assert [user.arrives("mine") for _ in range(3)] == [first] * 3
    assert user.asked == ["mine"]


def test_it_gets_it_for_a_while_only(user: User) -> None:
    """security row 4"""
    with ago(LATELY + 1):
        user.arrives("mine")
    with pytest.raises(CodeInvalid):
        user.arrives("mine")
    assert user.asked == ["mine"]


@pytest.mark.parametrize("proof", ["another's", "min", ""])
def test_another_proof_or_none_gets_nothing(user: User, proof: str) -> None:
    """security rows 10a and 58"""
    user.arrives("mine")
    with pytest.raises(CodeInvalid):
        user.arrives(proof)
    assert user.asked == ["mine"]
    assert user.arrives("mine") == "answer to mine"


def test_who_brought_no_proof_gets_nothing_again(user: User) -> None:
    """security row 58"""
    user.arrives("")
    with pytest.raises(CodeInvalid):
        user.arrives("")
    assert user.asked == [""]


def test_of_twenty_at_once_one_asks_and_nobody_gets_another_answer(
    user: User, app: Flask
) -> None:
    """security row 10"""
    gate = Barrier(20)

    def arrive(_number: int) -> object:
        with app.app_context():
            gate.wait()
            try:
                return user.arrives("mine")
            except LoginPending:
                return None

    with ThreadPoolExecutor(20) as pool:
        ends = list(pool.map(arrive, range(20)))
    assert set(ends) <= {"answer to mine", None}
    assert user.asked == ["mine"]
    assert user.arrives("mine") == "answer to mine"


@pytest.mark.parametrize("proof", ["mine", "another's", ""])
def test_while_one_is_at_work_the_others_wait(
    user: User, proof: str, impatient: None
) -> None:
    """security row 10"""
    assert isinstance(user.claims("mine"), Claim)
    with pytest.raises(LoginPending) as raised:
        user.arrives(proof)
    assert raised.value.retry_after == 2
    assert user.asked == []


def test_who_waits_is_told_of_the_end(user: User, app: Flask) -> None:
    at_work, may_end = Event(), Event()

    def works() -> str:
        at_work.set()
        assert may_end.wait(10)
        return "session"

    def arrive(leads_to: Callable[[], str] | None) -> str:
        with app.app_context():
            return user.arrives("mine", leads_to=leads_to)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(arrive, works)
        assert at_work.wait(10)
        second = pool.submit(arrive, None)
        may_end.set()
        assert [first.result(10), second.result(10)] == ["session", "session"]
    assert user.asked == ["mine"]


def test_what_a_killed_worker_had_may_have_been_sent(user: User) -> None:
    """security row 10: its proof is not tried again; another's is, if that may be."""
    with ago(LEASE + 1):
        user.claims("mine")
    with pytest.raises(CodeInvalid):
        user.arrives("mine")
    if user.reopens:
        assert user.arrives("another's") == "answer to another's"
        with pytest.raises(CodeInvalid):
            user.arrives("mine")
    else:
        with pytest.raises(CodeInvalid):
            user.arrives("another's")
        assert user.asked == []


def test_who_comes_back_after_the_lease_changes_nothing(app: Flask) -> None:
    """security row 10a"""
    with app.app_context():
        user = AttemptLike()
        with ago(LEASE + 1):
            late = user.claims("mine")
        assert isinstance(late, Claim)
        user.arrives("another's")
        user.once.done(replace(late.turn, answer="too late"))
        user.once.open(late.turn)
        assert user.arrives("another's") == "answer to another's"
        with pytest.raises(CodeInvalid):
            user.arrives("mine")


def test_what_has_failed_is_not_tried_with_the_same_proof(user: User) -> None:
    with pytest.raises(Failed):
        user.arrives("mine", leads_to=fails)
    with pytest.raises(CodeInvalid):
        user.arrives("mine")
    if user.reopens:
        assert user.arrives("another's") == "answer to another's"
    else:
        with pytest.raises(CodeInvalid):
            user.arrives("another's")


def test_what_never_began_is_free_again(user: User) -> None:
    claim = user.claims("mine")
    assert isinstance(claim, Claim)
    user.once.free("key")
    assert user.arrives("mine") == "answer to mine"


def test_what_has_ended_never_is_done(user: User) -> None:
    user.once.add("key", Login(stage=Stage.ended))
    for proof in ("", "mine"):
        with pytest.raises(CodeInvalid):
            user.arrives(proof)
    assert user.asked == []


def test_a_turn_that_nobody_understands_is_nobodys(user: User) -> None:
    """An elder worker's text neither signs in nor is an error page."""
    running().tickets.add("login", "key", '{"status": "done"}', ttl=60)
    assert user.claims("mine") is None
