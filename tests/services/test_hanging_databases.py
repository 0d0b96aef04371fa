"""A database that hangs is a page that says so, soon (finding M7, fault F12).

Servers are shared, so none is stopped: another session holds a lock, or a wire
between us and the server falls silent.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.support.journey import CHINESE, ENGLISH, Browser
from tests.support.people import People
from tests.support.silence import Wire
from wxlogin.accounts.sessions import find
from wxlogin.config import load_settings
from wxlogin.db import db, engine, read, reading, transaction, waits
from wxlogin.errors import Unready
from wxlogin.factory import build

# What a visitor's request may take altogether, with a second for a busy machine.
PATIENCE = 2.0


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits of a service, shorter, so that a test need not wait for them."""
    limits = engine._MARIADB_LIMITS, engine._POSTGRESQL_LIMITS
    for name, text in zip(
        ("_MARIADB_LIMITS", "_POSTGRESQL_LIMITS"), limits, strict=True
    ):
        short = text.replace(f"'{engine.LOCK_SECONDS}s'", "'1s'")
        short = short.replace(f",{engine.LOCK_SECONDS})", ",1)")
        monkeypatch.setattr(engine, name, short)
    monkeypatch.setattr(engine, "SILENCE_SECONDS", 3)
    monkeypatch.setattr(engine, "CONNECT_SECONDS", 2)
    monkeypatch.setattr(engine, "SQLITE_SECONDS", 1)
    monkeypatch.setattr(engine, "RETRY_SECONDS", 0.5)


@contextmanager
def service(folder: Path, url: str) -> Iterator[Flask]:
    app = build(load_settings(folder, database_url=url))
    with app.app_context():
        try:
            yield app
        finally:
            db.engine.dispose()


@pytest.fixture
def app(database_url: str, tmp_path: Path, hasty: None) -> Iterator[Flask]:
    with service(tmp_path, database_url) as app:
        db.create_all()
        yield app


@contextmanager
def users_locked(url: str) -> Iterator[None]:
    """Another session has the table, or SQLite's one writer, and does not let go."""
    other = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    statements = {
        "postgresql": (
            "BEGIN",
            "LOCK TABLE users IN ACCESS EXCLUSIVE MODE",
            "ROLLBACK",
        ),
        "mysql": (
            "SELECT 1",
            "LOCK TABLES users WRITE, sessions WRITE",
            "UNLOCK TABLES",
        ),
        "sqlite": ("SELECT 1", "BEGIN EXCLUSIVE", "ROLLBACK"),
    }
    begin, lock, release = statements[other.dialect.name]
    with other.connect() as connection:
        connection.exec_driver_sql(begin)
        connection.exec_driver_sql(lock)
        yield
        connection.exec_driver_sql(release)


