"""Fault F18: the disk with the SQLite file is full, or the file cannot be written.

Writes fail with a page that says so, sessions go on, and nothing has to be mended by
hand when there is room again.
"""

import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.faults.conftest import SignsIn, check_503, stranger
from tests.support.records import stored
from wxlogin.db import db

Fault = Callable[[Flask], AbstractContextManager[None]]


@contextmanager
def no_larger_files(app: Flask) -> Iterator[None]:
    """The system refuses to let any file of this process grow."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def read_only(app: Flask) -> Iterator[None]:
    """SQLite refuses to write, on every connection: a file system that was mounted
    anew after an error."""

    def refuse(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA query_only = ON")

    with app.app_context():
        engine = db.engine
        engine.dispose()
    sa.event.listen(engine, "connect", refuse)
    yield
    sa.event.remove(engine, "connect", refuse)
    engine.dispose()


@pytest.mark.parametrize("fault", [no_larger_files, read_only])
def test_nobody_signs_in_and_who_is_signed_in_stays(
    app: Flask,
    signed_in,
    lihua,
    signs_in: SignsIn,
    log,
    tmp_path: Path,
    fault: Fault,
) -> None:
    before = stored(app)
    log()
    with fault(app):
        browser = stranger(app)
        started = browser.starts()
        check_503(browser.returns(started, lihua.confirms(started)), log)
        assert signed_in.get("/api/me").status_code == 200
        assert signed_in.get("/me").status_code == 200
        assert browser.get("/healthz").status_code == 200
    assert stored(app)["users"] == before["users"]
    # The same browser, without a restart of anything.
    assert signs_in(browser, lihua).status_code == 303
    with sqlite3.connect(tmp_path / "wxlogin.db") as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    file.close()
