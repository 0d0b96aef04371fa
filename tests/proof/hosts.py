"""Two hosts of four workers over one PostgreSQL and one Redis, behind nginx.

A sign-in is begun on one host and called back on the other. One host is killed with all
its workers while people sign in, and comes back. Each is restarted in its turn, and
told to load itself anew (SIGHUP). Nobody may be signed in as somebody else, a sign-in
that comes to nothing succeeds at the second try, and who was signed in stays so.

    python -m tests.proof.hosts [SECONDS]
"""

import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path

import requests

from tests.cli.commands import Commands, Running, free_port, get
from tests.integration.proxies import running
from tests.proof.flood import redis_of_its_own
from tests.support import databases
from tests.support.journey import Phone, Started
from wxlogin.simulator.server import SimulatorServer
from wxlogin.simulator.world import World
from wxlogin.simulator.world.parties import Person
from wxlogin.simulator.world.seed import apps

SECONDS = 60.0
WORKERS = 4
#: Sign-ins at a time, and how many people there are to sign in.
AT_A_TIME = 8
PEOPLE = 500
#: Sign-ins that begin on one host and end on the other.
ACROSS = 100
_PATIENCE = 300
_NGINX = """daemon off; pid {folder}/pid; error_log {folder}/errors crit;
worker_processes 1;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream wxlogin {{
    server 127.0.0.1:{one} max_fails=1 fail_timeout=1s;
    server 127.0.0.1:{other} max_fails=1 fail_timeout=1s;
  }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://wxlogin;
      proxy_http_version 1.1;
      proxy_connect_timeout 1s;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }}
  }}
}}
"""