def seconds(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def changes_users() -> object:
    change = sa.text("UPDATE users SET nickname = '' WHERE id = -1")
    return transaction(lambda session: session.execute(change))


def test_who_waits_for_a_lock_hears_that_we_are_not_ready(
    app: Flask, database_url: str
) -> None:
    with users_locked(database_url):
        began = time.monotonic()
        with pytest.raises(Unready) as caught:
            changes_users()
        assert time.monotonic() - began < 1 + PATIENCE
    assert "lock" in caught.value.operator
    assert "does not answer" not in caught.value.operator
    # It goes on at once when the lock is gone.
    changes_users()


def test_who_is_signed_in_does_not_wait_for_sqlites_writer(
    sqlite_url: str, tmp_path: Path
) -> None:
    """Only the time of the last use is not written."""
    with service(tmp_path, sqlite_url):
        db.create_all()
        people = People()
        people.signs_in("web", "o1", secret="s")
        later = people.at + timedelta(hours=1)
        with users_locked(sqlite_url):
            assert seconds(lambda: find("s", at=later)) < PATIENCE
            assert find("s", at=later) is not None
        # The next writer waits its turn as before.
        with db.engine.connect() as connection:
            usual = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
        assert usual == engine.SQLITE_SECONDS * 1000
        changes_users()


@pytest.mark.parametrize(
    ("server", "language", "words"),
    [
        ("postgresql", CHINESE, "服务暂时不可用"),
        ("mariadb", ENGLISH, "We are not ready"),
    ],
)
def test_a_visitor_sees_a_page_and_when_to_come_back(
    server: str,
    request: pytest.FixtureRequest,
    language: dict[str, str],
    words: str,
    tmp_path: Path,
    hasty: None,
) -> None:
    url = request.getfixturevalue(f"{server}_url")
    with service(tmp_path, url) as app:
        db.create_all()
        _sees_a_page(app, url, language, words)


def _sees_a_page(app: Flask, url: str, language: dict[str, str], words: str) -> None:
    browser = Browser(app)
    with browser.client.session_transaction(base_url="http://127.0.0.1:5000") as held:
        held["_user_id"] = "a secret that no session has"
    with users_locked(url):
        page = browser.get("/me", headers=language)
        problem = browser.get("/api/me", headers=language)
    assert (page.status_code, page.headers["Retry-After"]) == (503, "5")
    assert words in page.text
    assert problem.status_code == 503
    assert problem.get_json()["code"] == "unready"


@pytest.mark.parametrize("server", ["postgresql", "mariadb"])
def test_a_server_that_falls_silent_is_given_up(
    server: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine, "SILENCE_SECONDS", 1)
    url = sa.make_url(request.getfixturevalue(f"{server}_url"))
    assert url.host is not None
    with Wire((url.host, url.port or 0)) as wire:
        through = url.set(host="127.0.0.1", port=wire.port)
        with service(tmp_path, through.render_as_string(hide_password=False)):
            db.create_all()
            changes_users()
            wire.falls_silent()
            with pytest.raises(Unready, match="does not answer"):
                changes_users()
            wire.speaks()
            changes_users()


@pytest.mark.parametrize("server", ["postgresql", "mariadb"])
def test_a_connection_that_broke_while_it_was_idle_is_replaced(
    server: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A failover, or a proxy that drops idle connections, costs nobody a sign-in."""
    monkeypatch.setattr(waits, "ALIVE_SECONDS", 0)
    url = sa.make_url(request.getfixturevalue(f"{server}_url"))
    assert url.host is not None
    with Wire((url.host, url.port or 0)) as wire:
        through = url.set(host="127.0.0.1", port=wire.port)
        with service(tmp_path, through.render_as_string(hide_password=False)):
            db.create_all()
            for _ in range(3):
                changes_users()
                wire.breaks()


def test_a_connection_to_what_became_a_replica_is_left(
    postgresql_url: str, tmp_path: Path
) -> None:
    """After a failover it stays alive, and would refuse every sign-in for good."""
    name = sa.make_url(postgresql_url).database
    setting = f"ALTER DATABASE {name} SET default_transaction_read_only"
    with service(tmp_path, postgresql_url):
        db.create_all()
        with db.engine.begin() as connection:
            connection.exec_driver_sql(f"{setting} = on")
        db.engine.dispose()
        with pytest.raises(Unready, match="can only be read"):
            changes_users()
        with db.engine.begin() as connection:
            connection.exec_driver_sql("SET TRANSACTION READ WRITE")
            connection.exec_driver_sql(f"{setting} = off")
        # The connections that stand were made while it was on: it is done again.
        changes_users()


@pytest.mark.parametrize(
    "url", ["postgresql+psycopg://u@127.0.0.1:{}/x", "mysql+pymysql://u@127.0.0.1:{}/x"]
)
def test_a_port_that_takes_connections_and_says_nothing(
    url: str, tmp_path: Path, hasty: None
) -> None:
    with Wire() as wire, service(tmp_path, url.format(wire.port)):
        began = time.monotonic()
        with pytest.raises(Unready, match="does not answer"), reading() as session:
            session.execute(sa.text("SELECT 1"))
        assert time.monotonic() - began < 2 + PATIENCE


def test_when_all_connections_hang_nobody_queues_for_one(
    database_url: str, tmp_path: Path, hasty: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waits, "STALL_SECONDS", 0.2)
    app = build(load_settings(tmp_path, database_url=database_url), threads=4)

    def one(_number: int) -> str:
        with app.app_context():
            with pytest.raises(Unready) as caught:
                changes_users()
            return caught.value.operator

    with app.app_context():
        db.create_all()
        with users_locked(database_url), ThreadPoolExecutor(6) as pool:
            heard = list(pool.map(one, range(6)))
        changes_users()
        db.engine.dispose()
    assert sum("connections are taken" in text for text in heard) >= 4


def test_a_turn_is_waited_for_while_connections_come_back(
    database_url: str, tmp_path: Path
) -> None:
    app = build(load_settings(tmp_path, database_url=database_url), threads=3)

    def one(_number: int) -> None:
        with app.app_context():
            for _ in range(5):
                changes_users()

    with app.app_context():
        db.create_all()
        with ThreadPoolExecutor(20) as pool:
            assert len(list(pool.map(one, range(20)))) == 20
        db.engine.dispose()


def limits() -> list[str]:
    ask = {
        "postgresql": "SELECT current_setting('statement_timeout'), "
        "current_setting('lock_timeout'), current_setting('search_path')",
        "mysql": "SELECT @@max_statement_time, @@lock_wait_timeout, "
        "@@innodb_lock_wait_timeout",
    }[db.engine.dialect.name]
    with db.engine.connect() as connection:
        return [str(value) for value in connection.exec_driver_sql(ask).one()]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ("", ["8s", "5s", '"$user", public']),
        ("-c search_path=wx", ["8s", "5s", "wx"]),
        ("-c statement_timeout=20s", ["20s", "5s", '"$user", public']),
        ("-c lock_timeout=700 -c statement_timeout=1min", ["1min", "700ms", None]),
    ],
)
def test_options_of_the_url_stay_on_postgresql(
    postgresql_url: str, tmp_path: Path, options: str, found: list[str | None]
) -> None:
    url = sa.make_url(postgresql_url).update_query_dict(
        {"options": options} if options else {}
    )
    with service(tmp_path, url.render_as_string(hide_password=False)):
        pairs = zip(limits(), found, strict=True)
        assert all(wanted in (None, there) for there, wanted in pairs)


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("", ["8.0", "5", "5"]),
        ("SET SESSION max_statement_time=2.5", ["2.5", "5", "5"]),
        ("SET SESSION lock_wait_timeout=3", ["8.0", "3", "5"]),
        ("SET SESSION innodb_lock_wait_timeout=2", ["8.0", "5", "2"]),
    ],
)
def test_options_of_the_url_stay_on_mariadb(
    mariadb_url: str, tmp_path: Path, command: str, found: list[str]
) -> None:
    url = sa.make_url(mariadb_url).update_query_dict(
        {"init_command": command} if command else {}
    )
    with service(tmp_path, url.render_as_string(hide_password=False)):
        assert limits() == found


@pytest.mark.parametrize("server", ["postgresql", "mariadb"])
def test_work_without_a_visitor_is_not_hurried(
    server: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = request.getfixturevalue(f"{server}_url")
    app = build(load_settings(tmp_path, database_url=url), patient=True)
    with app.app_context():
        found = limits()
        db.engine.dispose()
    assert found[0] in ("0", "0.0")
    assert found[1] not in ("5s", "5")


@pytest.mark.parametrize("database_url", ["postgresql", "mariadb"], indirect=True)
@pytest.mark.parametrize("seconds", [0.0, 30.0])
def test_who_reads_or_writes_by_a_dead_connection_is_served(
    app: Flask, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """Whether it was asked first or, being used just now, was not."""
    monkeypatch.setattr(waits, "ALIVE_SECONDS", seconds)
    look = sa.text("SELECT 1")
    for work in (
        lambda: read(lambda session: session.scalar(look)),
        lambda: transaction(lambda session: session.scalar(look)),
    ):
        _cut_the_idle_connection()
        assert work() == 1
    _cut_the_idle_connection()
    with reading() as session:
        assert session.scalar(look) == 1


def _cut_the_idle_connection() -> None:
    """The server closes the one that waits in our pool."""
    number, cut = {
        "postgresql": ("pg_backend_pid()", "SELECT pg_terminate_backend({})"),
        "mysql": ("CONNECTION_ID()", "KILL {}"),
    }[db.engine.dialect.name]
    with reading() as session:
        own = session.scalar(sa.text(f"SELECT {number}"))
    other = sa.create_engine(db.engine.url, poolclass=sa.NullPool)
    with other.connect() as connection:
        connection.execute(sa.text(cut.format(own)))
    time.sleep(0.1)
