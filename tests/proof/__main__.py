"""`make proof`: twenty rounds of the race on each database, a table of people in and
out of each and the list of an account's followers into each, with the figures, what a
login and a site's sign-in cost, what is shipped, installed by hashes and audited,
sign-ins beside a thousand slow clients and beside a flood of made-up codes, two hosts
of which one is killed, pushes that nobody wrote, whole programs of others with two
people of one nickname, other people's clients at the simulator's real names, and what
the simulator can do on one core."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from tests.proof import (
    box,
    clients,
    cost,
    flood,
    followers,
    forged,
    hosts,
    people,
    pushed,
    shipped,
    site_cost,
    slow,
    software,
)
from tests.proof.race import race
from tests.support import databases

ROUNDS = 20


@contextmanager
def _sqlite_url() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/wxlogin.db"


def main() -> int:
    print("200 simultaneous first sign-ins of one person through three apps")
    good = [
        _rounds("SQLite", _sqlite_url()),
        _rounds("PostgreSQL", databases.postgresql_url()),
        _rounds("MariaDB", databases.mariadb_url()),
    ]
    good += [people.prove(name, people.PEOPLE) for name in people.SERVERS]
    good += [followers.prove(name, followers.FOLLOWERS) for name in followers.SERVERS]
    good.append(cost.prove())
    good.append(site_cost.prove())
    good.append(shipped.prove())
    good.append(slow.prove())
    good.append(flood.prove())
    good.append(hosts.prove())
    good.append(forged.prove())
    good.append(pushed.prove())
    good.append(software.prove())
    good.append(clients.prove())
    good.append(box.prove())
    return 0 if all(good) else 1


def _rounds(name: str, server: AbstractContextManager[str]) -> bool:
    """Prints a line per round; True if all were good."""
    good = 0
    try:
        with server as url:
            for number in range(1, ROUNDS + 1):
                figures = race(url)
                good += figures.good
                print(f"{name:11}{number:3}: {figures}", flush=True)
                for error in set(figures.errors):
                    print(f"{'':16}{error}")
    except databases.NoServer as missing:
        print(f"{name}: not measured. {missing}")
        return False
    print(f"{name}: {good} of {ROUNDS} rounds good")
    return good == ROUNDS


if __name__ == "__main__":
    sys.exit(main())
