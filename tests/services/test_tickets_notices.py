"""A change that another process makes is noticed: by Redis' word, or by looking."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import isinf

import pytest
import redis

from tests.services.conftest import OwnRedis
from wxlogin.security.sealing import Sealer
from wxlogin.tickets import TicketStore, notices
from wxlogin.tickets.redis import RedisTickets
from wxlogin.tickets.sql import SqlTickets
from wxlogin.tickets.waiting import Watch

PATIENCE = 20
# Changes version 1 into 2, 2 into 3 and so on, at each line it reads.
OTHER = """
import sys
from wxlogin.security.sealing import Sealer
from wxlogin.tickets.redis import RedisTickets
url, prefix = sys.argv[1:]
store = RedisTickets(url, Sealer([bytes(range(32))]), prefix=prefix)
store.get("scan", "nonce")
print("ready", flush=True)
for line in sys.stdin:
    store.swap("scan", "nonce", int(line), "changed", ttl=60)
"""


@pytest.fixture(autouse=True)
def _looks_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "LOOK_SECONDS", 0.2)
    monkeypatch.setattr(notices, "_TURN_SECONDS", 0.05)


@pytest.fixture
def store(redis_url: str, own_prefix: str, sealer: Sealer) -> Iterator[RedisTickets]:
    store = RedisTickets(redis_url, sealer, prefix=own_prefix)
    yield store
    store.close()


@contextmanager
def another_process(redis_url: str, prefix: str) -> Iterator[Callable[[int], None]]:
    """`change(version)` in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", OTHER, redis_url, prefix],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdin and process.stdout
        assert process.stdout.readline() == "ready\n"

        def change(version: int) -> None:
            assert process.stdin
            process.stdin.write(f"{version}\n")
            process.stdin.flush()

        yield change
        process.stdin.close()


def version_of(store: TicketStore) -> int:
    found = store.get("scan", "nonce")
    return found.version if found else 0


def seen(store: TicketStore, watch: Watch, version: int) -> None:
    """Returns once one who watches sees another version than this."""
    began = time.monotonic()
    while version_of(store) == version:
        assert time.monotonic() - began < PATIENCE
        watch.wait(PATIENCE)


def heard(store: RedisTickets) -> None:
    """Returns once Redis tells of changes."""
    end = time.monotonic() + PATIENCE
    while not isinf(store._notices.pause({"scan"})):
        assert time.monotonic() < end
        time.sleep(0.005)


def test_redis_tells_what_another_process_changed(
    store: RedisTickets,
    redis_url: str,
    own_prefix: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Security row 76; nobody looks but who is told to."""
    store.add("scan", "nonce", "open", ttl=60)
    with another_process(redis_url, own_prefix) as change:
        with store.watch(("scan", "nonce")) as watch:
            assert watch is not None
            heard(store)
            watch.wait(0)
            assert not watch.wait(notices.LOOK_SECONDS * 2)
            monkeypatch.setattr(notices, "LOOK_SECONDS", 2 * PATIENCE)
            for version in range(1, 22):
                change(version)
                seen(store, watch, version)


def test_a_ticket_that_is_taken_is_told_of(
    store: RedisTickets, redis_url: str, own_prefix: str, sealer: Sealer
) -> None:
    other = RedisTickets(redis_url, sealer, prefix=own_prefix)
    store.add("scan", "nonce", "open", ttl=60)
    with store.watch(("scan", "nonce")) as watch:
        assert watch is not None
        heard(store)
        watch.wait(0)
        assert other.take("scan", "nonce") == "open"
        assert watch.wait(PATIENCE)
        assert version_of(store) == 0
    other.close()


def test_all_who_wait_in_a_process_share_one_connection(
    own_redis: OwnRedis, sealer: Sealer
) -> None:
    store = RedisTickets(own_redis.url, sealer)
    before = {thread.ident for thread in threading.enumerate()}
    for number in range(3):
        with store.watch(("scan", str(number)), ("follow", "x")):
            heard(store)
    with redis.Redis.from_url(own_redis.url) as client:
        listening = [one for one in client.client_list() if int(one["sub"])]
        assert len(listening) == 1
    after = {thread.ident for thread in threading.enumerate()}
    assert len(after - before) == 1
    store.close()


def test_a_change_is_found_by_looking_while_redis_may_not_tell(
    own_redis: OwnRedis, sealer: Sealer
) -> None:
    """Its ACL knows channels, too; a ticket is changed all the same."""
    with redis.Redis.from_url(own_redis.url) as client:
        client.execute_command("ACL", "SETUSER", "default", "resetchannels")
    store, other = (RedisTickets(own_redis.url, sealer) for _ in range(2))
    store.add("scan", "nonce", "open", ttl=60)
    with store.watch(("scan", "nonce")) as watch:
        assert watch is not None
        assert other.swap("scan", "nonce", 1, "done", ttl=60)
        seen(store, watch, 1)
    store.close()
    other.close()


def test_a_restart_of_redis_is_got_over(
    own_redis: OwnRedis, sealer: Sealer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault F17: who waits is told to look when it is back, and hears again."""
    store, other = (RedisTickets(own_redis.url, sealer) for _ in range(2))
    store.add("scan", "nonce", "open", ttl=60)
    with store.watch(("scan", "nonce")) as watch:
        assert watch is not None
        heard(store)
        watch.wait(0)
        own_redis.kill()
        assert watch.wait(PATIENCE)
        own_redis.start()
        assert other.add("scan", "nonce", "new", ttl=60)
        assert version_of(store) == 1
        heard(store)
        watch.wait(0)
        monkeypatch.setattr(notices, "LOOK_SECONDS", 2 * PATIENCE)
        assert other.swap("scan", "nonce", 1, "done", ttl=60)
        seen(store, watch, 1)
    store.close()
    other.close()


ON_DATABASES = pytest.mark.parametrize(
    "ticket_app", ["sqlite", "postgresql", "mariadb"], indirect=True
)


@ON_DATABASES
def test_who_watches_the_database_sees_a_change_of_another_process(
    tickets: TicketStore, sealer: Sealer
) -> None:
    """Here another one is a store without the bells of the first."""
    tickets.add("scan", "nonce", "open", ttl=60)
    with tickets.watch(("scan", "nonce")) as watch:
        assert watch is not None
        assert SqlTickets(sealer).swap("scan", "nonce", 1, "done", ttl=60)
        assert watch.wait(2)
        assert version_of(tickets) == 2
        # In one process it is heard at once.
        assert tickets.swap("scan", "nonce", 2, "over", ttl=60)
        assert watch.wait(0.1)


@ON_DATABASES
def test_many_who_watch_the_database_look_less_often(
    tickets: TicketStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Security row 77: a hundred looks a second of a process, however many wait."""
    room = tickets._room  # type: ignore[attr-defined]
    pauses = []
    for many in (1, 100, 10_000):
        monkeypatch.setattr(room, "taken", many)
        pauses.append(tickets._pause())  # type: ignore[attr-defined]
    assert pauses == [0.2, 1.0, 1.5]