class Host:
    """`wxlogin run` with four workers, which a proof may kill."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.port = free_port()
        folder.mkdir()
        self._commands = Commands(folder)
        self._commands.environment |= environment
        self._run: Running | None = None

    def migrate(self) -> None:
        assert self._commands.run("db", "upgrade").returncode == 0

    def start(self) -> None:
        words = ("--workers", str(WORKERS), "--threads", "8")
        self._run = self._commands.start(
            "run", "--bind", f"127.0.0.1:{self.port}", *words
        )
        self._boots()

    def kill(self) -> None:
        """As a machine goes whose plug is pulled: nobody says goodbye."""
        process = self._begun.process
        for pid in (process.pid, *self._workers()):
            os.kill(pid, signal.SIGKILL)
        process.wait(_PATIENCE)

    def restart(self) -> None:
        assert self._begun.ends(signal.SIGTERM) == 0
        self.start()

    def reload(self) -> None:
        before = self._workers()
        self._begun.process.send_signal(signal.SIGHUP)
        self._boots(before)

    def stop(self) -> None:
        self._commands.stop_all()

    @property
    def _begun(self) -> Running:
        assert self._run is not None
        return self._run

    def _workers(self) -> set[int]:
        pid = self._begun.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
        return set(map(int, children.split()))

    def _boots(self, before: Set[int] = frozenset()) -> None:
        """Waits until all workers are there that were not before, and it is ready."""
        until = time.monotonic() + _PATIENCE
        while not self._is_ready(before):
            assert time.monotonic() < until
            assert self._begun.process.poll() is None
            time.sleep(0.1)

    def _is_ready(self, before: Set[int]) -> bool:
        now = self._workers()
        if len(now) < WORKERS or now & before:
            return False
        with suppress(requests.ConnectionError):
            return get(f"http://127.0.0.1:{self.port}/readyz").status_code == 200
        return False


class Crowd:
    """People who sign in, one after the other, and what became of them."""

    def __init__(self, simulator: SimulatorServer) -> None:
        self._simulator = simulator
        self._numbers = count()
        self._lock = threading.Lock()
        self.said: Counter[str] = Counter()
        #: Whoever is signed in: the cookies, and who it is.
        self.sessions: list[tuple[dict[str, str], str]] = []

    def signs_in(self, begin: str, back: str) -> None:
        """Somebody signs in, and tries once more where that comes to nothing."""
        with self._lock:
            number = next(self._numbers) % PEOPLE
        for result in ("at once", "at the second try"):
            if self._tries(f"p{number}", begin, back):
                self.said[result] += 1
                return
        self.said["lost"] += 1

    def _tries(self, person: str, begin: str, back: str) -> bool:
        with requests.Session() as browser:
            browser.trust_env = False
            try:
                return self._signs_in(browser, person, begin, back)
            except requests.RequestException as error:
                self.said[f"({type(error).__name__})"] += 1
                return False

    def _signs_in(
        self, browser: requests.Session, person: str, begin: str, back: str
    ) -> bool:
        how = {"allow_redirects": False, "timeout": 30}
        begun = browser.get(f"{begin}/login/qr", **how)
        if begun.status_code != 302:
            self.said[f"(begun {begun.status_code})"] += 1
            return False
        started = Started.at(begun.headers["Location"])
        code = Phone(self._simulator, person).confirms(started)
        url = back + started.with_code(code)
        answer = browser.get(url, **how)
        # A browser looks again by itself while another host asks WeChat.
        for _ in range(3):
            if "Refresh" in answer.headers:
                time.sleep(float(answer.headers["Refresh"].split(";")[0]))
                answer = browser.get(url, **how)
        if answer.status_code != 303:
            self.said[f"(back {answer.status_code})"] += 1
            return False
        me = browser.get(f"{back}/api/me", **how)
        if me.status_code >= 500:
            me = browser.get(f"{back}/api/me", **how)
        if me.status_code != 200:
            self.said[f"(me {me.status_code})"] += 1
            return False
        if me.json()["nickname"] != person:
            self.said["as somebody else"] += 1
        with self._lock:
            self.sessions.append((browser.cookies.get_dict(), me.json()["uid"]))
        return True

    def still_there(self, url: str) -> int:
        """How many of those who were signed in are so, and as the same."""
        return sum(
            get(f"{url}/api/me", cookies=cookies).json().get("uid") == uid
            for cookies, uid in self.sessions
        )

    @contextmanager
    def comes(self, url: str) -> Iterator[None]:
        """So many at a time, as long as the block runs."""
        over = threading.Event()

        def one_after_the_other() -> None:
            while not over.is_set():
                self.signs_in(url, url)

        with ThreadPoolExecutor(AT_A_TIME) as pool:
            jobs = [pool.submit(one_after_the_other) for _ in range(AT_A_TIME)]
            try:
                yield
            finally:
                over.set()
        for job in jobs:
            job.result()


def prove(seconds: float = SECONDS) -> bool:
    """Prints a line for each part; True if nobody was lost or mistaken."""
    print(f"Two hosts of {WORKERS} workers behind nginx, PostgreSQL and Redis")
    if shutil.which("redis-server") is None or _nginx_program() is None:
        print("not measured: redis-server or nginx is missing")
        return False
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        people = [Person(f"p{n}", f"p{n}") for n in range(PEOPLE)]
        world = World(apps(), people)
        simulator = stack.enter_context(SimulatorServer(world, hold_seconds=0.2))
        port = free_port()
        environment = {
            "WXLOGIN_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "WXLOGIN_TRUSTED_PROXIES": "1",
            "WXLOGIN_SIMULATOR": "on",
            "WXLOGIN_SIMULATOR_URL": simulator.url,
            "WXLOGIN_DATABASE_URL": stack.enter_context(databases.postgresql_url()),
            "WXLOGIN_REDIS_URL": stack.enter_context(redis_of_its_own(folder)),
            "WXLOGIN_SECRET_KEY": "K7vQ2mX9pL4sW8nR3tY6bZ1cF5gH0jD2",
            "WXLOGIN_ENCRYPTION_KEYS": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            "WXLOGIN_LOG_LEVEL": "warning",
            "WXLOGIN_LIMITS": "off",
        }
        hosts = [Host(folder / name, environment) for name in ("one", "other")]
        hosts[0].migrate()
        for host in hosts:
            stack.callback(host.stop)
            host.start()
        stack.enter_context(_nginx(folder, port, *hosts))
        url = f"http://127.0.0.1:{port}"
        return all(
            [
                _across(simulator, *hosts),
                _killed(simulator, url, hosts[0], seconds),
                _restarted(simulator, url, hosts),
            ]
        )


def _across(simulator: SimulatorServer, one: Host, other: Host) -> bool:
    crowd = Crowd(simulator)
    here, there = (f"http://127.0.0.1:{host.port}" for host in (one, other))
    for number in range(ACROSS):
        crowd.signs_in(*((here, there) if number % 2 else (there, here)))
    return _told("begun on one, called back on the other", crowd, here)


def _killed(simulator: SimulatorServer, url: str, host: Host, seconds: float) -> bool:
    crowd = Crowd(simulator)
    with crowd.comes(url):
        time.sleep(seconds / 3)
        host.kill()
        time.sleep(seconds / 3)
        host.start()
        time.sleep(seconds / 3)
    return _told("one killed under load, and back", crowd, url)


def _restarted(simulator: SimulatorServer, url: str, hosts: list[Host]) -> bool:
    crowd = Crowd(simulator)
    with crowd.comes(url):
        for step in (Host.restart, Host.reload):
            for host in hosts:
                time.sleep(2)
                step(host)
        time.sleep(2)
    return _told("restarted, then loaded anew, in turn", crowd, url)


def _told(what: str, crowd: Crowd, url: str) -> bool:
    said, still = crowd.said, crowd.still_there(url)
    many = len(crowd.sessions)
    print(
        f"{what}: {said['at once']} at once, {said['at the second try']} at the second "
        f"try, {said['lost']} lost, {said['as somebody else']} as somebody else; "
        f"{still} of {many} still signed in "
        f"{ {name: n for name, n in said.items() if name[0] == '('} or '' }",
        flush=True,
    )
    good = said["at once"] + said["at the second try"]
    return good > 0 and not said["lost"] + said["as somebody else"] and still == many


@contextmanager
def _nginx(folder: Path, port: int, one: Host, other: Host) -> Iterator[None]:
    file = folder / "nginx.conf"
    ports = {"port": port, "one": one.port, "other": other.port}
    file.write_text(_NGINX.format(folder=folder, **ports), "utf-8")
    command = [_nginx_program() or "", "-c", str(file), "-e", str(folder / "errors")]
    with running(command, port):
        yield


def _nginx_program() -> str | None:
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


if __name__ == "__main__":
    sys.exit(0 if prove(*map(float, sys.argv[1:2])) else 1)
