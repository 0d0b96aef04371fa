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
def people(own_url: str) -> Iterator[People]:
    with accounts_app(own_url):
        yield People()
        check_invariants()


@pytest.fixture
def wxlogin(tmp_path: Path, own_url: str, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs `wxlogin …` on a database of its own."""
    monkeypatch.setenv("WXLOGIN_INSTANCE", str(tmp_path))

    def run(*words: str, answer: str | None = None) -> Result:
        return CliRunner().invoke(main, words, input=answer)

    if own_url.startswith("sqlite"):
        migrate(tmp_path / "wxlogin.db")
    else:
        monkeypatch.setenv("WXLOGIN_DATABASE_URL", own_url)
    return run


@pytest.fixture
def guests(wxlogin: Command) -> Iterator[People]:
    """People who sign in to that database."""
    app = create_app()
    with app.app_context():
        yield People()
        check_invariants()
        db.engine.dispose()
