"""Counts in memory: each ends, what has ended goes, and no thread is needed for it."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import time_machine

from wxlogin.tickets.counters import Counters


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(datetime(2026, 3, 1, tzinfo=UTC), tick=False) as clock:
        yield clock


def test_a_count_ends_so_long_after_its_first(clock: time_machine.Traveller) -> None:
    counts = Counters()
    assert counts.add("one", seconds=60) == 1
    clock.shift(59)
    assert counts.add("one", seconds=60) == 2
    assert counts.seconds_left("one") == 1
    clock.shift(1)
    assert counts.get("one") == 0
    assert counts.add("one", seconds=60) == 1
    assert counts.seconds_left("one") == 60


def test_what_was_taken_back_changes_no_end(clock: time_machine.Traveller) -> None:
    counts = Counters()
    counts.add("one", seconds=60)
    clock.shift(30)
    assert counts.add("one", seconds=60, amount=-1) == 0
    assert counts.add("one", seconds=60) == 1
    assert counts.seconds_left("one") == 30


def test_what_has_ended_leaves_the_memory(clock: time_machine.Traveller) -> None:
    """Security row 102: a flood of addresses"""
    counts = Counters()
    for number in range(1000):
        counts.add(f"address {number}", seconds=60)
    clock.shift(61)
    counts.add("one", seconds=60)
    assert list(counts._own._counts) == ["one"]


def test_a_clock_that_is_put_back_keeps_nothing_for_ever(
    clock: time_machine.Traveller,
) -> None:
    counts = Counters()
    counts.add("old", seconds=60)
    clock.shift(-3600)
    counts.add("new", seconds=60)
    clock.shift(3700)
    counts.add("one", seconds=60)
    assert list(counts._own._counts) == ["one"]


def test_it_needs_no_thread() -> None:
    before = threading.active_count()
    counts = Counters()
    for number in range(100):
        counts.add(f"address {number}", seconds=60)
        assert threading.active_count() <= before


def test_no_count_of_many_threads_is_lost() -> None:
    counts = Counters()
    with ThreadPoolExecutor(8) as pool:
        heard = list(pool.map(lambda _: counts.add("one", seconds=60), range(400)))
    assert sorted(heard) == list(range(1, 401))
