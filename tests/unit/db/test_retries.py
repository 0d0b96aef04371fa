"""Who loses against another transaction begins again, also where COMMIT says so."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests.support.people import accounts_app
from wxlogin.accounts.models import DeletedUid
from wxlogin.db import ATTEMPTS, db, transaction
from wxlogin.errors import Unready

LOST = {
    "MariaDB's deadlock, a certification conflict": pymysql.OperationalError(1213, ""),
    "MariaDB's lock": pymysql.OperationalError(1205, ""),
    "PostgreSQL's deadlock": psycopg.errors.DeadlockDetected(),
    "PostgreSQL's serialization": psycopg.errors.SerializationFailure(),
}


class Commits:
    """COMMIT fails so many times; `tried` counts all of them."""

    def __init__(self) -> None:
        self.failing = 0
        self.error: Exception = Exception()
        self.tried = 0

    def __call__(self, _connection: object) -> None:
        self.tried += 1
        if self.tried <= self.failing:
            raise sa.exc.OperationalError("COMMIT", {}, self.error)


@pytest.fixture
def commits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Commits]:
    monkeypatch.setattr("wxlogin.db.time.sleep", lambda _seconds: None)
    made = Commits()
    with accounts_app(f"sqlite:///{tmp_path / 'wxlogin.db'}"):
        sa.event.listen(db.engine, "commit", made)
        yield made


def work(session: Session) -> int:
    session.add(DeletedUid(digest=b"1" * 32))
    session.flush()
    return session.scalar(sa.select(sa.func.count()).select_from(DeletedUid)) or 0


@pytest.mark.parametrize("name", LOST)
def test_the_loser_begins_again_from_the_start(commits: Commits, name: str) -> None:
    commits.error, commits.failing = LOST[name], 1
    assert transaction(work) == 1
    assert commits.tried == 2


def test_who_always_loses_is_told_so(commits: Commits) -> None:
    commits.error, commits.failing = LOST["PostgreSQL's deadlock"], ATTEMPTS
    with pytest.raises(Unready):
        transaction(work)
    assert commits.tried == ATTEMPTS


@pytest.mark.parametrize("code", [2013, 1114])
def test_what_may_have_been_committed_is_not_done_again(
    commits: Commits, code: int
) -> None:
    """The connection broke at COMMIT: nobody knows what became of it."""
    error: Any = pymysql.OperationalError(code, "")
    commits.error, commits.failing = error, 1
    with pytest.raises(Unready):
        transaction(work)
    assert commits.tried == 1
