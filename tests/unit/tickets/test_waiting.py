"""The waiting room alone: bells, seats, and no change lost."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

from wxlogin.tickets.store import Ticket
from wxlogin.tickets.waiting import WaitingRoom


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
