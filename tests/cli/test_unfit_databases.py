"""Nothing starts on a database that is not ready for it; a sentence says what to do."""

import os
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from tests.cli.commands import Commands, free_port
from tests.unit.config.conftest import GOOD
from wxlogin.cli import main
from wxlogin.errors import ConfigurationError
from wxlogin.flask import mount

UPGRADE = "Run `wxlogin db upgrade`."


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the database is to be; the commands of this process look there."""
    for name in [name for name in os.environ if name.startswith("WXLOGIN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("WXLOGIN_INSTANCE", str(tmp_path / "instance"))
    monkeypatch.setenv("PORT", str(free_port()))
    return tmp_path / "instance" / "wxlogin.db"


def wxlogin_(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def change(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement)


def missing(file: Path) -> None:
    assert not file.exists()


def empty(file: Path) -> None:
    file.parent.mkdir()
    file.touch()


def older(file: Path) -> None:
    assert wxlogin_("db", "upgrade").exit_code == 0
    change(file, "UPDATE alembic_version SET version_num = '0001'")


def newer(file: Path) -> None:
    assert wxlogin_("db", "upgrade").exit_code == 0
    change(file, "UPDATE alembic_version SET version_num = '9999'")


def somebody_elses(file: Path) -> None:
    file.parent.mkdir()
    change(file, "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT)")


def no_database(file: Path) -> None:
    file.parent.mkdir()
    file.write_text("a letter to grandmother\n" * 100)


def a_folder(file: Path) -> None:
    file.mkdir(parents=True)


@pytest.mark.parametrize(
    "words", [("run",), ("deliver",), ("cleanup",), ("users", "show", "x"), ("export",)]
)
@pytest.mark.parametrize(
    ("state", "told"),
    [
        (missing, UPGRADE),
        (empty, UPGRADE),
        (older, UPGRADE),
        (somebody_elses, UPGRADE),
        (newer, "a newer one. Install that version here too."),
        (no_database, "no SQLite database"),
        (a_folder, "make file and folder writable for the user that runs wxlogin"),
    ],
)
def test_every_command_refuses_alike(
    file: Path, state: Callable[[Path], None], told: str, words: tuple[str, ...]
) -> None:
    state(file)
    there = file.exists()
    done = wxlogin_(*words)
    assert done.exit_code == 1, done.output
    last = done.stderr.splitlines()[-1]
    assert last.startswith("wxlogin: ")
    assert told in last
    # SQLite has answered.
    assert "does not answer" not in done.output
    assert file.exists() == there
    if file.is_dir():
        file.rmdir()


def test_a_newer_schema_is_not_touched_by_an_upgrade(file: Path) -> None:
    newer(file)
    done = wxlogin_("db", "upgrade")
    assert done.exit_code == 1
    assert "a newer one. Install that version here too." in done.stderr


@pytest.mark.parametrize("words", [("run",), ("users", "show", "x"), ("doctor",)])
def test_a_file_that_can_only_be_read(
    file: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert wxlogin_("db", "upgrade").exit_code == 0
    url = f"sqlite:///file:{file}?mode=ro&uri=true"
    monkeypatch.setenv("WXLOGIN_DATABASE_URL", url)
    monkeypatch.setenv("WXLOGIN_SIMULATOR_URL", f"http://localhost:{free_port()}")
    done = wxlogin_(*words)
    assert done.exit_code == 1
    told = ("wxlogin: SQLite file", "wrong    database:")
    [line] = [line for line in done.output.splitlines() if line.startswith(told)]
    assert "ake file and folder writable for the user that runs wxlogin" in line
    assert "answer" not in line


def test_a_server_of_ones_own_is_told_too(wxlogin: Commands) -> None:
    """`gunicorn app:app`"""
    root = Path(__file__).resolve().parents[2]
    gunicorn = Commands(root, [str(Path(sys.executable).with_name("gunicorn"))])
    gunicorn.environment = wxlogin.environment
    try:
        gunicorn.start("app:app", "--bind", f"127.0.0.1:{free_port()}").says(UPGRADE)
    finally:
        gunicorn.stop_all()


def test_a_mount_in_production_does_not_upgrade_by_itself(tmp_path: Path) -> None:
    host = Flask("shop", instance_path=str(tmp_path))
    with pytest.raises(ConfigurationError, match="wxlogin db upgrade"):
        mount(host, **GOOD)
    assert not list(tmp_path.glob("wxlogin.db*"))
    # In development it does.
    mount(host)
    assert (tmp_path / "wxlogin.db").exists()


def test_a_server_that_is_not_up_yet_is_waited_for(wxlogin: Commands) -> None:
    nobody = f"postgresql+psycopg://u@127.0.0.1:{free_port()}/x"
    running = wxlogin.start("run", WXLOGIN_DATABASE_URL=nobody, PORT=str(free_port()))
    assert "does not answer" in running.says("no database yet")
    running.says("Booting worker")
