"""The database: reachable, with the schema of this program, and writable.

The doctor has a connection of its own with short time-outs and changes nothing: what
it writes touches no row and is rolled back. A SQLite file that is not there is not
made. A driver's own text may quote the URL with its password, so only its class and
the server's code are shown.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from wxlogin.accounts.models import User
from wxlogin.config import Settings
from wxlogin.config.paths import package_dir
from wxlogin.db import brief_engine

from . import unionids
from .finding import Finding, ok, warning, wrong

_CHECK = "database"
_UPGRADE = "Run `wxlogin db upgrade`."
_EXTRAS = {"postgresql": "postgresql", "mysql": "mariadb", "mariadb": "mariadb"}


def check(settings: Settings) -> Iterator[Finding]:
    """Connection, schema and writing; then what the rows say about unionids."""
    try:
        url = sa.make_url(settings.database_url)
        engine = brief_engine(url)
    except (ArgumentError, ModuleNotFoundError) as error:
        yield _no_engine(settings.database_url, error)
        return
    if obstacle := _no_file(url):
        yield obstacle
        return
    try:
        yield from _looked(engine, settings)
    except SQLAlchemyError as error:
        yield _unusable(url, error)
    finally:
        engine.dispose()


def _no_engine(text: str, error: Exception) -> Finding:
    extra = _EXTRAS.get(text.partition(":")[0].partition("+")[0])
    if isinstance(error, ModuleNotFoundError) and extra:
        todo = f"Run pip install 'wxlogin[{extra}]'."
        return wrong(_CHECK, "The driver of DATABASE_URL is not installed.", todo=todo)
    todo = "Write postgresql+psycopg://user@host/name or mysql+pymysql://…; for SQLite "
    return wrong(_CHECK, "DATABASE_URL cannot be read.", todo=f"{todo}leave it out.")


def _no_file(url: sa.URL) -> Finding | None:
    if url.get_backend_name() != "sqlite":
        return None
    if url.database in (None, "", ":memory:"):
        text = "DATABASE_URL names a database in memory: each worker has its own."
        return wrong(_CHECK, text, todo="Leave it out, or name a file.")
    path = Path(str(url.database))
    if not path.is_absolute():
        text = f"Not looked at: which folder {path} is in depends on the installation."
        return warning(_CHECK, text, todo="Write the whole path: sqlite:////srv/….")
    if not path.exists():
        return wrong(_CHECK, f"There is no {path} yet.", todo=_UPGRADE)
    return None


def _looked(engine: sa.Engine, settings: Settings) -> Iterator[Finding]:
    with engine.connect() as connection:
        schema = _schema(connection)
    yield schema
    if schema.level == "ok":
        yield _written(engine)
        with Session(engine) as session:
            yield from unionids.check(session, settings)


def _schema(connection: sa.Connection) -> Finding:
    there = set(MigrationContext.configure(connection).get_current_heads())
    script = ScriptDirectory(str(package_dir() / "migrations"))
    ours = set(script.get_heads())
    place = _place(connection.engine.url)
    if there == ours:
        return ok(_CHECK, f"{place} has the newest schema")
    if not there:
        return wrong(_CHECK, f"{place} has no tables of ours.", todo=_UPGRADE)
    if there <= {revision.revision for revision in script.walk_revisions()}:
        return wrong(_CHECK, f"The schema in {place} is an older one.", todo=_UPGRADE)
    text = f"The schema in {place} is of another version of wxlogin, a newer one."
    return wrong(_CHECK, text, todo="Install that version here too.")


def _written(engine: sa.Engine) -> Finding:
    """Asks for the right to write, for real: no row has this id."""
    nothing = sa.update(User).where(User.id == -1).values(nickname="")
    try:
        with engine.connect().execution_options(wxlogin_writes=True) as connection:
            connection.execute(nothing)
            connection.rollback()
    except DBAPIError as error:
        text = f"{_place(engine.url)} cannot be written ({_code(error)})."
        todo = "Check the user's rights, the disk, and whether it is a replica."
        return wrong(_CHECK, text, todo=todo)
    return ok(_CHECK, "can be written")


def _unusable(url: sa.URL, error: SQLAlchemyError) -> Finding:
    text = f"{_place(url)} does not answer as it should ({_code(error)})."
    return wrong(_CHECK, text, todo="Start it, or mend DATABASE_URL.")


def _code(error: SQLAlchemyError) -> str:
    original: Any = getattr(error, "orig", None) or error
    code = getattr(original, "sqlite_errorname", None) or getattr(
        original, "sqlstate", None
    )
    number = original.args[0] if getattr(original, "args", None) else None
    if code is None and isinstance(number, int):
        code = str(number)
    kind = type(original).__name__
    return f"{kind} {code}" if code else kind


def _place(url: sa.URL) -> str:
    if url.get_backend_name() == "sqlite":
        return f"SQLite file {url.database}"
    return f"{url.get_backend_name()} database {url.database} on {url.host}"
