"""Two hundred made-up codes a second from one address, and what others feel (row 102).

`wxlogin run` as it is, once with Redis of its own and once without. The flood comes
from 127.0.0.2 by the door of native apps and by the callback; the sign-ins of others
from 127.0.0.1, first alone and then beside it.

    python -m tests.proof.flood [SECONDS]
    python -m tests.proof.flood URL SECONDS RATE        the flood, a process of its own
"""

import http.client
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from urllib.parse import urlsplit

from tests.cli.commands import free_port
from tests.proof.slow import service, sign_ins
from tests.support.journey import EXCHANGE, Started
from wxlogin.simulator.server import SimulatorServer

SECONDS = 60.0
RATE = 200
ELSEWHERE = "127.0.0.2"
#: Calls of the flood that WeChat may hear in a minute.
HEARD = 60
_SENDERS = 16


def prove(seconds: float = SECONDS) -> bool:
    """Prints a line for each store; True if both goals were reached with each."""
    print(
        f"{RATE} made-up codes a second for {seconds:.0f} s, and the sign-ins of others"
    )
    return all([_prove("without Redis", seconds), _prove("with Redis", seconds)])


def _prove(name: str, seconds: float) -> bool:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        simulator = stack.enter_context(SimulatorServer(hold_seconds=0.2))
        more = {}
        if name == "with Redis":
            if shutil.which("redis-server") is None:
                print(f"{name:13} not measured: redis-server is missing")
                return False
            more["WXLOGIN_REDIS_URL"] = stack.enter_context(redis_of_its_own(folder))
        port = stack.enter_context(service(folder, simulator.url, **more))
        url = f"http://127.0.0.1:{port}"
        quiet = sign_ins(url, simulator, seconds / 3)
        flood = _begin(url, seconds)
        beside = sign_ins(url, simulator, seconds - 2)
        said = json.loads(flood.communicate(timeout=60)[0])
        heard = _heard_of_flood(simulator)
    p95, alone = _p95(map(sum, beside)), _p95(map(sum, quiet))
    request, alone_request = _p95(chain(*beside)), _p95(chain(*quiet))
    sent = sum(said.values())
    allowed = HEARD * max(1.0, seconds / 60)
    print(
        f"{name:13} {sent} codes sent ({sent / seconds:.0f} a second; {said}), WeChat "
        f"heard {heard}; p95 of others' sign-ins {p95:.3f} s, {alone:.3f} s alone; of "
        f"their requests {request:.3f} s, {alone_request:.3f} s alone",
        flush=True,
    )
    return heard <= allowed and p95 <= 2 * alone and sent >= RATE * seconds * 0.9


def _p95(times: Iterable[float]) -> float:
    ordered = sorted(times)
    return ordered[int(len(ordered) * 0.95)]


def _begin(url: str, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.proof.flood", url, str(seconds), str(RATE)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _heard_of_flood(simulator: SimulatorServer) -> int:
    """Exchanges of codes that the simulator never gave out."""
    calls = simulator.world.journal.calls(EXCHANGE)
    return sum(call.errcode == 40029 for call in calls)


@contextmanager
def redis_of_its_own(folder: Path) -> Iterator[str]:
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1"]
    command += ["--save", "", "--dir", str(folder), "--loglevel", "warning"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("redis-server did not start")


class Flood:
    """Sends made-up codes at a rate, half by each door; counts the answers."""

    def __init__(self, url: str, seconds: float, rate: int) -> None:
        self._port = urlsplit(url).port or 80
        self._seconds, self._rate = seconds, rate
        self._lock = threading.Lock()
        self._next = 0
        self._begun = time.monotonic()
        self.said: Counter[str] = Counter()

    def run(self) -> None:
        with ThreadPoolExecutor(_SENDERS) as pool:
            for _ in range(_SENDERS):
                pool.submit(self._send)

    def _send(self) -> None:
        while (number := self._turn()) is not None:
            door = self._app if number % 2 else self._callback
            status = door(number)
            with self._lock:
                self.said[str(status)] += 1

    def _turn(self) -> int | None:
        """The number of the next code, when its moment has come."""
        with self._lock:
            number, self._next = self._next, self._next + 1
        at = self._begun + number / self._rate
        if at - self._begun > self._seconds:
            return None
        time.sleep(max(0.0, at - time.monotonic()))
        return number

    def _app(self, number: int) -> int:
        body = json.dumps({"code": f"made-up-{number}"})
        kind = {"Content-Type": "application/json"}
        return self._ask("POST", "/api/mobile/app/login", body, kind)[0]

    def _callback(self, number: int) -> int:
        _, headers = self._ask("GET", "/login/qr")
        if "Location" not in headers:
            return 429
        started = Started.at(headers["Location"])
        cookie = {"Cookie": headers["Set-Cookie"].partition(";")[0]}
        return self._ask("GET", started.with_code(f"made-up-{number}"), None, cookie)[0]

    def _ask(
        self,
        method: str,
        path: str,
        body: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, dict[str, str]]:
        here = http.client.HTTPConnection(
            "127.0.0.1", self._port, timeout=30, source_address=(ELSEWHERE, 0)
        )
        try:
            here.request(method, path, body, headers or {})
            answer = here.getresponse()
            answer.read()
            return answer.status, dict(answer.getheaders())
        finally:
            here.close()


def _flood(url: str, seconds: str, rate: str) -> int:
    flood = Flood(url, float(seconds), int(rate))
    flood.run()
    print(json.dumps(flood.said))
    return 0


if __name__ == "__main__":
    if len(sys.argv) == 4:
        sys.exit(_flood(*sys.argv[1:]))
    sys.exit(0 if prove(*map(float, sys.argv[1:2])) else 1)
