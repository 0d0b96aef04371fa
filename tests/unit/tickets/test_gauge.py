"""Counting what waits, without counting at each ticket."""

from collections.abc import Callable

import pytest

from wxlogin.tickets.gauge import Gauge


class Store:
    """A table of tickets that notes how often it is counted."""

    def __init__(self) -> None:
        self.rows = 0
        self.counted = 0
        self.now = 0.0

    def count(self, _kind: str, most: int) -> int:
        self.counted += 1
        return min(self.rows, most)

    def ahead(self) -> float:
        return self.now


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def adds(store: Store) -> Callable[[int], bool]:
    """`adds(most)`: a ticket, if there is room for it. Was there?"""
    gauge = Gauge(store.count, ahead=store.ahead)

    def add(most: int) -> bool:
        full = gauge.is_full("request", most)
        store.rows += not full
        return not full

    return add


def test_a_flood_is_counted_a_hundred_times_and_ends_at_the_number(store, adds):
    added = sum(adds(10_000) for _ in range(12_000))
    assert added == 10_000
    assert store.counted <= 101


def test_what_another_process_added_is_seen_soon(store, adds):
    assert adds(1000)
    store.rows = 1000
    store.now += 2
    assert not adds(1000)
    store.rows = 10
    assert not adds(1000)
    store.now += 2
    assert adds(1000)


def test_a_store_that_does_not_answer_is_asked_again(store):
    def away(_kind: str, _most: int) -> int:
        raise ConnectionError

    gauge = Gauge(away, ahead=store.ahead)
    for _ in range(2):
        with pytest.raises(ConnectionError):
            gauge.is_full("request", 3)
