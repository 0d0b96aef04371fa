"""What the store holds of an attempt: who may exchange which code, and when."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from tests.support.people import accounts_app
from wxlogin.accounts.person import Person
from wxlogin.errors import AlreadyFinished, CodeInvalid, LoginPending
from wxlogin.flows.redirect import attempt as log
from wxlogin.flows.redirect.attempt import OTHER_CODES, Outcome, Record, code_hash
from wxlogin.service import running
from wxlogin.tickets import once
from wxlogin.tickets.once import Claim

PERSON = Person("wx1", "website", "o1")


@pytest.fixture(autouse=True)
def app(own_url):
    with accounts_app(own_url) as app:
        yield app


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for another request in this test."""
    monkeypatch.setattr(once, "WAIT_SECONDS", 0.05)


def succeeds(claim: Claim[Record], *, session: int = 7) -> None:
    log.answered(claim, PERSON, session=session)


def test_the_first_arrival_has_the_claim(impatient):
    claim = log.claim("n", "code-1")
    assert isinstance(claim, Claim)
    for code in ("code-1", "code-2"):
        with pytest.raises(LoginPending) as raised:
            log.claim("n", code)
        assert raised.value.retry_after == 2


def test_of_many_at_once_one_has_the_claim(app, impatient):
    """security row 10"""

    def arrives(_number: int) -> object:
        with app.app_context():
            try:
                return log.claim("n", "code-1")
            except LoginPending as error:
                return error

    with ThreadPoolExecutor(12) as pool:
        ends = list(pool.map(arrives, range(12)))
    assert sum(isinstance(end, Claim) for end in ends) == 1


def test_who_waits_is_told_of_the_end(app):
    claim = log.claim("n", "code-1")

    def second() -> object:
        with app.app_context():
            return log.claim("n", "code-1")

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(second)
        succeeds(claim)
        record = waiting.result(timeout=10)
    assert isinstance(record, Record)
    assert record.sessions == {code_hash("n", "code-1"): 7}


def test_a_code_that_was_spent_is_never_sent_again():
    log.fail(log.claim("n", "code-1"), spent=True)
    with pytest.raises(CodeInvalid):
        log.claim("n", "code-1")
    assert isinstance(log.claim("n", "code-2"), Claim)


def test_a_code_that_never_left_may_be_sent_again():
    log.fail(log.claim("n", "code-1"), spent=False)
    assert isinstance(log.claim("n", "code-1"), Claim)


def test_the_lease_of_a_killed_worker_runs_out():
    """Its code may have reached WeChat: it is spent, another one is welcome."""
    with time_machine.travel(datetime.now(UTC) - timedelta(seconds=11), tick=True):
        log.claim("n", "code-1")
    with pytest.raises(CodeInvalid):
        log.claim("n", "code-1")
    assert isinstance(log.claim("n", "code-2"), Claim)


def test_who_comes_back_after_the_lease_changes_nothing():
    with time_machine.travel(datetime.now(UTC) - timedelta(seconds=11), tick=True):
        late = log.claim("n", "code-1")
    succeeds(log.claim("n", "code-2"), session=8)
    succeeds(late, session=9)
    found = log.look("n")
    assert found and list(found.sessions.values()) == [8]


@pytest.mark.parametrize("outcome", Outcome)
def test_an_answered_attempt_takes_a_few_other_codes(outcome):
    log.answered(log.claim("n", "code-0"), PERSON, outcome, pending="ticket")
    for number in range(1, OTHER_CODES + 1):
        assert isinstance(log.claim("n", f"code-{number}"), Record)
        log.fail(log.claim_other("n", f"code-{number}"), spent=True)
    with pytest.raises(AlreadyFinished):
        log.claim_other("n", "code-9")
    found = log.look("n")
    assert found and found.outcome is outcome
    hashed = code_hash("n", "code-0")
    assert (found.openid, list(found.sessions)) == ("o1", [hashed])


def test_the_same_other_code_is_sent_once():
    succeeds(log.claim("n", "code-0"))
    log.fail(log.claim_other("n", "code-1"), spent=True)
    with pytest.raises(CodeInvalid):
        log.claim_other("n", "code-1")


def test_a_refusal_burns_what_is_open():
    """security row 9"""
    log.refuse("never seen")
    log.fail(log.claim("tried", "code-1"), spent=True)
    log.refuse("tried")
    for nonce in ("never seen", "tried"):
        with pytest.raises(AlreadyFinished):
            log.claim(nonce, "code-2")


def test_refusals_are_so_many_at_most_and_others_sign_in():
    """security row 8: whoever refuses without end fills nothing."""
    running().settings = running().settings.model_copy(update={"waiting_requests": 3})
    for number in range(9):
        log.refuse(f"refused-{number}")
    assert [log.look(f"refused-{one}") is None for one in range(9)].count(False) == 3
    claim = log.claim("another", "code-1")
    succeeds(claim)
    with pytest.raises(AlreadyFinished):
        log.claim("refused-0", "code-2")


def test_a_refusal_burns_neither_a_running_nor_a_finished_attempt():
    claim = log.claim("n", "code-1")
    log.refuse("n")
    succeeds(claim)
    log.refuse("n")
    assert isinstance(log.claim("n", "code-1"), Record)


def test_what_is_kept_names_no_code():
    """security row 30"""
    log.fail(log.claim("n", "code-1"), spent=True)
    succeeds(log.claim("n", "code-2"))
    kept = running().tickets.get("attempt", "n")
    assert kept and "code-" not in kept.value
