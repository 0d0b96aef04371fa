"""The database: one base, one way to write.

Three databases are served. What differs between them stands in this package and
nowhere else: how to connect in `engine`, what a refusal means in `drivers`.

- SQLite opens a writing transaction with BEGIN IMMEDIATE, so that two writers
  queue instead of failing with "database is locked" half way, and a reading one
  with BEGIN. It runs in WAL mode.
- MariaDB compares ids byte for byte (`utf8mb4_nopad_bin`), is strict, and reads
  what is committed, as PostgreSQL does: with its own default a second look at a
  row would show the state of the first one.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, NoReturn, TypeVar

import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session, declared_attr

from wxlogin.db import drivers
from wxlogin.db.engine import (
    brief_engine,
    engine_options,
    patient_engine,
    prepare_engine,
    retry_seconds,
    unframed,
)
from wxlogin.db.waits import trusting
from wxlogin.errors import Unready

__all__ = [
    "TABLE_OPTIONS",
    "Base",
    "BigId",
    "StartOver",
    "UtcDateTime",
    "after_commit",
    "as_value",
    "brief_engine",
    "db",
    "engine_options",
    "id_text",
    "now",
    "patient_engine",
    "prepare_engine",
    "read",
    "reading",
    "take_stock",
    "transaction",
]

T = TypeVar("T")

# Tries of one writing transaction that lost against another one.
ATTEMPTS = 10
# Where a session keeps what is to be called after its commit.
_AFTER_COMMIT = "wxlogin_after_commit"


# Every table's last table argument; a model with constraints repeats it.
TABLE_OPTIONS = {"mysql_charset": "utf8mb4", "mysql_engine": "InnoDB"}


class StartOver(Exception):
    """Raised by work that finds its plan overtaken: `transaction` calls it again."""


class Base(DeclarativeBase):
    """Names every constraint, so that migrations can name it on any database."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )

    @declared_attr.directive
    def __table_args__(cls) -> Any:
        return TABLE_OPTIONS


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """A moment. Goes in and comes out with a time zone; stored as UTC."""

    impl = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    cache_ok = True

    def process_bind_param(
        self, value: datetime | None, dialect: Dialect
    ) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(
        self, value: datetime | None, dialect: Dialect
    ) -> datetime | None:
        return value and value.replace(tzinfo=UTC)


def id_text(length: int) -> sa.types.TypeEngine[str]:
    """Text that is compared byte for byte: openids differ in case only."""
    plain = sa.String(length)
    exact = mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_nopad_bin")
    return plain.with_variant(exact, "mysql", "mariadb")


# SQLite numbers rows by INTEGER only; the others should not run out.
BigId = sa.BigInteger().with_variant(sa.Integer, "sqlite")

db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})


def now() -> datetime:
    return datetime.now(UTC)


def transaction(work: Callable[[Session], T], *, hurry: bool = False) -> T:
    """Runs `work` in one writing transaction and commits it.

    A transaction that loses against another one (deadlock, serialization, lock,
    or StartOver), or finds its connection dead, is rolled back and `work` is called
    again, a bounded number of times and while a visitor may wait, so `work` must have
    no effect outside its session. Raises Unready where the database does not do what it
    is asked, and whatever `work` raises, with nothing written. In a `hurry` it does not
    queue for SQLite's writer, and is not called again: for what may as well be written
    later. Needs an application context.
    """
    began = time.monotonic()
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _once(work, hurry=hurry, trusts=attempt == 1 and not hurry)
        except StartOver:
            if attempt == ATTEMPTS:
                raise Unready("too many others write the same rows") from None
        except PoolTimeout as error:
            _raise_busy(error)
        except DBAPIError as error:
            last = hurry or attempt == ATTEMPTS or _late(began)
            if last or not drivers.lost_race(error):
                _raise_unready(error)
        time.sleep(random.uniform(0.005, 0.03) * attempt)  # noqa: S311  jitter
    raise AssertionError("the loop above returns or raises")


def _once(work: Callable[[Session], T], *, hurry: bool, trusts: bool) -> T:
    began = time.monotonic()
    with Session(db.engine, expire_on_commit=False) as session:
        with session.begin():
            # Read by engine._begin_sqlite.
            options = {"wxlogin_writes": True, "wxlogin_hurry": hurry}
            with trusting() if trusts else nullcontext():
                session.connection(execution_options=options)
            try:
                result = work(session)
            except DBAPIError as error:
                # The connection is dead, and nothing was committed.
                if trusts and error.connection_invalidated and not _late(began):
                    raise StartOver from None
                raise
        calls: list[Callable[[], object]] = session.info.get(_AFTER_COMMIT, [])
    for call in calls:
        call()
    return result


def after_commit(session: Session, call: Callable[[], object]) -> None:
    """Calls `call` once the transaction of this session has committed, or never.

    It must not raise: what was committed has happened.
    """
    session.info.setdefault(_AFTER_COMMIT, []).append(call)


def _late(began: float) -> bool:
    longest = retry_seconds(db.engine)
    return longest is not None and time.monotonic() - began > longest


def read(work: Callable[[Session], T]) -> T:
    """What `work` reads; it is called again where the connection turns out dead.

    For a hot path: a connection that was used a moment ago is not asked first. Raises
    Unready where the database does not answer.
    """
    began = time.monotonic()
    try:
        with trusting(), Session(db.engine, expire_on_commit=False) as session:
            if options := unframed(db.engine):
                session.connection(execution_options=options)
            return work(session)
    except PoolTimeout as error:
        _raise_busy(error)
    except DBAPIError as error:
        if not error.connection_invalidated or _late(began):
            _raise_unready(error)
    with reading() as session:
        return work(session)


@contextmanager
def reading() -> Iterator[Session]:
    """A session that only reads; Unready where the database does not answer."""
    try:
        with Session(db.engine, expire_on_commit=False) as session:
            yield session
    except PoolTimeout as error:
        _raise_busy(error)
    except DBAPIError as error:
        _raise_unready(error)


def as_value(kind: type[T], row: object, /, **more: Any) -> T:
    """A frozen dataclass of what the row has under the same names, and of `more`."""
    names = [one.name for one in fields(kind) if one.name not in more]  # type: ignore[arg-type]
    return kind(**{name: getattr(row, name) for name in names}, **more)


def take_stock(*models: type[Base]) -> None:
    """Tells the database's planner how much these tables have grown.

    For work that fills tables faster than PostgreSQL looks at them by itself: with
    the statistics of small tables it reads large ones from end to end. The other
    databases need no telling.
    """
    if db.engine.dialect.name == "postgresql":
        names = ", ".join(model.__tablename__ for model in models)
        # Names of our own.
        # nosemgrep: statement-from-text
        transaction(lambda session: session.execute(sa.text(f"ANALYZE {names}")))


def _raise_unready(error: DBAPIError) -> NoReturn:
    why = drivers.sentence(error)
    if why is None:
        raise error
    raise Unready(why, fault=drivers.code(error)) from None


def _raise_busy(error: PoolTimeout) -> NoReturn:
    raise Unready("all database connections are taken", fault=error.code) from None
