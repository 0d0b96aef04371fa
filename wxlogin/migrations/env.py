"""How Alembic runs our migrations; Flask-Migrate starts it in the application.

One process at a time: SQLite takes its write lock, the others a lock by name. On
SQLite and PostgreSQL a run that fails has changed nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import context
from flask import current_app

from wxlogin.accounts import models as accounts
from wxlogin.db import db, patient_engine
from wxlogin.oidc import signing_keys as oidc
from wxlogin.tickets import sql as tickets

# Importing them is what puts their tables into db.metadata.
MODELS = (accounts, oidc, tickets)
# Any number will do, if only we use it.
_LOCK_NUMBER = 7_201_604
_LOCK_NAME = "wxlogin migrations"
_LOCK_SECONDS = 60


def run() -> None:
    options = current_app.extensions["migrate"].configure_args
    with _connection() as connection:
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            # SQLite's DDL is part of a transaction, where one was begun.
            transactional_ddl=connection.dialect.name in ("sqlite", "postgresql"),
            **options,
        )
        with context.begin_transaction():
            _lock(connection)
            context.run_migrations()


@contextmanager
def _connection() -> Iterator[sa.Connection]:
    # The service's own connections do not wait for another process that migrates.
    with patient_engine(db.engine.url).connect() as plain:
        connection = plain.execution_options(wxlogin_writes=True)
        if connection.dialect.name != "sqlite":
            yield connection
            return
        with _foreign_keys_off(connection):
            yield connection


@contextmanager
def _foreign_keys_off(connection: sa.Connection) -> Iterator[None]:
    """Changing a table on SQLite is copying it and dropping the old one, and with
    foreign keys on, dropping takes along every row that refers to it."""
    driver = connection.connection.driver_connection
    if driver is None:
        raise RuntimeError("the connection is closed")
    # Within a transaction this has no effect, so it goes past SQLAlchemy. It ends with
    # the connection, and that with the run.
    driver.execute("PRAGMA foreign_keys=OFF")
    yield
    broken = driver.execute("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise RuntimeError(f"{len(broken)} rows refer to rows that are not there")


def _lock(connection: sa.Connection) -> None:
    """Waits for another process that migrates; the lock ends with the connection
    on MariaDB, with the transaction on PostgreSQL."""
    match connection.dialect.name:
        case "postgresql":
            call = sa.func.pg_advisory_xact_lock(_LOCK_NUMBER)
        case "mysql" | "mariadb":
            call = sa.func.get_lock(_LOCK_NAME, _LOCK_SECONDS)
        case _:
            return
    connection.execute(sa.select(call))


run()
