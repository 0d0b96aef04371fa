"""Two hundred first sign-ins of one person at the same moment (security row 46).

Four processes with fifty threads each sign the same unionid in through three apps,
all begun together, on one database. One user, three identities and two hundred
sessions must come out, and no failed request.

    python -m tests.proof.race DATABASE_URL     the processes, with one loading of all
"""

import json
import multiprocessing
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import sqlalchemy as sa
from flask import Flask

from tests.support.people import People, accounts_app, rows
from wxlogin.accounts.models import Grant, Identity, LoginEvent, UnionId, User
from wxlogin.accounts.models import Session as SessionRow
from wxlogin.db import Base, db

PROCESSES = 4
THREADS = 50
APPS = ("web", "oa", "app")
PATIENCE = 120
# Four processes together must stay under PostgreSQL's usual hundred connections.
# Whoever comes in a race of two hundred waits for a connection; a visitor would not.
POOL = {
    "poolclass": sa.QueuePool,
    "pool_size": 10,
    "max_overflow": 5,
    "pool_timeout": 30,
}


@dataclass(frozen=True)
class Figures:
    """What one round left in the database, and how it felt. Times in seconds."""

    users: int
    identities: int
    unionids: int
    sessions: int
    logins: int
    grants: int
    errors: tuple[str, ...]
    p95: float
    slowest: float

    @property
    def good(self) -> bool:
        everybody = PROCESSES * THREADS
        counts = (self.users, self.identities, self.unionids, self.grants)
        logged = (self.sessions, self.logins)
        return counts == (1, 3, 1, 3) and logged == (everybody,) * 2 and not self.errors

    def __str__(self) -> str:
        return (
            f"{self.users} user, {self.identities} identities, {self.sessions} "
            f"sessions, {len(self.errors)} errors, p95 {self.p95:.2f} s, "
            f"slowest {self.slowest:.2f} s"
        )


def race(url: str) -> Figures:
    """One round on the database at `url`, which is emptied first."""
    with accounts_app(url, tables=False):
        Base.metadata.drop_all(db.engine)
        Base.metadata.create_all(db.engine)
        command = [sys.executable, "-m", "tests.proof.race", url]
        told = subprocess.run(
            command, stdout=subprocess.PIPE, timeout=PATIENCE, check=True
        )
        reports = json.loads(told.stdout)
        times = sorted(one for report in reports for one in report["times"])
        return Figures(
            users=rows(User),
            identities=rows(Identity),
            unionids=rows(UnionId),
            sessions=rows(SessionRow),
            logins=rows(LoginEvent),
            grants=rows(Grant),
            errors=tuple(one for report in reports for one in report["errors"]),
            p95=times[int(len(times) * 0.95) - 1] if times else 0.0,
            slowest=times[-1] if times else 0.0,
        )


def _in_processes(url: str) -> list[dict[str, list[object]]]:
    """What each process has to say. They are forked from here, where there is neither
    a thread nor a connection yet, so that one loads what all need."""
    fork = multiprocessing.get_context("fork")
    ready = (fork.Barrier(PROCESSES),)
    with ProcessPoolExecutor(
        PROCESSES, mp_context=fork, initializer=_know, initargs=ready
    ) as pool:
        return list(pool.map(partial(_take_part, url), range(PROCESSES)))


def _know(ready: "multiprocessing.synchronize.Barrier") -> None:
    global _ready
    _ready = ready


def _take_part(url: str, number: int) -> dict[str, list[object]]:
    """One process; nobody begins before all are ready, so each takes part once."""
    with accounts_app(url, tables=False, **POOL) as app:
        db.engine.connect().close()
        gate = threading.Barrier(THREADS)
        with ThreadPoolExecutor(THREADS) as pool:
            _ready.wait(PATIENCE)
            starts = range(number * THREADS, (number + 1) * THREADS)
            results = list(pool.map(lambda one: _sign_in(app, gate, one), starts))
    times = [one for one in results if isinstance(one, float)]
    errors = [one for one in results if isinstance(one, str)]
    return {"times": times, "errors": errors}


def _sign_in(app: Flask, gate: threading.Barrier, number: int) -> float | str:
    people = People()
    name = APPS[number % len(APPS)]
    person = people.person(name, f"openid-{name}", "unionid", name="小明😀")
    with app.app_context():
        gate.wait()
        begun = time.perf_counter()
        try:
            people.arrives(person, secret=f"secret {number}", grant=people.grant())
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        return time.perf_counter() - begun


if __name__ == "__main__":
    print(json.dumps(_in_processes(sys.argv[1])))
