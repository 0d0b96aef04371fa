"""Faults F11 and F12 as a visitor meets them: a server that can only be read, as a
standby after a fail-over, and one that has cut every connection.

A server that hangs, locks and deadlocks: tests/services.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.faults.conftest import SignsIn, check_503, stranger
from wxlogin.db import db

READ_ONLY = {
    "postgresql": "SET default_transaction_read_only = on",
    "mariadb": "SET SESSION TRANSACTION READ ONLY",
}
CUT = {
    "postgresql": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    "mariadb": "SELECT id FROM information_schema.processlist "
    "WHERE db = database() AND id <> connection_id()",
}


@pytest.fixture(params=["postgresql", "mariadb"])
def server(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def app(app_for: Callable[..., Flask], kept_url: Callable[[str], str], server: str):
    return app_for(database_url=kept_url(server))


@contextmanager
def read_only(app: Flask, server: str) -> Iterator[None]:
    """Every connection made meanwhile refuses to write."""

    def refuse(connection: Any, *_: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(READ_ONLY[server])
        connection.commit()

    with app.app_context():
        engine = db.engine
    engine.dispose()
    sa.event.listen(engine, "connect", refuse)
    yield
    sa.event.remove(engine, "connect", refuse)
    engine.dispose()


def cut_all(app: Flask, server: str) -> None:
    """The server ends every connection but the one that says so."""
    with app.app_context():
        url = db.engine.url
    own = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with own.connect() as connection:
        for (number,) in connection.execute(sa.text(CUT[server])).all():
            if server == "mariadb":
                connection.exec_driver_sql(f"KILL {number}")
    own.dispose()


def test_where_it_can_only_be_read_sessions_go_on(
    app, server, signed_in, lihua, signs_in: SignsIn, log
) -> None:
    log()
    with read_only(app, server):
        browser = stranger(app)
        started = browser.starts()
        check_503(browser.returns(started, lihua.confirms(started)), log)
        assert signed_in.get("/api/me").status_code == 200
    assert signs_in(browser, lihua).status_code == 303


def test_where_every_connection_was_cut_nobody_notices(
    app, server, signed_in, lihua, signs_in: SignsIn
) -> None:
    """No request finds a dead connection of the pool."""
    for _ in range(3):
        cut_all(app, server)
        assert signed_in.get("/api/me").status_code == 200
        cut_all(app, server)
        assert signs_in(stranger(app), lihua).status_code == 303
