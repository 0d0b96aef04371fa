"""Tickets in a Redis of several servers while a primary dies: see tests.proof.cluster.

A login begins at one process and is called back at another, each with a client of its
own. Somebody waits for the change and is rung for. Whoever is refused, or whose ticket
went with the primary, begins again once.
"""

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.proof.cluster_servers import running
from wxlogin.config import Settings
from wxlogin.errors import Unready
from wxlogin.security.sealing import Sealer
from wxlogin.tickets.counters import counters_for
from wxlogin.tickets.redis import RedisTickets
from wxlogin.tickets.store import Ticket

THREADS = 12
SENTINEL, CLUSTER = 16370, 16390
# Seconds before and after the primary dies, and until a person clicks again.
BEFORE, AFTER, AGAIN = 4.0, 16.0, 5.0


class Lost(Exception):
    """A ticket that was given out is not there."""


def sentinel() -> bool:
    """Three sentinels promote one of two replicas."""
    hosts = ",".join(f"127.0.0.1:{SENTINEL + 10 + number}" for number in (1, 2, 3))
    with running("redis-sentinel.sh") as run:
        url = f"redis+sentinel://{hosts}/wxlogin"
        return _prove("Redis Sentinel, the primary killed", url, run)


def cluster() -> bool:
    """One of three primaries dies, and its replica has its slots."""
    hosts = ",".join(f"127.0.0.1:{CLUSTER + number}" for number in (1, 2, 3))
    with running("redis-cluster.sh") as run:
        return _prove(
            "Redis Cluster, a primary killed", f"redis+cluster://{hosts}", run
        )


class _Journeys:
    """Logins between two processes, in threads, and what became of them."""

    def __init__(self, url: str) -> None:
        sealer = Sealer([bytes(range(32))])
        self.begin, self.back = (RedisTickets(url, sealer) for _ in range(2))
        self.counters = counters_for(Settings(redis_url=url), prefix="proof")
        self.over = threading.Event()
        self.good: list[float] = []
        self.rung: list[bool] = []
        self.refused: Counter[str] = Counter()
        self.twice: list[str] = []

    def visit(self, _thread: int) -> None:
        while not self.over.is_set():
            for last in (False, True):
                begun = time.perf_counter()
                try:
                    self._login()
                except (Unready, Lost) as error:
                    why = f"{type(error).__name__}: {error}"
                    if last:
                        self.twice.append(why)
                    else:
                        self.refused[why] += 1
                    threading.Event().wait(AGAIN)
                else:
                    self.good.append(time.perf_counter() - begun)
                    break

    def _login(self) -> None:
        key, secret = secrets.token_hex(16), secrets.token_hex(16)
        self.counters.add("proof", seconds=60)
        self.begin.add("scan", key, secret, ttl=60, most=100_000)
        ticket = self._there(self.back, key, secret)
        if not self.back.swap("scan", key, ticket.version, secret, ttl=60):
            raise Lost("what was swapped")
        self._there(self.begin, key, secret)
        if self.begin.take("scan", key) != secret:
            raise Lost("what was taken")

    def _there(self, store: RedisTickets, key: str, secret: str) -> Ticket:
        found = store.get("scan", key)
        if found is None:
            raise Lost("what was added")
        assert found.value == secret, "the ticket of another person"
        return found

    def wait(self) -> None:
        """One browser after the other waits for a change that comes soon."""
        while not self.over.is_set():
            key = secrets.token_hex(16)
            try:
                self.begin.add("wait", key, "open", ttl=60)
                with self.begin.watch(("wait", key)) as watch:
                    assert watch is not None
                    timer = threading.Timer(0.1, self._ring, [key])
                    timer.start()
                    rang = watch.wait(10.0)
                timer.join()
                found = self.begin.get("wait", key)
            except Unready:
                threading.Event().wait(1)
            else:
                self.rung.append(rang and found is not None and found.value == "done")

    def _ring(self, key: str) -> None:
        try:
            self.back.swap("wait", key, 1, "done", ttl=60)
        except Unready:
            return


def _prove(name: str, url: str, run: Callable[..., None]) -> bool:
    journeys = _Journeys(url)
    with ThreadPoolExecutor(THREADS + 1) as pool:
        waits = pool.submit(journeys.wait)
        visits = [pool.submit(journeys.visit, number) for number in range(THREADS)]
        time.sleep(BEFORE)
        run("kill")
        time.sleep(AFTER)
        journeys.over.set()
        for one in [*visits, waits]:
            one.result(60)
    times = sorted(journeys.good)
    again = ", ".join(f"{count} x {why}" for why, count in journeys.refused.items())
    print(
        f"{name}: {len(times)} logins, p95 {times[int(len(times) * 0.95)]:.3f} s, "
        f"slowest {times[-1]:.2f} s, came back once: {again or 'nobody'}, refused "
        f"twice: {len(journeys.twice)}; {sum(journeys.rung)} of {len(journeys.rung)} "
        f"who waited were rung for, in shared counts {journeys.counters.get('proof')}",
        flush=True,
    )
    for why in sorted(set(journeys.twice)):
        print(f"    {why}")
    journeys.begin.close()
    journeys.back.close()
    return not journeys.twice
