"""A thousand clients that drip, and what everybody else feels (security row 101).

`wxlogin run` as it is, by itself and behind Caddy and nginx; for a minute of each,
sign-ins one after the other beside connections that drip, are silent or do not read.

    python -m tests.proof.slow [SECONDS]
"""

import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import requests

from tests.cli.commands import Commands, free_port
from tests.integration.proxies import running
from tests.support.journey import Phone, Started
from tests.support.slow import dripping
from wxlogin.simulator.server import SimulatorServer

SECONDS = 60.0
CONNECTIONS = 1000
#: Seconds in which 95 of 100 requests of a sign-in are answered.
GOAL = 0.5
_CADDY = """{{
	admin off
	auto_https off
	log {{
		output discard
	}}
}}
http://127.0.0.1:{port} {{
	reverse_proxy 127.0.0.1:{behind}
}}
"""
_NGINX = """daemon off; pid {folder}/pid; error_log {folder}/errors crit;
worker_processes 2; worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port} backlog=2048;
    location / {{
      proxy_pass http://127.0.0.1:{behind};
      proxy_set_header Host $host;
    }}
  }}
}}
"""


def prove(seconds: float = SECONDS, count: int = CONNECTIONS) -> bool:
    """Prints a line for each way in; True if the goal was reached on all."""
    print(f"{count} slow clients for {seconds:.0f} s, and the requests of others")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 8192), hard), hard))
    return all([_prove(name, seconds, count) for name in _WAYS])


def _prove(name: str, seconds: float, count: int) -> bool:
    program = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if name != "gunicorn" and program is None:
        print(f"{name:10} not measured: it is missing")
        return False
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        simulator = stack.enter_context(SimulatorServer(hold_seconds=0.2))
        behind = stack.enter_context(service(folder, simulator.url))
        port = stack.enter_context(_WAYS[name](folder, behind))
        url = f"http://127.0.0.1:{port}"
        quiet = sign_in_times(url, simulator, 5)
        slow = stack.enter_context(dripping("127.0.0.1", port, count))
        times = sign_in_times(url, simulator, seconds)
        closed = slow.closed
    p95 = times[int(len(times) * 0.95)]
    print(
        f"{name:10} {len(times)} requests, p50 {times[len(times) // 2]:.3f} s, "
        f"p95 {p95:.3f} s, slowest {times[-1]:.2f} s (without slow clients: p95 "
        f"{quiet[int(len(quiet) * 0.95)]:.3f} s); {closed} slow clients were cut off",
        flush=True,
    )
    return p95 <= GOAL


@contextmanager
def service(folder: Path, simulator: str, **more: str) -> Iterator[int]:
    """`wxlogin run` with its two workers of sixteen threads; the port. `more` are
    variables of its environment."""
    wxlogin = Commands(folder)
    port = free_port()
    wxlogin.environment |= {
        "PORT": str(port),
        "WXLOGIN_SIMULATOR": "on",
        "WXLOGIN_SIMULATOR_URL": simulator,
        **more,
    }
    try:
        assert wxlogin.run("db", "upgrade").returncode == 0
        started = wxlogin.start("run")
        for _ in range(2):
            started.says("Booting worker")
        yield port
    finally:
        wxlogin.stop_all()


@contextmanager
def _alone(_folder: Path, behind: int) -> Iterator[int]:
    yield behind


@contextmanager
def _caddy(folder: Path, behind: int) -> Iterator[int]:
    port, file = free_port(), folder / "Caddyfile"
    file.write_text(_CADDY.format(port=port, behind=behind), "utf-8")
    command = ["caddy", "run", "--config", str(file), "--adapter", "caddyfile"]
    home = {"HOME": str(folder)}
    with running(command, port, environment=home, quiet=True):
        yield port


@contextmanager
def _nginx(folder: Path, behind: int) -> Iterator[int]:
    port, file = free_port(), folder / "nginx.conf"
    file.write_text(_NGINX.format(folder=folder, port=port, behind=behind), "utf-8")
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    command = [program, "-c", str(file), "-e", str(folder / "errors")]
    with running(command, port):
        yield port


_WAYS: dict[str, Callable[[Path, int], AbstractContextManager[int]]] = {
    "gunicorn": _alone,
    "caddy": _caddy,
    "nginx": _nginx,
}


def sign_in_times(url: str, simulator: SimulatorServer, seconds: float) -> list[float]:
    """How long each request of sign-ins took, sorted. Ten sign-ins a second at most."""
    return sorted(time for one in sign_ins(url, simulator, seconds) for time in one)


def sign_ins(url: str, simulator: SimulatorServer, seconds: float) -> list[list[float]]:
    """The same by sign-in: the times of its requests, without the phone's."""
    until = time.monotonic() + seconds
    found: list[list[float]] = []
    while time.monotonic() < until:
        begun = time.monotonic()
        found.append([])
        _signs_in(url, simulator, found[-1])
        time.sleep(max(0.0, 0.1 - (time.monotonic() - begun)))
    return found


def _signs_in(url: str, simulator: SimulatorServer, times: list[float]) -> None:
    with requests.Session() as browser:
        browser.trust_env = False

        def ask(path: str) -> requests.Response:
            begun = time.monotonic()
            answer = browser.get(url + path, allow_redirects=False, timeout=60)
            times.append(time.monotonic() - begun)
            return answer

        ask("/login")
        started = Started.at(ask("/login/qr").headers["Location"])
        code = Phone(simulator, "xiaoming").confirms(started)
        back = ask(started.with_code(code))
        assert back.status_code == 303, back.status_code
        assert ask("/api/me").json()["nickname"] == "小明😀"


if __name__ == "__main__":
    sys.exit(0 if prove(*map(float, sys.argv[1:2])) else 1)
