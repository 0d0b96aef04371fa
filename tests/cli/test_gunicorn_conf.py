"""`gunicorn -c deploy/gunicorn.conf.py app:app`, for who starts gunicorn."""

import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from tests.cli.commands import Commands, free_port, get
from tests.cli.test_delivering import another_process_was_killed, arrival
from tests.support.counted import samples
from tests.support.receiver import Receiver, receiver
from tests.support.telling import WEBHOOK_SECRET

ROOT = Path(__file__).parents[2]
CONF = ("-c", "deploy/gunicorn.conf.py", "app:app")
PATIENCE = 60


@pytest.fixture
def shop() -> Iterator[Receiver]:
    with receiver() as server:
        yield server


@pytest.fixture
def gunicorn(wxlogin: Commands) -> Iterator[Commands]:
    program = [str(Path(sys.executable).with_name("gunicorn"))]
    commands = Commands(ROOT, program)
    wxlogin.environment |= {"PORT": str(free_port()), "SIMULATOR_PORT": "1"}
    commands.environment = wxlogin.environment
    yield commands
    commands.stop_all()


@pytest.mark.parametrize("worker", ["threads", "gevent"])
def test_it_is_all_there(
    gunicorn: Commands, wxlogin: Commands, shop: Receiver, worker: str
) -> None:
    """Both kinds of workers, metrics of all, events delivered, a quiet end."""
    site = {
        "name": "shop",
        "client_id": "shop",
        "client_secret": "the-shop-s-own-client-secret",
        "webhook_url": shop.url,
        "webhook_secret": WEBHOOK_SECRET,
    }
    gunicorn.environment |= {
        "WXLOGIN_WORKER": worker,
        "WXLOGIN_SITES": json.dumps([site]),
    }
    wxlogin.migrate()
    arrived: Event = arrival(shop)
    running = gunicorn.start(*CONF)
    kind = "GreenWorker" if worker == "gevent" else "worker.Worker"
    assert kind in running.says("Using worker")
    for _ in range(2):
        running.says("Booting worker")
    url = f"http://127.0.0.1:{gunicorn.environment['PORT']}"
    assert get(f"{url}/readyz").json() == {"status": "ready"}
    another_process_was_killed(wxlogin)
    assert arrived.wait(PATIENCE)
    found = samples(get(f"{url}/metrics").text)
    assert found["wxlogin_workers", frozenset()] == 2
    delivered = {("way", "webhook"), ("site", "shop"), ("result", "delivered")}
    assert found["wxlogin_deliveries_total", frozenset(delivered)] == 1
    assert running.ends(signal.SIGTERM) == 0
    for line in running.lines:
        assert json.loads(line)["event"]
        assert "unknown setting" not in line


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"WXLOGIN_WORKER": "sync"}, "WXLOGIN_WORKER is sync"),
        ({"WXLOGIN_ENV": "production"}, "PUBLIC_URL"),
    ],
)
def test_a_mistake_is_a_sentence(
    gunicorn: Commands, change: dict[str, str], named: str
) -> None:
    done = gunicorn.run(*CONF, **change)
    assert done.returncode == 4
    assert done.stderr.startswith("wxlogin: ")
    assert named in done.stderr
    assert "Traceback" not in done.stderr
