"""What is heard from Redis, and what is done while nothing is: without a Redis."""

import math
from dataclasses import dataclass, field
from typing import Any

import pytest
import redis

from wxlogin.tickets import notices
from wxlogin.tickets.notices import Notices
from wxlogin.tickets.waiting import WaitingRoom


@dataclass
class Clock:
    at: float = 100.0

    def monotonic(self) -> float:
        return self.at


@dataclass
class PubSub:
    """A connection on which a message comes at these seconds, and silence else."""

    clock: Clock
    said: dict[float, dict[str, Any]] = field(default_factory=dict)
    subscribed: list[str] = field(default_factory=list)
    pinged: list[float] = field(default_factory=list)

    def subscribe(self, *channels: str) -> None:
        self.subscribed += channels

    def get_message(self, *, timeout: float) -> dict[str, Any] | None:
        self.clock.at += timeout
        return self.said.get(self.clock.at)

    def ping(self) -> None:
        self.pinged.append(self.clock.at)


def channel_of(kind: str) -> str:
    return f"tickets:{kind}"


@pytest.fixture
def room() -> WaitingRoom:
    return WaitingRoom()


@pytest.fixture
def heard(room: WaitingRoom) -> Notices:
    """Nothing is asked of its client by what is tried here."""
    return Notices(redis.Redis(), channel_of, room=room)


@pytest.fixture
def rung(room: WaitingRoom, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []
    monkeypatch.setattr(room, "ring", names.append)
    monkeypatch.setattr(room, "ring_all", lambda: names.append("all"))
    return names


@pytest.mark.parametrize(
    ("waiting", "seconds"), [(0, 1.0), (1000, 1.0), (5000, 5.0), (50_000, 10.0)]
)
def test_the_more_wait_the_seldomer_each_looks(
    heard: Notices, room: WaitingRoom, waiting: int, seconds: float
) -> None:
    room.taken = waiting
    assert heard.pause(["scan"]) == seconds


def test_nobody_looks_for_what_is_told(heard: Notices, rung: list[str]) -> None:
    heard._take({"type": "subscribe", "channel": b"tickets:scan", "data": 1})
    assert rung == ["all"]
    assert heard.pause(["scan"]) == math.inf
    assert heard.pause(["scan", "follow"]) == 1.0
    heard._take({"type": "subscribe", "channel": b"tickets:follow", "data": 2})
    assert heard.pause(["scan", "follow"]) == math.inf


def test_a_message_rings_for_the_ticket_it_names(
    heard: Notices, rung: list[str]
) -> None:
    heard._take({"type": "message", "channel": b"tickets:scan", "data": b"a1b2"})
    heard._take({"type": "pong", "channel": None, "data": b""})
    assert rung == ["a1b2"]
    assert heard.pause(["scan"]) == 1.0


def test_who_is_silent_is_asked_once_and_then_given_up(
    heard: Notices, rung: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(notices, "time", clock)
    said = {108.0: {"type": "message", "channel": b"c", "data": b"name"}}
    pubsub = PubSub(clock, said)
    heard._wanted = {"tickets:scan"}
    with pytest.raises(redis.TimeoutError):
        heard._listen(pubsub)
    assert pubsub.subscribed == ["tickets:scan"]
    assert rung == ["name"]
    # More than five seconds after the last word, and given up after more than ten.
    assert pubsub.pinged == [105.5, 113.5]
    assert clock.at == 118.5


def test_what_is_closed_listens_to_nothing(heard: Notices) -> None:
    pubsub = PubSub(Clock())
    heard.close()
    heard._listen(pubsub)
    assert pubsub.subscribed == []


def test_that_redis_is_away_is_said_once(
    heard: Notices, rung: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And once more after it was there."""
    told: list[dict[str, Any]] = []

    class Log:
        def warning(self, event: str, **facts: Any) -> None:
            told.append({"event": event, **facts})

    monkeypatch.setattr(notices, "get_logger", Log)
    for _ in range(2):
        heard._tell(redis.ConnectionError("redis://:password@host"))
    heard._take({"type": "subscribe", "channel": b"tickets:scan", "data": 1})
    heard._tell(OSError("password"))
    assert [one["fault"] for one in told] == ["ConnectionError", "OSError"]
    assert {one["event"] for one in told} == {"changes of tickets are looked for"}
    assert "password" not in repr(told)
