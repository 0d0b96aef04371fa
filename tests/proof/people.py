"""A site's whole table of people: in, in again, out, killed half way, and moved.

Each step is the real command in a process of its own, so its time and the most memory
it held are its own.

    python -m tests.proof.people [HOW MANY] [sqlite|postgresql|mariadb …]
"""

import filecmp
import json
import os
import random
import signal
import string
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support import databases

PEOPLE = 20_000
_LETTERS = string.ascii_letters + string.digits + "_-"
SITE = {
    "name": "shop",
    "client_id": "shop",
    "client_secret": "0123456789abcdef0123456789abcdef",
    "redirect_uris": ["https://shop.example/back"],
}


@dataclass(frozen=True)
class Step:
    """How one command went: seconds by the clock and of computing, megabytes at most.

    Where a machine is shared, the seconds of computing say more.
    """

    what: str
    people: int
    seconds: float
    busy: float
    megabytes: float
    status: int

    def __str__(self) -> str:
        pace = self.people / self.seconds
        return (
            f"{self.what:32}{self.seconds:8.1f} s ({self.busy:.1f} s busy)"
            f"{pace:9,.0f} a second{self.megabytes:7.0f} MB at most"
        )


class Service:
    """`wxlogin` over one database."""

    def __init__(self, folder: Path, url: str, **settings: str) -> None:
        wanted = ("PATH", "HOME", "LANG", "PYTHONPATH", "TMPDIR")
        kept = {name: os.environ[name] for name in wanted if name in os.environ}
        self._environment = {
            **kept,
            "WXLOGIN_INSTANCE": str(folder),
            "WXLOGIN_DATABASE_URL": url,
            "WXLOGIN_LOG_LEVEL": "warning",
            "WXLOGIN_SITES": json.dumps([SITE]),
            **settings,
        }
        self.run("prepare", 0, "db", "upgrade")

    def start(self, *words: str) -> "subprocess.Popen[bytes]":
        program = str(Path(sys.executable).with_name("wxlogin"))
        return subprocess.Popen(
            [program, *words],
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def run(self, what: str, people: int, *words: str, kill: float = 0) -> Step:
        """Runs the command to its end, or kills it after `kill` seconds."""
        begun = time.perf_counter()
        process = self.start(*words)
        if kill:
            time.sleep(kill)
            process.send_signal(signal.SIGKILL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - begun
        busy = usage.ru_utime + usage.ru_stime
        megabytes = usage.ru_maxrss / 1024
        step = Step(what, people, seconds, busy, megabytes, process.returncode)
        if people:
            print(step, flush=True)
        return step


def write_people(path: Path, count: int) -> None:
    """A table as a shop of the simulated world would have it; always the same."""
    chance = random.Random(7)  # noqa: S311  not secret

    def some_id() -> str:
        return "o6_bm" + "".join(chance.choices(_LETTERS, k=23))

    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            person = {
                "external_id": str(100_000 + number),
                "openids": {"web": some_id(), "mp": some_id()},
                "unionids": {"main": some_id()},
                "name": f"小明{number}",
                "created": f"2024-05-{number % 28 + 1:02}T08:00:00+08:00",
            }
            file.write(json.dumps(person, ensure_ascii=False) + "\n")


@contextmanager
def sqlite_url() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/wxlogin.db"


SERVERS = {
    "sqlite": sqlite_url,
    "postgresql": databases.postgresql_url,
    "mariadb": databases.mariadb_url,
}


def prove(name: str, count: int) -> bool:
    """Prints a line per step; True if people came through all of it unchanged."""
    print(f"{name}: {count:,} people, each with two openids and a unionid", flush=True)
    try:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            good = _prove(folder, count, _services(stack, folder, SERVERS[name]))
    except databases.NoServer as missing:
        print(f"{name}: not measured. {missing}")
        return False
    print(f"{name}: {'good' if good else 'NOT GOOD'}", flush=True)
    return good


def _services(stack: ExitStack, folder: Path, server: object) -> list[Service]:
    assert callable(server)
    found = []
    for number in range(3):
        url_of: AbstractContextManager[str] = server()
        found.append(Service(folder / str(number), stack.enter_context(url_of)))
    return found


def _prove(folder: Path, count: int, services: list[Service]) -> bool:
    people, first, second = (str(folder / f"{one}.jsonl") for one in "abc")
    write_people(Path(people), count)
    one, other, third = services
    site = ("--site", "shop")
    steps = [
        one.run("import, dry run", count, "import", people, *site, "--dry-run"),
        one.run("import", count, "import", people, *site),
        one.run("the same import again", count, "import", people, *site),
        one.run("export", count, "export", first, *site),
        other.run("import of that export", count, "import", first, *site, "--trust"),
        other.run("export of the copy", count, "export", second, *site),
    ]
    same = filecmp.cmp(first, second, shallow=False)
    print(f"the copy is {'the same, byte for byte' if same else 'NOT the same'}")
    half = steps[1].seconds / 2
    killed = third.run("killed", count, "import", first, *site, "--trust", kill=half)
    resumed = third.run(
        "import, killed half way, resumed", count, "import", first, *site, "--trust"
    )
    third.run("export", count, "export", second, *site)
    whole = filecmp.cmp(first, second, shallow=False)
    print(f"after the kill {'everybody is there, once' if whole else 'NO'}")
    ended = [step.status for step in (*steps, resumed)]
    return same and whole and not any(ended) and killed.status == -signal.SIGKILL


def main(words: list[str]) -> int:
    count = int(words[0]) if words else PEOPLE
    good = [prove(name, count) for name in words[1:] or SERVERS]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
