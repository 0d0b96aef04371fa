"""A fresh database with all tables, and people of WeChat who sign in."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.support.people import People, accounts_app, check_invariants
from tests.support.tables import migrate
from wxlogin import create_app
from wxlogin.cli import main
from wxlogin.db import db

Command = Callable[..., Result]


@pytest.fixture
def people(tmp_path: Path) -> Iterator[People]:
    with accounts_app(f"sqlite:///{tmp_path / 'wxlogin.db'}"):
        yield People()
        check_invariants()


@pytest.fixture
def wxlogin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs `wxlogin …` on a database of its own."""
    monkeypatch.setenv("WXLOGIN_INSTANCE", str(tmp_path))

    def run(*words: str, answer: str | None = None) -> Result:
        return CliRunner().invoke(main, words, input=answer)

    migrate(tmp_path / "wxlogin.db")
    return run


@pytest.fixture
def guests(wxlogin: Command) -> Iterator[People]:
    """People who sign in to that database."""
    app = create_app()
    with app.app_context():
        yield People()
        check_invariants()
        db.engine.dispose()
