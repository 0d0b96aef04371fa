"""When a host is asked, and who tries it (`net.breaker`); faults F1 and F6."""

import pytest

from wxlogin.net import breaker
from wxlogin.net.breaker import FAILURES, REST_SECONDS, TRY_SECONDS, Alone, Breaker

HOST = "https://api.weixin.test"


class Clock:
    """The monotonic clock of the breaker, which a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Shared:
    """A board that the processes of one service share."""

    def __init__(self) -> None:
        self.rests: dict[str, float] = {}
        self.tries: set[str] = set()
        self.asked = 0

    def rest(self, host: str, *, seconds: float) -> None:
        self.tries.discard(host)
        self.rests[host] = seconds

    def seconds_left(self, host: str) -> float:
        self.asked += 1
        return self.rests.get(host, 0.0)

    def claim(self, host: str, *, seconds: float) -> bool:
        won = host not in self.tries
        self.tries.add(host)
        return won

    def clear(self, host: str) -> None:
        self.tries.discard(host)
        self.rests.pop(host, None)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(breaker, "monotonic", clock)
    return clock


@pytest.fixture
def own(clock: Clock) -> Breaker:
    return Breaker(HOST, Alone())


def fail(one: Breaker, times: int = FAILURES) -> list[bool]:
    return [one.failed() for _ in range(times)]


def test_it_rests_after_so_many_failures_in_a_row(own: Breaker) -> None:
    assert fail(own, FAILURES - 1) == [False] * (FAILURES - 1)
    assert own.seconds_left() == 0
    assert own.failed() is True
    assert own.seconds_left() == REST_SECONDS


def test_a_good_answer_begins_the_count_anew(own: Breaker) -> None:
    for _ in range(3):
        fail(own, FAILURES - 1)
        assert own.answered() is False
    assert own.seconds_left() == 0


def test_one_call_tries_while_the_others_wait(own: Breaker, clock: Clock) -> None:
    fail(own)
    clock.now += REST_SECONDS
    assert own.seconds_left() == 0
    assert own.seconds_left() == TRY_SECONDS


def test_whoever_tries_in_vain_prolongs_the_rest(own: Breaker, clock: Clock) -> None:
    fail(own)
    clock.now += REST_SECONDS
    own.seconds_left()
    assert own.failed() is False, "it rested already"
    assert own.seconds_left() == REST_SECONDS


def test_whoever_tries_with_success_ends_it(own: Breaker, clock: Clock) -> None:
    fail(own)
    clock.now += REST_SECONDS
    own.seconds_left()
    assert own.answered() is True
    assert (own.seconds_left(), own.answered()) == (0, False)
    assert fail(own, FAILURES - 1) == [False] * (FAILURES - 1)


def test_one_that_tries_and_is_killed_leaves_the_try_to_another(
    own: Breaker, clock: Clock
) -> None:
    fail(own)
    clock.now += REST_SECONDS
    own.seconds_left()
    clock.now += TRY_SECONDS
    assert own.seconds_left() == 0


def test_one_failure_is_enough_where_another_process_knows(clock: Clock) -> None:
    board = Shared()
    first, second = Breaker(HOST, board), Breaker(HOST, board)
    fail(first)
    assert second.seconds_left() == 0, "it has not looked"
    assert second.failed() is True
    assert second.seconds_left() == REST_SECONDS


def test_of_all_processes_one_tries(clock: Clock) -> None:
    board = Shared()
    first, second = Breaker(HOST, board), Breaker(HOST, board)
    fail(first)
    second.failed()
    clock.now += REST_SECONDS
    assert [first.seconds_left(), second.seconds_left()] == [0, 1]
    first.answered()
    clock.now += 1
    assert second.seconds_left() == 0
    assert second.answered() is True


def test_nobody_is_asked_anything_while_all_is_well(clock: Clock) -> None:
    board = Shared()
    one = Breaker(HOST, board)
    for _ in range(10):
        one.seconds_left()
        one.answered()
    assert (board.asked, board.rests, board.tries) == (0, {}, set())
