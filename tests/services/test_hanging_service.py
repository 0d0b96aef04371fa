"""`wxlogin run` over a hanging database answers what needs none (finding M7)."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.cli.commands import Commands, free_port, get
from tests.cli.test_run import begins
from tests.services.test_hanging_databases import users_locked
from tests.support.journey import Phone
from wxlogin.simulator.server import SimulatorServer

MANY = 24
# A second for a busy machine.
MORE = 1.0


@pytest.fixture
def wxlogin(tmp_path: Path) -> Iterator[Commands]:
    commands = Commands(tmp_path)
    yield commands
    commands.stop_all()


def test_more_requests_than_threads_wait_for_a_locked_table(
    wxlogin: Commands, postgresql_url: str
) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with SimulatorServer(hold_seconds=0.2) as simulator:
        wxlogin.environment |= {
            "PORT": url.rpartition(":")[2],
            "WXLOGIN_SIMULATOR": "on",
            "WXLOGIN_SIMULATOR_URL": simulator.url,
            "WXLOGIN_DATABASE_URL": postgresql_url,
        }
        assert wxlogin.run("db", "upgrade").returncode == 0
        wxlogin.start("run", "--workers", "1", "--threads", "8").says("Booting worker")
        with requests.Session() as browser:
            started = begins(browser, url)
            code = Phone(simulator, "xiaoming").confirms(started)
            answer = browser.get(
                url + started.with_code(code), allow_redirects=False, timeout=30
            )
            assert answer.status_code == 303
            cookies = browser.cookies.get_dict()
        with users_locked(postgresql_url), ThreadPoolExecutor(MANY) as pool:
            began = time.monotonic()
            asked = [
                pool.submit(get, f"{url}/api/me", cookies=cookies) for _ in range(MANY)
            ]
            _what_needs_no_database_is_answered(url)
            answers = [one.result() for one in asked]
            assert time.monotonic() - began < 8 + MORE
        assert [one.status_code for one in answers] == [503] * MANY
        assert {one.headers["Retry-After"] for one in answers} == {"5"}
        assert get(f"{url}/api/me", cookies=cookies).json()["nickname"] == "小明😀"


def _what_needs_no_database_is_answered(url: str) -> None:
    for path, status, seconds in (
        ("/healthz", 200, 2.0),
        ("/readyz", 503, 3.0),
        ("/login/qr", 302, 1.0),
    ):
        began = time.monotonic()
        assert get(url + path, allow_redirects=False).status_code == status
        assert time.monotonic() - began < seconds + MORE, path
