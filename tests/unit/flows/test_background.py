"""Small jobs beside the requests."""

import threading
from collections.abc import Iterator

import pytest

from wxlogin.flows.background import Background


class Slow:
    """Work that takes until `go_on` is called."""

    def __init__(self) -> None:
        self.done: list[int] = []
        self.began = threading.Event()
        self._free = threading.Event()

    def __call__(self, key: int) -> None:
        self.began.set()
        assert self._free.wait(10)
        self.done.append(key)

    def go_on(self) -> None:
        self._free.set()


@pytest.fixture
def slow() -> Iterator[Slow]:
    slow = Slow()
    yield slow
    slow.go_on()


def threads(name: str) -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name == name]


def test_it_works_in_order_and_each_key_once(slow: Slow) -> None:
    jobs = Background("in-order", slow, limit=10)
    assert jobs.put(1)
    assert slow.began.wait(10)
    for key in (2, 3, 2, 3, 2):
        assert jobs.put(key)
    slow.go_on()
    jobs.drain()
    assert slow.done == [1, 2, 3]


def test_a_key_that_is_worked_on_may_be_put_again(slow: Slow) -> None:
    jobs = Background("again", slow, limit=10)
    jobs.put(1)
    assert slow.began.wait(10)
    assert jobs.put(1)
    slow.go_on()
    jobs.drain()
    assert slow.done == [1, 1]


def test_a_full_queue_drops(slow: Slow) -> None:
    jobs = Background("full", slow, limit=2)
    jobs.put(1)
    assert slow.began.wait(10)
    assert [jobs.put(key) for key in (2, 3, 4, 2)] == [True, True, False, True]
    slow.go_on()
    jobs.drain()
    assert slow.done == [1, 2, 3]


def test_there_is_one_thread_while_there_is_work_and_none_else(slow: Slow) -> None:
    jobs = Background("one-thread", slow, limit=100)
    assert threads("one-thread") == []
    for key in range(50):
        jobs.put(key)
    assert slow.began.wait(10)
    (thread,) = threads("one-thread")
    assert thread.daemon
    slow.go_on()
    jobs.drain()
    thread.join(10)
    assert threads("one-thread") == []
    assert jobs.put(51)
    jobs.drain()
    assert slow.done == [*range(50), 51]


def test_an_error_ends_one_job_only() -> None:
    done: list[int] = []

    def work(key: int) -> None:
        if key == 1:
            raise ZeroDivisionError
        done.append(key)

    jobs = Background("errors", work, limit=10)
    jobs.put(1)
    jobs.put(2)
    jobs.drain()
    assert done == [2]


def test_a_machine_without_threads_drops(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []
    jobs = Background("no-thread", done.append, limit=10)
    with monkeypatch.context() as exhausted:
        exhausted.setattr("wxlogin.flows.background.Thread.start", cannot_start)
        assert not jobs.put(1)
    assert jobs.put(2)
    jobs.drain()
    assert done == [2]


def cannot_start(thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def test_many_at_once_lose_nothing() -> None:
    done: list[int] = []
    jobs = Background("many", done.append, limit=10_000)

    def put(first: int) -> None:
        for key in range(first, first + 200):
            jobs.put(key)

    putters = [threading.Thread(target=put, args=(n * 200,)) for n in range(8)]
    for putter in putters:
        putter.start()
    for putter in putters:
        putter.join()
    jobs.drain()
    assert sorted(done) == list(range(1600))
