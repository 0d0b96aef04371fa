"""What is particular to Redis: nothing stays for ever, and it may go away."""

import signal
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import redis

from tests.services.conftest import OwnRedis
from tests.support.silence import Wire
from wxlogin.errors import Unready
from wxlogin.security.sealing import Sealer
from wxlogin.tickets import Ticket, redis_client
from wxlogin.tickets import redis as tickets_in_redis
from wxlogin.tickets.redis import RedisTickets
from wxlogin.tickets.redis_client import ANSWER_SECONDS


@pytest.fixture
def store(own_redis: OwnRedis, sealer: Sealer) -> Iterator[RedisTickets]:
    store = RedisTickets(own_redis.url, sealer)
    yield store
    store.close()


def test_a_dump_shows_neither_key_nor_value_and_all_of_it_ends(
    own_redis: OwnRedis, store: RedisTickets
) -> None:
    """Security row 30."""
    store.add("attempt", "nonce-in-a-state", "value-of-it", ttl=60)
    with redis.Redis.from_url(own_redis.url) as client:
        for key in client.keys():
            dump = repr((key, client.hgetall(key)))
            assert key.startswith(b"wxlogin:ticket:")
            assert "nonce-in-a-state" not in dump
            assert "value-of-it" not in dump
            assert 60_000 < client.pttl(key) <= 660_000


def test_killed_and_back(own_redis: OwnRedis, store: RedisTickets) -> None:
    """Fault F17: 503 while it is away; back without a restart of ours."""
    store.add("attempt", "nonce", "open", ttl=60)
    own_redis.kill()
    with pytest.raises(Unready):
        store.get("attempt", "nonce")
    own_redis.start()
    # It lost everything: the ticket is gone, and a new one can be made.
    assert store.get("attempt", "nonce") is None
    assert store.add("attempt", "nonce", "open", ttl=60)


def test_emptied(own_redis: OwnRedis, store: RedisTickets) -> None:
    """Fault F17: FLUSHALL means "scan again", also for loaded scripts."""
    store.add("attempt", "nonce", "open", ttl=60)
    with redis.Redis.from_url(own_redis.url) as client:
        client.flushall()
        client.script_flush()
    assert not store.swap("attempt", "nonce", 1, "done", ttl=60)
    assert store.take("attempt", "nonce") is None
    assert store.add("attempt", "nonce", "again", ttl=60)
    assert store.get("attempt", "nonce") == Ticket(1, "again")


def test_paused(own_redis: OwnRedis, store: RedisTickets) -> None:
    """Fault F17: silence is waited for once."""
    store.ping()
    own_redis.signal(signal.SIGSTOP)
    began = time.monotonic()
    try:
        with pytest.raises(Unready):
            store.get("attempt", "nonce")
    finally:
        own_redis.signal(signal.SIGCONT)
    assert time.monotonic() - began < ANSWER_SECONDS * 1.75
    store.ping()


def test_a_repeated_script_knows_its_own_work(
    own_redis: OwnRedis, sealer: Sealer
) -> None:
    """The client repeats a script whose answer was lost; that is no second caller."""
    store = RedisTickets(own_redis.url, sealer)
    asked = []
    once = store._run

    def twice(script: str, name: str, *arguments: bytes | int) -> object:
        asked.append(script)
        once(script, name, *arguments)
        return once(script, name, *arguments)

    store._run = twice  # type: ignore[method-assign]
    assert store.add("attempt", "nonce", "open", ttl=60)
    assert store.swap("attempt", "nonce", 1, "done", ttl=60)
    assert store.get("attempt", "nonce") == Ticket(2, "done")
    assert asked == ["add", "swap", "get"]
    store.close()


def test_a_silent_redis_holds_one_thread_and_not_all(
    redis_url: str, sealer: Sealer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_client, "ANSWER_SECONDS", 0.3)
    with Wire(
        (urlsplit(redis_url).hostname or "", urlsplit(redis_url).port or 0)
    ) as wire:
        store = RedisTickets(f"redis://127.0.0.1:{wire.port}/0", sealer)
        assert store.get("scan", "nobody's") is None
        wire.falls_silent()
        began = time.monotonic()
        for _ in range(20):
            with pytest.raises(Unready):
                store.get("scan", "nobody's")
        assert time.monotonic() - began < tickets_in_redis.SILENT_SECONDS
        wire.speaks()
        store.ping()
        assert store.get("scan", "nobody's") is None
        store.close()
