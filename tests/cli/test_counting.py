"""What all workers count together, also those that have died."""

import os
import signal
import time
from pathlib import Path
from threading import Event

import pytest

from tests.cli.commands import Commands, Running, free_port, get
from tests.support.counted import samples

PATIENCE = 60
BEGUN = ("wxlogin_logins_begun_total", frozenset({("door", "qr"), ("app", "web")}))
WORKERS = ("wxlogin_workers", frozenset())


@pytest.fixture
def service(wxlogin: Commands) -> Commands:
    """Settings in development, and a database."""
    port = str(free_port())
    temporary = wxlogin.folder / "temporary"
    temporary.mkdir()
    wxlogin.environment |= {
        "PORT": port,
        "SIMULATOR_PORT": str(free_port()),
        "TMPDIR": str(temporary),
    }
    wxlogin.migrate()
    return wxlogin


def counts(url: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    answer = get(f"{url}/metrics")
    assert answer.status_code == 200, answer.text
    return samples(answer.text)


def pids(running: Running, number: int) -> list[int]:
    lines = [running.says("Booting worker") for _ in range(number)]
    return [int(line.split("pid: ")[1].split('"')[0].rstrip()) for line in lines]


def folders(service: Commands) -> list[Path]:
    return list((service.folder / "temporary").glob("wxlogin-metrics-*"))


@pytest.mark.parametrize("worker", ["threads", "gevent"])
def test_workers_count_together_and_the_dead_are_not_forgotten(
    service: Commands, worker: str
) -> None:
    running = service.start("run", "--worker", worker)
    url = f"http://127.0.0.1:{service.environment['PORT']}"
    victim, _ = pids(running, 2)
    wait_until(lambda: counts(url).get(WORKERS) == 2)
    for number in range(1, 11):
        get(f"{url}/login/qr", allow_redirects=False)
        assert counts(url)[BEGUN] == number
    [folder] = folders(service)
    assert folder.stat().st_mode & 0o077 == 0
    os.kill(victim, signal.SIGKILL)
    pids(running, 1)
    wait_until(lambda: counts(url).get(WORKERS) == 2)
    assert counts(url)[BEGUN] == 10
    # What the dead has counted is in one file with that of others.
    assert not list(folder.glob(f"*_{victim}.db"))
    running.process.send_signal(signal.SIGHUP)
    pids(running, 2)
    wait_until(lambda: counts(url).get(WORKERS) == 2)
    assert counts(url)[BEGUN] == 10
    assert running.ends(signal.SIGTERM) == 0
    assert folders(service) == []


def wait_until(is_so) -> None:
    until = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < until
        Event().wait(0.05)
