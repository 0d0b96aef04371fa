"""The list of an official account with fifty thousand followers: read, killed half way
and resumed, and read again, with the figures of each.

WeChat is the simulator, in a process of its own; each step is the real command.

    python -m tests.proof.followers [HOW MANY] [sqlite|postgresql|mariadb …]
"""

import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import requests
import sqlalchemy as sa

from tests.proof.people import SERVERS, Service
from tests.support import databases

FOLLOWERS = 50_000
_SYNC = ("followers", "sync", "oa")


@contextmanager
def wechat(count: int) -> Iterator[str]:
    """The URL of a simulated WeChat with so many followers of `oa`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    program = str(Path(sys.executable).with_name("wxlogin"))
    words = [program, "simulator", "--port", port]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            url = f"http://localhost:{port}"
            crowd = {"appid": "oa", "count": count}
            requests.post(f"{url}/_sim/followers", json=crowd, timeout=60)
            yield url
        finally:
            process.terminate()


def prove(name: str, count: int) -> bool:
    """Prints a line per step; True if everybody is there once after all of them."""
    print(f"{name}: the list of {count:,} followers", flush=True)
    try:
        with ExitStack() as stack:
            url = stack.enter_context(wechat(count))
            good = _prove(stack, url, name, count)
    except databases.NoServer as missing:
        print(f"{name}: not measured. {missing}")
        return False
    print(f"{name}: {'good' if good else 'NOT GOOD'}", flush=True)
    return good


def _prove(stack: ExitStack, wechat_url: str, name: str, count: int) -> bool:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    first, second = (stack.enter_context(SERVERS[name]()) for _ in range(2))
    where = {"WXLOGIN_SIMULATOR_URL": wechat_url}
    one = Service(folder / "1", first, **where)
    other = Service(folder / "2", second, **where)
    whole = one.run("sync", count, *_SYNC)
    again = one.run("the same again", count, *_SYNC)
    killed = other.run("killed half way", count, *_SYNC, kill=whole.seconds / 2)
    left = _met(second)
    resumed = other.run(f"resumed, {count - left:,} left", count - left, *_SYNC)
    print(f"killed with {left:,} written; {_met(second):,} in the end", flush=True)
    ended = [whole.status, again.status, resumed.status, killed.status]
    there = (_met(first), _met(second)) == (count, count)
    return there and 0 < left < count and ended == [0, 0, 0, -signal.SIGKILL]


def _met(url: str) -> int:
    """How many people are there who follow, each of them once."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    query = "SELECT count(DISTINCT openid) FROM followers WHERE followed"
    with engine.connect() as connection:
        return int(connection.exec_driver_sql(query).scalar_one())


def main(words: list[str]) -> int:
    count = int(words[0]) if words else FOLLOWERS
    good = [prove(name, count) for name in words[1:] or SERVERS]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
