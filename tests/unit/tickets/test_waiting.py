"""The waiting room alone: bells, seats, and no change lost."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier, Event

import pytest

from wxlogin.tickets.store import Ticket
from wxlogin.tickets.waiting import WaitingRoom, is_green, seats


def test_a_ring_between_look_and_wait_is_heard() -> None:
    room = WaitingRoom(poll=60)
    looks: list[Ticket] = [Ticket(1, "open"), Ticket(2, "done")]

    def look() -> Ticket:
        ticket = looks.pop(0)
        room.ring("name")  # the change comes right after this look
        return ticket

    began = time.monotonic()
    assert room.wait("name", look, version=1, timeout=3) == Ticket(2, "done")
    assert time.monotonic() - began < 2


def test_one_too_many_is_answered_at_once() -> None:
    """Security row 77: waiting is bounded, so that other requests are served."""
    room = WaitingRoom(limit=1)
    seated, leave = Event(), Event()

    def look_and_hold() -> Ticket:
        seated.set()
        leave.wait(10)
        return Ticket(2, "done")

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(room.wait, "a", look_and_hold, version=1, timeout=60)
        assert seated.wait(10)
        busy = room.wait("a", lambda: Ticket(1, "open"), version=1, timeout=60)
        leave.set()
        assert first.result(10) == Ticket(2, "done")
    assert busy == Ticket(1, "open")


def test_a_seat_is_free_again_after_an_error() -> None:
    room = WaitingRoom(limit=1)

    def broken() -> Ticket:
        raise LookupError

    for _ in range(3):
        try:
            room.wait("a", broken, version=1, timeout=60)
        except LookupError:
            continue
    assert room.wait("a", lambda: None, version=1, timeout=60) is None
    assert not room._bells


def test_a_ring_wakes_only_its_own() -> None:
    room = WaitingRoom()
    changed = Event()
    gate = Barrier(2)

    def look() -> Ticket:
        if not changed.is_set():
            changed.set()
            gate.wait(10)
        return Ticket(1, "open")

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(room.wait, "a", look, version=1, timeout=0.05)
        gate.wait(10)
        room.ring("b")
        assert waiting.result(10) == Ticket(1, "open")


def test_one_who_watches_is_rung_at_once_and_looks_by_itself_after_the_pause() -> None:
    room = WaitingRoom()
    with room.watch(["name"], lambda: 60) as watch:
        assert watch is not None
        began = time.monotonic()
        room.ring("another")
        assert not watch.wait(0.01)
        room.ring("name")
        assert watch.wait(60)
        assert not watch.wait(0.01)
        room.ring_all()
        assert watch.wait(60)
        assert time.monotonic() - began < 2
    with room.watch(["name"], lambda: 0.03) as watch:
        assert watch is not None
        # Short waits do not put off the look; beside other work they are longer.
        assert any([watch.wait(0.012) for _ in range(3)])
    assert not room._bells


def test_those_who_watch_leave_a_quarter_of_the_seats() -> None:
    """Security row 77: a stream for minutes takes no seat of who waits a moment."""
    room = WaitingRoom(limit=4)
    with ExitStack() as seated:
        watches = [
            seated.enter_context(room.watch(["a"], lambda: 60)) for _ in range(5)
        ]
        assert [watch is not None for watch in watches] == [True] * 3 + [False] * 2
        room_left = seated.enter_context(room._seat(lasting=False))
        none_left = seated.enter_context(room._seat(lasting=False))
        assert (room_left, none_left) == (True, False)
    assert room.taken == 0
    with room.watch(["a"], lambda: 60) as watch:
        assert watch is not None


@pytest.mark.parametrize(
    ("wanted", "threads", "expected"),
    [(0, None, 8), (0, 16, 8), (0, 1, 0), (5, 16, 5)],
)
def test_half_of_the_threads_may_wait(
    wanted: int, threads: int | None, expected: int
) -> None:
    assert seats(wanted, threads) == expected


def test_greenlets_are_no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    class Monkey:
        patched = True

        def is_module_patched(self, name: str) -> bool:
            return self.patched and name == "threading"

    monkeypatch.setitem(sys.modules, "gevent.monkey", Monkey())
    assert is_green()
    # Imported alone, it does nothing yet.
    monkeypatch.setattr(Monkey, "patched", False)
    assert not is_green()
