"""The tables of a test's database: made quickly, emptied quickly."""

import os
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa

from wxlogin.config import load_settings
from wxlogin.db import Base, db, prepare_engine
from wxlogin.db.schema import bring_up_to_date
from wxlogin.db.sqlite_file import path_of
from wxlogin.factory import build

# The tables that have numbered a row, which may be gone again.
_HAVE_COUNTED = (
    "SELECT left(sequencename, -7) FROM pg_sequences WHERE last_value IS NOT NULL"
)


def create_tables() -> None:
    """All tables, in the database of the running application.

    A SQLite file that is not there yet becomes a copy of one that is made once: a
    copy costs a fraction of what twenty tables and their indexes do.
    """
    url = db.engine.url
    path = path_of(url) if url.get_backend_name() == "sqlite" else None
    if path is None or path.exists():
        # One question, where all are there; create_all has one for each of them.
        if _names() - set(sa.inspect(db.engine).get_table_names()):
            Base.metadata.create_all(db.engine)
        return
    _write(path, _file_with_tables())


def empty_tables(engine: sa.Engine) -> None:
    """No rows on a server; on PostgreSQL ids are counted from one again.

    Only tables that were used are emptied: it takes as long as making them. MariaDB
    goes on with its numbers: to begin again takes 20 ms and more for each table.
    """
    with engine.connect() as connection:
        if used := _used(connection):
            for statement in _emptying(engine.dialect.name, used):
                connection.exec_driver_sql(statement)
        connection.commit()


def _names() -> set[str]:
    return set(Base.metadata.tables)


def _used(connection: sa.Connection) -> list[str]:
    """Those of ours with rows, now or before; who refers to others comes first."""
    used: set[str] = set()
    if connection.dialect.name == "postgresql":
        used.update(connection.exec_driver_sql(_HAVE_COUNTED).scalars())
    names = [table.name for table in reversed(Base.metadata.sorted_tables)]
    looks = (
        f"SELECT '{name}' FROM (SELECT 1) AS one"  # noqa: S608  our own names
        f" WHERE EXISTS (SELECT 1 FROM {name})"
        for name in names
        if name not in used
    )
    if union := " UNION ALL ".join(looks):
        used |= set(connection.exec_driver_sql(union).scalars())
    return [name for name in names if name in used]


def _emptying(dialect: str, names: list[str]) -> list[str]:
    """DELETE is quicker than TRUNCATE, where there are but a few rows."""
    deletes = [f"DELETE FROM {name}" for name in names]  # noqa: S608  our own names
    if dialect == "postgresql":
        resets = [f"SELECT setval('{name}_id_seq', 1, false)" for name in names]
        return [*deletes, *resets]
    # Here a row that another one of its table refers to may not go before it.
    off, on = (f"SET SESSION foreign_key_checks = {number}" for number in (0, 1))
    return [off, *deletes, on]


def migrate(path: Path) -> None:
    """A SQLite file as `wxlogin db upgrade` makes it, copied like the one above."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(path, _migrated_file())


def migrate_database(url: str) -> None:
    """The database at `url` as `wxlogin db upgrade` makes it."""
    with TemporaryDirectory() as folder:
        settings = load_settings(Path(folder), database_url=url)
        with build(settings, patient=True).app_context():
            bring_up_to_date()
            db.engine.dispose()


def _write(path: Path, content: bytes) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "wb") as copy:
        copy.write(content)


@cache
def _migrated_file() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "wxlogin.db"
        migrate_database(f"sqlite:///{path}")
        return path.read_bytes()


@cache
def _file_with_tables() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "tables.db"
        engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)
        prepare_engine(engine)
        Base.metadata.create_all(engine)
        engine.dispose()
        return path.read_bytes()
