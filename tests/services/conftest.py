"""Databases for the tests in this folder, one fresh database per test.

`database_url` runs a test on SQLite, PostgreSQL and MariaDB, one after the
other; `database_app` is a bare Flask application over it, without tables.
`tables_url` is a database with all tables and no rows; on a server it is one for
all tests of a process, so it is not for tests that change the tables, or leave
somebody who holds them. A server that does not answer skips its tests, and fails
them where CI=true: there the servers are part of the promise.

`tickets` is a ticket store in each of these and in Redis, `clock` moves its
time, `together` runs the same thing in many threads at once.
"""

import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Barrier

import pytest
import redis
from flask import Flask

from tests.cli.commands import free_port
from tests.support import databases
from tests.support.chosen_database import SERVERS, available, required
from tests.support.people import serves
from wxlogin.db import Base, db, engine_options, prepare_engine
from wxlogin.security.sealing import Sealer
from wxlogin.service import running, service_of
from wxlogin.tickets import TicketStore
from wxlogin.tickets.redis import RedisTickets
from wxlogin.tickets.redis_client import connect
from wxlogin.tickets.sql import SqlTickets


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'wxlogin.db'}"


@pytest.fixture
def postgresql_url() -> Iterator[str]:
    with available(databases.postgresql_url()) as url:
        yield url


@pytest.fixture
def mariadb_url() -> Iterator[str]:
    with available(databases.mariadb_url()) as url:
        yield url


@pytest.fixture
def redis_url() -> Iterator[str]:
    with available(databases.redis_server()) as url:
        yield url


@pytest.fixture(params=["sqlite", *SERVERS])
def tables_url(request: pytest.FixtureRequest, kept_url: Callable[[str], str]) -> str:
    if request.param in SERVERS:
        return kept_url(request.param)
    url: str = request.getfixturevalue("sqlite_url")
    return url


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def database_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@contextmanager
def bare_app(url: str) -> Iterator[Flask]:
    """A Flask application over this database, without tables; closes it at the end.

    The caller pushes the application context, also in threads of its own.
    """
    app = Flask("wxlogin")
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(url)
    db.init_app(app)
    serves(app)
    with app.app_context():
        engine = db.engine
        prepare_engine(engine)
    try:
        yield app
    finally:
        engine.dispose()


@pytest.fixture
def database_app(database_url: str) -> Iterator[Flask]:
    with bare_app(database_url) as app:
        yield app


class OwnRedis:
    """A Redis of this test alone, which it may pause, kill and start again."""

    def __init__(self, program: str, folder: Path, *more: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"127.0.0.1:{port}"
        self.url = f"redis://{self.address}/0"
        # A configuration comes before what is said beside it.
        self._command = [program, *more, "--port", str(port), "--bind", "127.0.0.1"]
        self._command += ["--save", "", "--dir", str(folder), "--loglevel", "warning"]

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            with redis.Redis.from_url(self.url) as client:
                try:
                    client.ping()
                except redis.ConnectionError:
                    continue
                return
        raise AssertionError("redis-server did not start")

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(10)


@contextmanager
def own_server(folder: Path, *more: str) -> Iterator[OwnRedis]:
    program = shutil.which("redis-server")
    if program is None:
        required("redis-server is not on PATH: install it (apt-get install redis)")
    server = OwnRedis(program, folder, *more)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[OwnRedis]:
    with own_server(tmp_path) as server:
        yield server


@pytest.fixture(scope="session")
def redis_cluster_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis Cluster whose one node has all slots: what is asked of two is refused."""
    folder = tmp_path_factory.mktemp("redis-cluster")
    # By itself its nodes' port is 10,000 more, which may be none.
    more = ("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
    with own_server(folder, *more) as server:
        with redis.Redis.from_url(server.url) as client:
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
            end = time.monotonic() + 10
            while client.cluster("INFO")["cluster_state"] != "ok":
                assert time.monotonic() < end
        yield f"redis+cluster://{server.address}"


@pytest.fixture(scope="session")
def redis_sentinel_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis that one sentinel knows by the name `main`."""
    with own_server(tmp_path_factory.mktemp("redis-primary")) as primary:
        folder = tmp_path_factory.mktemp("redis-sentinel")
        configuration = folder / "sentinel.conf"
        host, port = primary.address.split(":")
        configuration.write_text(f"sentinel monitor main {host} {port} 1\n")
        command = (str(configuration), "--sentinel")
        with own_server(folder, *command) as sentinel:
            yield f"redis+sentinel://{sentinel.address}/main/0"


class Clock:
    """Seconds that a ticket store adds to its own clock; tests move them."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sealer() -> Sealer:
    return Sealer([bytes(range(32))])


STORES = ("sqlite", "postgresql", "mariadb", "redis")


@pytest.fixture(params=[*STORES, "redis_sentinel", "redis_cluster"])
def ticket_app(
    request: pytest.FixtureRequest, sealer: Sealer, clock: Clock
) -> Iterator[Flask]:
    """An application whose tickets are kept in one of the four stores."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    if request.param.startswith("redis"):
        yield from _redis_app(url, sealer, clock)
        return
    with bare_app(url) as app:
        with app.app_context():
            Base.metadata.create_all(db.engine, tables=[_ticket_table])
        service_of(app).tickets = SqlTickets(sealer, ahead=clock)
        yield app


_ticket_table = Base.metadata.tables["ticket"]


@pytest.fixture
def own_prefix(redis_url: str) -> Iterator[str]:
    """In front of every key of this test; what is there is deleted at the end."""
    prefix = f"wxlogin:test:{secrets.token_hex(6)}:"
    yield prefix
    with redis.Redis.from_url(redis_url) as client:
        for key in client.scan_iter(f"{prefix}*"):
            client.delete(key)


def _redis_app(url: str, sealer: Sealer, clock: Clock) -> Iterator[Flask]:
    app = Flask("wxlogin")
    prefix = f"wxlogin:test:{secrets.token_hex(6)}:"
    store = RedisTickets(url, sealer, prefix=prefix, ahead=clock)
    serves(app)
    service_of(app).tickets = store
    yield app
    with closing(connect(url)) as client:
        for key in client.scan_iter(f"{prefix}*"):
            client.delete(key)
    store.close()


@pytest.fixture
def tickets(ticket_app: Flask) -> Iterator[TicketStore]:
    """The store, with an application context around the test."""
    with ticket_app.app_context():
        yield running().tickets


Work = Callable[[TicketStore, int], object]


@pytest.fixture
def together(ticket_app: Flask) -> Callable[..., list[object]]:
    """`together(work, threads=20)`: what each thread got, all begun at once."""

    def run(work: Work, threads: int = 20) -> list[object]:
        gate = Barrier(threads)

        def one(number: int) -> object:
            with ticket_app.app_context():
                gate.wait(10)
                return work(running().tickets, number)

        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(one, range(threads)))

    return run
