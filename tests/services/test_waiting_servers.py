"""Browsers that wait at a real server: threads and gevent, Redis and no Redis."""

import json
import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.cli.commands import Commands, Running, free_port, get
from tests.cli.test_run import begins
from tests.support import databases
from tests.support.chosen_database import available
from tests.support.journey import Phone
from tests.web.mini_program import MP
from wxlogin.simulator.server import SimulatorServer

ROOT = Path(__file__).resolve().parents[2]
THREADS = ("-k", "wxlogin.server.worker.Worker", "--threads", "16", "--preload")
GREENLETS = ("-k", "wxlogin.server.green.GreenWorker")
# The plan of a tester with a stopwatch (security row 76).
SOON = 2.0


@pytest.fixture
def wxlogin(tmp_path: Path) -> Iterator[Commands]:
    commands = Commands(tmp_path)
    yield commands
    commands.stop_all()


class Door:
    """The door of tests/support/waiting_door.py, served by two workers."""

    def __init__(self, address: str, running: Running) -> None:
        self.address, self.running = address, running

    def begins(self) -> None:
        """A browser with a ticket of its own."""
        began = self.post("/word/")
        self.key = began.json()["key"]
        self.cookie = f"word={began.cookies['word']}"

    def post(self, path: str) -> requests.Response:
        headers = {"Sec-Fetch-Site": "same-origin"}
        url = f"http://{self.address}{path}"
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(url, headers=headers, timeout=30)
        assert answer.status_code == 200
        return answer

    def hears(self, said: str) -> None:
        self.post(f"/word/{self.key}/{said}")

    @contextmanager
    def stream(self, last: str = "") -> Iterator["Stream"]:
        with closing(HTTPConnection(self.address, timeout=30)) as connection:
            headers = {"Cookie": self.cookie, "Last-Event-ID": last}
            connection.request("GET", f"/word/{self.key}/events", headers=headers)
            answer = connection.getresponse()
            assert answer.status == 200
            yield Stream(answer)


class Stream:
    """A browser's stream of events."""

    def __init__(self, answer: HTTPResponse) -> None:
        self._answer = answer

    def event(self) -> dict[str, object]:
        """What the next event says; EOFError where the stream has ended."""
        while line := self._answer.readline():
            if line.startswith(b"data: "):
                found: dict[str, object] = json.loads(line.removeprefix(b"data: "))
                return found
        raise EOFError


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Door]]:
    """By what waits, and where its tickets are."""
    with ExitStack() as stack:
        redis_url = stack.enter_context(available(databases.redis_server()))
        mariadb = stack.enter_context(available(databases.mariadb_url()))
        kinds = {
            "threads, redis": (THREADS, {"WXLOGIN_REDIS_URL": redis_url}),
            "gevent, mariadb": (GREENLETS, {"WXLOGIN_DATABASE_URL": mariadb}),
        }
        folder = tmp_path_factory.mktemp("doors")
        yield {
            kind: stack.enter_context(served(folder / kind, options, **settings))
            for kind, (options, settings) in kinds.items()
        }


@pytest.fixture(params=["threads, redis", "gevent, mariadb"])
def door(request: pytest.FixtureRequest, doors: dict[str, Door]) -> Iterator[Door]:
    found = doors[request.param]
    found.begins()
    yield found
    # Streams that are left end.
    found.hears("refused")


@contextmanager
def served(folder: Path, options: tuple[str, ...], **settings: str) -> Iterator[Door]:
    gunicorn = Commands(folder, [str(Path(sys.executable).with_name("gunicorn"))])
    gunicorn.environment |= {"PYTHONPATH": str(ROOT), "WXLOGIN_SIMULATOR": "on"}
    folder.mkdir()
    gunicorn.environment |= settings
    if "WXLOGIN_DATABASE_URL" in settings:
        assert Commands(folder).run("db", "upgrade", **settings).returncode == 0
    else:
        gunicorn.migrate()
    address = f"127.0.0.1:{free_port()}"
    words = ("tests.support.waiting_door:app", "-b", address, "-w", "2", *options)
    running = gunicorn.start(*words, "--no-control-socket")
    try:
        for _ in range(2):
            running.says("Booting worker")
        yield Door(address, running)
    finally:
        gunicorn.stop_all()


