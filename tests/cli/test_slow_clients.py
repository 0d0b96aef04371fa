"""Slow clients do not stop others (security row 101, finding H2)."""

import signal
import time
from urllib.parse import urlsplit

import requests

from tests.cli.test_run import begins, serves, simulator, url
from tests.support.journey import Phone
from tests.support.slow import dripping

__all__ = ["simulator", "url"]

# Others wait for more than six seconds where slow clients hold the threads. The
# figures for people are measured by `make proof`; a busy machine needs room.
PATIENCE = 3.0


def signs_in(simulator, url: str) -> list[float]:
    """One sign-in by a new browser; the seconds of each of its requests."""
    times = []

    def timed(browser, path, **options):
        begun = time.monotonic()
        answer = browser.get(path, timeout=30, **options)
        times.append(time.monotonic() - begun)
        return answer

    with requests.Session() as browser:
        timed(browser, f"{url}/login")
        started = begins(browser, url)
        code = Phone(simulator, "xiaoming").confirms(started)
        timed(browser, url + started.with_code(code))
        answer = timed(browser, f"{url}/api/me")
        assert answer.json()["nickname"] == "小明😀"
    return times


def test_slow_clients_do_not_stop_others(wxlogin, url, simulator):
    """A hundred and twenty of them, of every kind, against 32 threads."""
    running = serves(wxlogin)
    where = urlsplit(url)
    with dripping(where.hostname, where.port, 120) as slow:
        assert slow.open == 120
        for _ in range(3):
            assert max(signs_in(simulator, url)) < PATIENCE
    assert running.ends(signal.SIGTERM) == 0
