"""SQLite's files are nobody else's to read (finding L4)."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask

from wxlogin.cli import main
from wxlogin.config import load_settings
from wxlogin.db import brief_engine, db, patient_engine, soundness
from wxlogin.errors import ConfigurationError
from wxlogin.factory import build
from wxlogin.flask import mount


@pytest.fixture(params=[0o022, 0], ids=["usual umask", "no umask"])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("WXLOGIN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("WXLOGIN_INSTANCE", str(tmp_path / "instance"))
    return tmp_path / "instance"


def modes(folder: Path) -> dict[str, int]:
    return {one.name: one.stat().st_mode & 0o777 for one in folder.glob("wxlogin.db*")}


def by_command(folder: Path) -> None:
    assert CliRunner().invoke(main, ["db", "upgrade"]).exit_code == 0


def by_mount(folder: Path) -> None:
    host = Flask("shop", instance_path=str(folder))
    mount(host)


def by_service(folder: Path) -> None:
    folder.mkdir()
    app = build(load_settings(folder))
    with app.app_context():
        db.create_all()


def by_engine(folder: Path) -> None:
    folder.mkdir()
    with patient_engine(sa.make_url(f"sqlite:///{folder}/wxlogin.db")).begin() as one:
        one.exec_driver_sql("CREATE TABLE t (id)")


@pytest.mark.parametrize("way", [by_command, by_mount, by_service, by_engine])
def test_they_are_made_private_by_every_way_in(
    folder: Path, umask: None, way: Callable[[Path], None]
) -> None:
    way(folder)
    assert folder.stat().st_mode & 0o777 == 0o700 or way in (by_service, by_engine)
    engine = brief_engine(sa.make_url(f"sqlite:///{folder}/wxlogin.db"))
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT * FROM sqlite_master")
        found = modes(folder)
    assert set(found) == {"wxlogin.db", "wxlogin.db-wal", "wxlogin.db-shm"}
    assert set(found.values()) == {0o600}


@pytest.mark.parametrize(
    ("before", "after"),
    [(0o644, 0o600), (0o666, 0o600), (0o604, 0o600), (0o640, 0o640), (0o660, 0o660)],
)
def test_one_that_everybody_may_read_is_closed(
    folder: Path, before: int, after: int
) -> None:
    by_command(folder)
    file = folder / "wxlogin.db"
    file.chmod(before)
    with closing(sqlite3.connect(file)) as other:
        # The companions of an earlier version, made with the file's own rights.
        other.execute("SELECT * FROM sqlite_master").fetchone()
        assert len(modes(folder)) == 3
        soundness.require(sa.make_url(f"sqlite:///{file}"))
        assert set(modes(folder).values()) == {after}


def test_somebody_elses_file_that_everybody_may_read_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_command(folder)
    (folder / "wxlogin.db").chmod(0o644)

    def not_ours(*_arguments: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "chmod", not_ours)
    done = CliRunner().invoke(main, ["cleanup"])
    assert done.exit_code == 1
    assert "may read" in done.stderr
    assert "Run chmod 600 on it as its owner." in done.stderr
    with pytest.raises(ConfigurationError):
        soundness.require(sa.make_url(f"sqlite:///{folder}/wxlogin.db"))


def test_an_export_and_a_report_are_private(folder: Path) -> None:
    by_command(folder)
    people = folder / "people.jsonl"
    assert CliRunner().invoke(main, ["export", str(people)]).exit_code == 0
    report = folder / "report.jsonl"
    words = ["import", str(people), "--report", str(report)]
    assert CliRunner().invoke(main, words).exit_code == 0
    for file in (people, report):
        assert file.stat().st_mode & 0o777 == 0o600
