"""A name with 😀 is held by every database we start on (finding I4).

Either DATABASE_URL and database are such that 小明😀 signs in, or start-up, the doctor
and `wxlogin db upgrade` say in a sentence what to do. Never a 500.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.journey import Browser, Phone
from wxlogin.config import load_settings
from wxlogin.db import db, soundness
from wxlogin.db.schema import bring_up_to_date
from wxlogin.doctor import storage
from wxlogin.errors import ConfigurationError
from wxlogin.factory import build
from wxlogin.simulator.server import SimulatorServer


@pytest.fixture
def simulator(wechat_demo: SimulatorServer) -> SimulatorServer:
    return wechat_demo


@contextmanager
def altered(url: str, statement: str) -> Iterator[sa.URL]:
    """The database after a statement of somebody's; %s is its name."""
    made = sa.make_url(url)
    engine = sa.create_engine(made, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement % made.database)
    yield made


def text_of(url: sa.URL) -> str:
    return url.render_as_string(hide_password=False)


def signs_in(folder: Path, url: sa.URL, simulator: SimulatorServer) -> None:
    """小明😀 signs in and is shown under that name."""
    simulator.world.reset()
    settings = load_settings(
        folder, database_url=text_of(url), simulator_url=simulator.url
    )
    app = build(settings)
    with app.app_context():
        bring_up_to_date()
        soundness.require(db.engine.url)
    browser = Browser(app)
    started = browser.starts()
    answer = browser.returns(started, Phone(simulator, "xiaoming").confirms(started))
    assert answer.status_code == 303, answer.text
    who = browser.who()
    assert who is not None and who["nickname"] == "小明😀"
    with app.app_context():
        db.engine.dispose()


UTF8MB4 = "ALTER DATABASE %s CHARACTER SET utf8mb4"


@pytest.mark.parametrize(
    ("query", "statement"),
    [
        ({"charset": "utf8"}, UTF8MB4),
        ({"charset": "UTF8MB3"}, UTF8MB4),
        ({"charset": "latin1"}, UTF8MB4),
        ({"charset": "gbk"}, "ALTER DATABASE %s CHARACTER SET gbk"),
        ({"charset": "gb18030", "use_unicode": "0"}, UTF8MB4),
        ({"init_command": "SET NAMES latin1"}, UTF8MB4),
        ({"init_command": "SET NAMES utf8mb3", "charset": "ascii"}, UTF8MB4),
        ({"init_command": "SET SESSION sql_mode=''"}, UTF8MB4),
        ({"sql_mode": ""}, "ALTER DATABASE %s CHARACTER SET utf8mb3"),
        ({}, "ALTER DATABASE %s CHARACTER SET latin1"),
        ({}, "ALTER DATABASE %s CHARACTER SET ucs2"),
        ({}, "ALTER DATABASE %s CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"),
    ],
)
def test_every_charset_of_connection_and_database_on_mariadb(
    mariadb_url: str,
    tmp_path: Path,
    simulator: SimulatorServer,
    query: dict[str, str],
    statement: str,
) -> None:
    with altered(mariadb_url, statement) as url:
        signs_in(tmp_path, url.update_query_dict(query), simulator)


@pytest.mark.parametrize(
    "options",
    [
        {"client_encoding": "latin1"},
        {"client_encoding": "SQL_ASCII"},
        {"options": "-c client_encoding=euc_cn"},
        {},
    ],
)
def test_every_encoding_of_a_connection_to_postgresql(
    postgresql_url: str,
    tmp_path: Path,
    simulator: SimulatorServer,
    options: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    with altered(
        postgresql_url, "ALTER DATABASE %s SET client_encoding='EUC_CN'"
    ) as url:
        signs_in(tmp_path, url.update_query_dict(options), simulator)


@contextmanager
def encoded(url: str, encoding: str) -> Iterator[sa.URL]:
    """Another database of this server, which begins in this encoding."""
    made = sa.make_url(url)
    name = f"{made.database}_{encoding.lower()}"
    engine = sa.create_engine(made, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(
            f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0 "
            "LC_COLLATE 'C' LC_CTYPE 'C'"
        )
        try:
            yield made.set(database=name)
        finally:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1", "EUC_CN", "EUC_JIS_2004"])
def test_a_postgresql_database_that_holds_no_names_is_refused(
    postgresql_url: str, tmp_path: Path, encoding: str
) -> None:
    with encoded(postgresql_url, encoding) as url:
        settings = load_settings(tmp_path, database_url=text_of(url))
        app = build(settings)
        with app.app_context():
            with pytest.raises(ConfigurationError) as upgrade:
                bring_up_to_date()
            assert sa.inspect(db.engine).get_table_names() == []
            db.engine.dispose()
        with pytest.raises(ConfigurationError) as start:
            soundness.require(url)
        [finding] = storage.database(settings)
    for said in (upgrade.value.operator, start.value.operator, finding.line()):
        assert encoding in said
        assert "CREATE DATABASE … ENCODING 'UTF8'" in said
    assert finding.level == "wrong"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            "ALTER TABLE users MODIFY nickname VARCHAR(64) CHARACTER SET utf8mb3",
            "users.nickname is in utf8mb3",
        ),
        (
            "ALTER TABLE users CONVERT TO CHARACTER SET latin1",
            "users.uid is in latin1",
        ),
        (
            "ALTER TABLE users CONVERT TO CHARACTER SET utf8mb4 "
            "COLLATE utf8mb4_general_ci",
            "users.uid is in utf8mb4, utf8mb4_general_ci, which mixes up ids",
        ),
        (
            "ALTER TABLE events MODIFY type VARCHAR(32) CHARACTER SET gbk NOT NULL",
            "events.type is in gbk",
        ),
    ],
)
def test_tables_that_were_changed_are_told_with_the_statement_that_mends_them(
    mariadb_url: str, tmp_path: Path, change: str, told: str
) -> None:
    settings = load_settings(tmp_path, database_url=mariadb_url)
    app = build(settings)
    with app.app_context():
        bring_up_to_date()
        with db.engine.begin() as connection:
            connection.exec_driver_sql("SET foreign_key_checks=0")
            connection.exec_driver_sql(change)
        with pytest.raises(ConfigurationError) as start:
            soundness.require(db.engine.url)
        wrong = [one for one in storage.database(settings) if one.level == "wrong"]
        assert told in start.value.operator
        assert any(told in one.line() for one in wrong)
        with pytest.raises(ConfigurationError, match="Run ALTER TABLE"):
            bring_up_to_date()
        # What we say to run mends it.
        statements = [one.todo.removeprefix("Run ") for one in wrong]
        with db.engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement.rstrip(";."))
        soundness.require(db.engine.url)
        db.engine.dispose()


def test_the_doctor_names_a_default_that_is_no_harm_today(
    mariadb_url: str, tmp_path: Path
) -> None:
    with altered(mariadb_url, "ALTER DATABASE %s CHARACTER SET latin1") as url:
        settings = load_settings(tmp_path, database_url=text_of(url))
        app = build(settings)
        with app.app_context():
            bring_up_to_date()
            db.engine.dispose()
        found = list(storage.database(settings))
    assert [one.level for one in found].count("warning") == 1
    [warning] = [one for one in found if one.level == "warning"]
    assert "latin1" in warning.text
    assert f"ALTER DATABASE `{url.database}` CHARACTER SET utf8mb4" in warning.todo
