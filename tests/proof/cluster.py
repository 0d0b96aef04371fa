"""Sign-ins on databases and Redis that are several servers, while one of them dies.

    python -m tests.proof.cluster                        all four
    python -m tests.proof.cluster galera postgresql      some

The servers are started by the scripts of `deploy/cluster/`, on ports of their own. At
each moment everybody signs in the same new person, through three apps, from several
processes at once. Whoever is refused comes back once, as a person does who clicks
again. At the end nobody may have been refused twice, each session that was given out is
in the database, and each person is one user.
"""

import json
import multiprocessing
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass

import sqlalchemy as sa

from tests.proof import cluster_redis
from tests.proof.cluster_servers import running
from tests.support.people import People, accounts_app, check_invariants, rows
from tests.support.tables import migrate_database
from wxlogin.accounts.models import Session, UnionId, User
from wxlogin.accounts.sessions import hash_secret
from wxlogin.db import db, reading
from wxlogin.errors import WxloginError

APPS = ("web", "oa", "app")
PROCESSES = 3
THREADS = 6
# Seconds for which everybody signs in the same person; and after which one who was
# refused clicks again.
EACH = 0.5
AGAIN = 5.0
GALERA, POSTGRESQL = 13310, 15430


@dataclass
class Figures:
    """How it went for those who signed in. Times in seconds."""

    sessions: list[str]
    times: list[float]
    refused: Counter[str]
    twice: list[str]
    people: int

    def __str__(self) -> str:
        times = sorted(self.times)
        p95 = times[int(len(times) * 0.95) - 1]
        again = ", ".join(f"{count} x {why}" for why, count in self.refused.items())
        return (
            f"{len(self.sessions)} sign-ins of {self.people} people, "
            f"p95 {p95:.2f} s, slowest {times[-1]:.2f} s, came back once: "
            f"{again or 'nobody'}, refused twice: {len(self.twice)}"
        )


def main(names: list[str]) -> int:
    good = [PROOFS[name]() for name in names or PROOFS]
    return 0 if all(good) else 1


def galera() -> bool:
    """Three nodes; the third is killed, and comes back."""
    hosts = [f"host=127.0.0.1:{GALERA + number}" for number in (1, 2, 3)]
    urls = [
        "mysql+pymysql://root@/wxlogin?" + "&".join(hosts[one:] + hosts[:one])
        for one in range(3)
    ]
    with running("galera.sh") as run:

        def disturb() -> None:
            time.sleep(5)
            run("kill", "3")
            time.sleep(5)
            run("node", "3")
            time.sleep(5)

        alone = [f"mysql+pymysql://root@127.0.0.1:{GALERA + n}/wxlogin" for n in (1, 3)]
        return _prove("Galera, a node killed and back", urls, disturb, alone)


def postgresql() -> bool:
    """A primary behind PgBouncer, and asked directly; it dies, the standby takes
    over."""
    pooled = f"127.0.0.1:{POSTGRESQL + 2}/wxlogin?prepare_threshold=none"
    hosts = f"host=127.0.0.1:{POSTGRESQL}&host=127.0.0.1:{POSTGRESQL + 1}"
    ways = {
        "through PgBouncer": f"postgresql+psycopg://wxlogin@{pooled}",
        "by both hosts": f"postgresql+psycopg://wxlogin@/wxlogin?{hosts}"
        "&target_session_attrs=read-write",
    }
    good = True
    for way, url in ways.items():
        with running("postgresql.sh") as run:

            def disturb(run: Callable[..., None] = run) -> None:
                time.sleep(5)
                run("kill")
                run("promote")
                time.sleep(8)

            name = f"PostgreSQL's standby promoted, {way}"
            good &= _prove(name, [url] * PROCESSES, disturb, [url])
    return good


PROOFS: dict[str, Callable[[], bool]] = {
    "galera": galera,
    "postgresql": postgresql,
    "sentinel": cluster_redis.sentinel,
    "cluster": cluster_redis.cluster,
}


def _prove(
    name: str, urls: list[str], disturb: Callable[[], None], looks: list[str]
) -> bool:
    migrate_database(urls[0])
    fork = multiprocessing.get_context("fork")
    over = fork.Event()
    with ProcessPoolExecutor(
        len(urls), mp_context=fork, initializer=_know, initargs=(over,)
    ) as pool:
        reports = [
            pool.submit(_process, number, url) for number, url in enumerate(urls)
        ]
        try:
            disturb()
        finally:
            over.set()
        figures = _together([json.loads(one.result(120)) for one in reports])
    left = [_judged(url, figures) for url in looks]
    print(f"{name}: {figures}; {', '.join(left)}", flush=True)
    for why in sorted(set(figures.twice)):
        print(f"    {why}")
    return not figures.twice and set(left) == {"all is there"}


def _know(over: "multiprocessing.synchronize.Event") -> None:
    global _over
    _over = over


def _together(reports: list[dict[str, list[str]]]) -> Figures:
    def all_of(name: str) -> list[str]:
        return [one for report in reports for one in report[name]]

    return Figures(
        sessions=all_of("sessions"),
        times=[float(one) for one in all_of("times")],
        refused=Counter(all_of("refused")),
        twice=all_of("twice"),
        people=len(set(all_of("people"))),
    )


def _judged(url: str, figures: Figures) -> str:
    """What is not as it should be in the database there."""
    with accounts_app(url, tables=False):
        check_invariants()
        with reading() as session:
            kept = set(session.scalars(sa.select(Session.secret_hash)))
        lost = sum(hash_secret(one) not in kept for one in figures.sessions)
        users, unionids = rows(User), rows(UnionId)
    if lost or (users, unionids) != (figures.people, figures.people):
        return f"{lost} sessions lost, {users} users, {unionids} unionids"
    return "all is there"


def _process(number: int, url: str) -> str:
    """One process of the service, until it is over."""
    with accounts_app(url, tables=False) as app:
        report: dict[str, list[str]] = {}
        for name in ("sessions", "times", "refused", "twice", "people"):
            report[name] = []

        def visit(thread: int) -> None:
            with app.app_context():
                count = 0
                while not _over.is_set():
                    count += 1
                    _sign_in(report, f"{number}-{thread}-{count}", APPS[thread % 3])

        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(visit, range(THREADS)))
        db.engine.dispose()
    return json.dumps(report)


def _sign_in(report: dict[str, list[str]], secret: str, app: str) -> None:
    people = People()
    moment = f"{int(time.time() / EACH)}"
    report["people"].append(moment)
    person = people.person(app, f"openid-{app}-{moment}", f"unionid-{moment}")
    for last in (False, True):
        begun = time.perf_counter()
        try:
            # Who clicks again begins a new login.
            secret += " again" if last else ""
            people.arrives(person, secret=secret)
        except Exception as error:
            facts = error.facts if isinstance(error, WxloginError) else ""
            report["twice" if last else "refused"].append(
                f"{type(error).__name__}: {error} {facts}"
            )
            threading.Event().wait(AGAIN)
        else:
            report["times"].append(str(time.perf_counter() - begun))
            report["sessions"].append(secret)
            return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
