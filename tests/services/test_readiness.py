"""`/readyz` says no within three seconds, whatever hangs (finding M7)."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from werkzeug.test import TestResponse

from tests.services.test_hanging_databases import service, users_locked
from tests.support.silence import Wire
from wxlogin.config import load_settings
from wxlogin.config.paths import package_dir
from wxlogin.db import db
from wxlogin.db.schema import bring_up_to_date
from wxlogin.factory import build
from wxlogin.flows import beside

# The promise, and a second for a busy machine.
SECONDS = 3.0 + 1.0


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A probe that asks with less patience, so that the tests are quick."""
    monkeypatch.setattr(beside.Beside.ask, "__defaults__", (beside.ASK_SECONDS / 5,))


def asks(client: object, path: str = "/readyz") -> TestResponse:
    began = time.monotonic()
    answer: TestResponse = client.get(path, headers={"Host": "127.0.0.1"})  # type: ignore[attr-defined]
    assert time.monotonic() - began < SECONDS
    return answer


def says_no(answer: TestResponse) -> bool:
    """For machines, in no human language, without a word about what is inside."""
    assert answer.mimetype == "application/json"
    assert answer.headers["Retry-After"] == "5"
    body = answer.get_json()
    assert body.pop("request_id")
    assert body == {"status": "unready", "code": "unready"}
    return answer.status_code == 503


def test_locked_tables(database_url: str, tmp_path: Path) -> None:
    with service(tmp_path, database_url) as app:
        db.create_all()
        client = app.test_client()
        goes_green(client)
        assert asks(client, "/healthz").get_json() == {"status": "ok"}
        with users_locked(database_url):
            with ThreadPoolExecutor(8) as pool:
                answers = list(pool.map(lambda _: asks(client), range(16)))
            assert all(says_no(answer) for answer in answers)
            # However often it is asked, one thread and one connection wait.
            assert db.engine.pool.checkedout() <= 1  # type: ignore[attr-defined]
            assert asks(client, "/healthz").status_code == 200
        goes_green(client)


def goes_green(client: object) -> None:
    until = time.monotonic() + 20
    while asks(client).status_code != 200:
        assert time.monotonic() < until


@pytest.mark.parametrize("server", ["postgresql", "mariadb"])
def test_a_silent_database(
    server: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = sa.make_url(request.getfixturevalue(f"{server}_url"))
    assert url.host is not None
    with Wire((url.host, url.port or 0)) as wire:
        through = url.set(host="127.0.0.1", port=wire.port)
        with service(tmp_path, through.render_as_string(hide_password=False)) as app:
            db.create_all()
            client = app.test_client()
            goes_green(client)
            wire.falls_silent()
            assert says_no(asks(client))
            assert asks(client, "/healthz").get_json() == {"status": "ok"}
            wire.speaks()
            goes_green(client)


def test_a_silent_ticket_store(redis_url: str, tmp_path: Path) -> None:
    host, port = sa.make_url(redis_url).host, sa.make_url(redis_url).port
    with Wire((host or "", port or 0)) as wire:
        settings = load_settings(tmp_path, redis_url=f"redis://127.0.0.1:{wire.port}/0")
        app = build(settings)
        with app.app_context():
            db.create_all()
            client = app.test_client()
            goes_green(client)
            wire.falls_silent()
            assert says_no(asks(client))
            wire.speaks()
            goes_green(client)
            db.engine.dispose()


@pytest.mark.parametrize(
    "nobody",
    [
        lambda port: {"database_url": f"postgresql+psycopg://u@127.0.0.1:{port}/x"},
        lambda port: {"database_url": f"mysql+pymysql://u@127.0.0.1:{port}/x"},
        lambda port: {"redis_url": f"redis://127.0.0.1:{port}/0"},
    ],
)
def test_a_port_that_takes_connections_and_says_nothing(
    nobody: Callable[[int], dict[str, str]], tmp_path: Path
) -> None:
    with Wire() as wire:
        app = build(load_settings(tmp_path, **nobody(wire.port)))
        with app.app_context():
            if "redis_url" in nobody(0):
                db.create_all()
            client = app.test_client()
            assert says_no(asks(client))
            assert asks(client, "/healthz").status_code == 200
            db.engine.dispose()


def test_a_database_without_tables(database_url: str, tmp_path: Path) -> None:
    with service(tmp_path, database_url) as app:
        assert says_no(asks(app.test_client()))


def test_an_older_schema_that_came_up_after_the_start(
    database_url: str, tmp_path: Path
) -> None:
    with service(tmp_path, database_url) as app:
        bring_up_to_date()
        with db.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num='0001'")
        client = app.test_client()
        assert says_no(asks(client))
        upgraded = "UPDATE alembic_version SET version_num='{}'"
        head = ScriptDirectory(str(package_dir() / "migrations")).get_current_head()
        with db.engine.begin() as connection:
            connection.exec_driver_sql(upgraded.format(head))
        goes_green(client)
