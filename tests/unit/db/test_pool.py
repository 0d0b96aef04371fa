"""The pool of connections; its waits: tests/services/test_hanging_databases.py."""

import sqlite3

import pytest
import sqlalchemy as sa

from wxlogin.db.waits import pool_with


def test_what_comes_back_to_a_pool_that_is_over_is_closed() -> None:
    """Whoever disposes of an engine beside running work leaves nothing open."""
    engine = sa.create_engine("sqlite://", poolclass=pool_with(None))
    late = engine.connect()
    driver = late.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection)
    engine.dispose()
    assert late.scalar(sa.text("SELECT 1")) == 1
    late.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed database"):
        driver.execute("SELECT 1")
    with engine.connect() as another:
        assert another.scalar(sa.text("SELECT 2")) == 2
    engine.dispose()