def test_a_worker_that_is_killed_takes_no_login_with_it(door: Door) -> None:
    """Security row 76: whoever comes again is told at once by the other worker."""
    with door.stream() as stream:
        first = stream.event()
        worker = first["worker"]
        assert isinstance(worker, int)
        os.kill(worker, signal.SIGKILL)
        with pytest.raises((EOFError, OSError)):
            stream.event()
            stream.event()
    began = time.monotonic()
    door.hears("confirmed")
    with door.stream(last=str(first["version"])) as again:
        seen = again.event()
    assert (seen["state"], seen["version"]) == ("confirmed", 2)
    assert seen["worker"] != worker
    assert time.monotonic() - began < SOON


def test_all_streams_of_two_workers_hear_a_change(door: Door) -> None:
    with ExitStack() as stack:
        streams = [stack.enter_context(door.stream()) for _ in range(4)]
        assert {stream.event()["state"] for stream in streams} == {"waiting"}
        began = time.monotonic()
        door.hears("claimed")
        assert {stream.event()["state"] for stream in streams} == {"claimed"}
        assert time.monotonic() - began < SOON


def test_a_stop_waits_for_no_stream(doors: dict[str, Door]) -> None:
    door = doors["threads, redis"]
    door.begins()
    with door.stream() as stream:
        stream.event()
        began = time.monotonic()
        assert door.running.ends(signal.SIGTERM) == 0
        assert time.monotonic() - began < 10


@pytest.fixture
def green_url(
    wxlogin: Commands, postgresql_url: str, redis_url: str
) -> Iterator[tuple[str, SimulatorServer]]:
    """`wxlogin run --worker gevent`, one worker, and its simulator."""
    url = f"http://127.0.0.1:{free_port()}"
    with SimulatorServer(hold_seconds=0.2) as simulator:
        wxlogin.environment |= {
            "PORT": str(urlsplit(url).port),
            "WXLOGIN_SIMULATOR": "on",
            "WXLOGIN_SIMULATOR_URL": simulator.url,
            "WXLOGIN_DATABASE_URL": postgresql_url,
            "WXLOGIN_REDIS_URL": redis_url,
        }
        assert wxlogin.run("db", "upgrade").returncode == 0
        running = wxlogin.start("run", "--worker", "gevent", "--workers", "1")
        running.says("Booting worker")
        yield url, simulator
        assert running.ends(signal.SIGTERM) == 0


def test_greenlets_wait_together_for_wechat_and_for_phones(
    green_url: tuple[str, SimulatorServer],
) -> None:
    """Database, Redis and WeChat are waited for without holding up anybody."""
    url, simulator = green_url
    many, latency = 12, 1.0

    def signs_in(_number: int) -> str:
        with requests.Session() as browser:
            started = begins(browser, url)
            code = Phone(simulator, "xiaoming").confirms(started)
            simulator.world.switch(latency_ms=int(latency * 1000))
            browser.get(
                url + started.with_code(code), allow_redirects=False, timeout=30
            )
            cookies = browser.cookies.get_dict()
        who = get(f"{url}/api/me", cookies=cookies)
        return str(who.json()["nickname"])

    with requests.Session() as browser:
        code = scan_code(browser, url)
        path = f"{url}/login/scan/{code}/events"
        with browser.get(path, stream=True, timeout=30) as stream:
            lines = stream.iter_lines(decode_unicode=True)
            assert '"waiting"' in next(line for line in lines if "data:" in line)
            began = time.monotonic()
            with ThreadPoolExecutor(many) as pool:
                assert set(pool.map(signs_in, range(many))) == {"小明😀"}
            assert time.monotonic() - began < many * latency
            began = time.monotonic()
            a_phone_scans(url, simulator, code)
            assert '"scanned"' in next(line for line in lines if "data:" in line)
            assert time.monotonic() - began < SOON


def scan_code(browser: requests.Session, url: str) -> str:
    """The ticket of the page that shows a mini program's code."""
    answer = browser.get(f"{url}/login/scan", params={"next": "/me"}, timeout=30)
    found = re.search(r'data-ticket="([\w-]{22})"', answer.text)
    assert found, answer.text
    return found[1]


def a_phone_scans(url: str, simulator: SimulatorServer, code: str) -> None:
    simulator.world.switch(latency_ms=0)
    program = {"appid": MP, "person": "xiaoming"}
    with requests.Session() as phone:
        wx = phone.post(f"{simulator.url}/_sim/mp/login", json=program, timeout=30)
        attempt = {"code": wx.json()["code"], "attempt": "a" * 22}
        login = phone.post(f"{url}/api/mp/mp/login", json=attempt, timeout=30)
        phone.headers["Authorization"] = f"Bearer {login.json()['token']}"
        scanned = phone.post(f"{url}/api/mp/mp/scan/{code}/scanned", timeout=30)
        assert scanned.json()["state"] == "scanned"
