"""`wxlogin run` and `wxlogin demo` tell sites by themselves; so does cron."""

import json
import os
import signal
import time
from collections.abc import Iterator
from threading import Event

import pytest

from tests.cli.commands import Commands, Running, free_port
from tests.support.people import People, accounts_app
from tests.support.receiver import Heard, Receiver, receiver
from tests.support.telling import WEBHOOK_SECRET, customer

PATIENCE = 60


@pytest.fixture
def shop() -> Iterator[Receiver]:
    with receiver() as server:
        yield server


@pytest.fixture
def service(wxlogin: Commands, shop: Receiver) -> Commands:
    """Settings with a shop that wants to hear of its users, and a database."""
    shop_site = {
        "name": "shop",
        "client_id": "shop",
        "client_secret": "the-shop-s-own-client-secret",
        "webhook_url": shop.url,
        "webhook_secret": WEBHOOK_SECRET,
    }
    wxlogin.environment |= {
        "PORT": str(free_port()),
        "SIMULATOR_PORT": str(free_port()),
        "WXLOGIN_SITES": json.dumps([shop_site]),
    }
    wxlogin.migrate()
    return wxlogin


def another_process_was_killed(service: Commands) -> None:
    """It had committed an event and told nobody."""
    url = f"sqlite:///{service.folder / 'instance' / 'wxlogin.db'}"
    with accounts_app(url, tables=False):
        customer(People(), "o1", "shop")


def arrival(shop: Receiver) -> Event:
    arrived = Event()

    def take(_heard: Heard) -> int:
        arrived.set()
        return 204

    shop.answers = take
    return arrived


@pytest.mark.parametrize(
    "command, ready", [("run", "Booting worker"), ("demo", "Stop with Ctrl-C")]
)
def test_a_service_delivers_beside_its_requests(
    service: Commands, shop: Receiver, command: str, ready: str
) -> None:
    arrived = arrival(shop)
    running = service.start(command)
    running.says(ready)
    another_process_was_killed(service)
    assert arrived.wait(PATIENCE)
    how = signal.SIGTERM if command == "run" else signal.SIGINT
    assert running.ends(how) == 0
    assert len(shop.requests) == 1


def test_a_worker_is_killed_and_the_next_one_delivers(
    service: Commands, shop: Receiver
) -> None:
    """fault F20"""
    arrived = arrival(shop)
    running = service.start("run", "--workers", "1")
    worker = _pid(running)
    os.kill(worker, signal.SIGKILL)
    another_process_was_killed(service)
    assert _pid(running) != worker
    assert arrived.wait(PATIENCE)


def test_cron_delivers_for_a_service_that_does_not(
    service: Commands, shop: Receiver
) -> None:
    another_process_was_killed(service)
    done = service.run("deliver")
    assert (done.stdout, done.returncode) == ("Delivered 1.\n", 0)
    assert len(shop.requests) == 1


def test_a_hung_site_does_not_hold_the_end_of_the_service(
    service: Commands, shop: Receiver
) -> None:
    shop.hangs = True
    running = service.start("run", "--workers", "1")
    running.says("Booting worker")
    another_process_was_killed(service)
    until = time.monotonic() + PATIENCE
    while not shop.requests:
        assert time.monotonic() < until
        Event().wait(0.02)
    began = time.monotonic()
    assert running.ends(signal.SIGTERM) == 0
    assert time.monotonic() - began < 15


def _pid(running: Running) -> int:
    line = running.says("Booting worker")
    return int(line.split("pid: ")[1].split('"')[0].rstrip())
