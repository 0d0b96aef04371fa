"""Counting in files, by processes that come and go."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.counted import samples

BEGUN = ("wxlogin_logins_begun_total", frozenset({("door", "qr"), ("app", "web")}))
SECONDS = ("wxlogin_wechat_seconds_count", frozenset({("call", "exchange")}))
SLOWER = ("wxlogin_wechat_seconds_sum", frozenset({("call", "exchange")}))
WAITING = ("wxlogin_waiting_browsers", frozenset())
# Counts, and says on its own number what it has done with a file of a dead process.
_WORK = """
from wxlogin import metrics
metrics.LOGINS_BEGUN.at("qr", "web").inc(3)
metrics.WECHAT_SECONDS.at("exchange").observe(0.25)
metrics.WAITING_BROWSERS.at().inc()
"""


def process(folder: Path, program: str) -> str:
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def works(folder: Path) -> int:
    return int(process(folder, _WORK + "import os; print(os.getpid())"))


def reads(folder: Path, before: str = ""):
    text = process(
        folder,
        f"from wxlogin import metrics\n{before}\n"
        "print(metrics.exposition('').text.decode())",
    )
    return samples(text)


def test_the_dead_are_added_up_and_wait_for_nobody(tmp_path: Path) -> None:
    first, second = works(tmp_path), works(tmp_path)
    assert reads(tmp_path)[BEGUN] == 6
    found = reads(tmp_path, f"metrics.bury({first}); metrics.bury({second})")
    assert (found[BEGUN], found[SECONDS], found[SLOWER]) == (6, 2, 0.5)
    assert WAITING not in found
    assert {file.name for file in tmp_path.iterdir()} == {
        *("counter_past.db", "histogram_past.db", "lock")
    }
    third = works(tmp_path)
    assert reads(tmp_path, f"metrics.bury({third})")[BEGUN] == 9


def test_who_buries_does_not_wait_for_who_reads(tmp_path: Path) -> None:
    first, second = works(tmp_path), works(tmp_path)
    reading = (
        "import fcntl, os; from pathlib import Path\n"
        "file = open(os.environ[metrics.FOLDER] + '/lock', 'a')\n"
        "fcntl.flock(file, fcntl.LOCK_SH)\n"
        f"metrics.bury({first})\n"
        f"assert Path(os.environ[metrics.FOLDER], 'counter_{first}.db').exists()\n"
        "file.close()\n"
        f"metrics.bury({second})"
    )
    assert reads(tmp_path, reading)[BEGUN] == 6
    assert not list(tmp_path.glob(f"counter_{first}.db"))
