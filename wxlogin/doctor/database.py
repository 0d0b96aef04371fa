"""The database: reachable, with the schema of this program, and writable.

The doctor has a connection of its own with short time-outs and changes nothing: what
it writes touches no row and is rolled back. A SQLite file that is not there is not
made. A driver's own text may quote the URL with its password, so only its class and
the server's code are shown.
"""

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from wxlogin.config import Settings
from wxlogin.db import brief_engine, faults, soundness
from wxlogin.doctor import unionids
from wxlogin.doctor.finding import Finding, ok, warning, wrong

_CHECK = "database"
_MEND = "Start it, or mend DATABASE_URL."
_EXTRAS = {"postgresql": "postgresql", "mysql": "mariadb", "mariadb": "mariadb"}


def check(settings: Settings) -> Iterator[Finding]:
    """Connection, schema and writing; then what the rows say about unionids."""
    try:
        url = sa.make_url(settings.database_url)
        engine = brief_engine(url)
    except (ArgumentError, ModuleNotFoundError) as error:
        yield _no_engine(settings.database_url, error)
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


def _looked(engine: sa.Engine, settings: Settings) -> Iterator[Finding]:
    found = list(soundness.flaws(engine))
    about = {flaw.about for flaw in found if flaw.grave}
    readable = not about & {"file", "characters", "tables", "schema"}
    if readable:
        yield ok(_CHECK, f"{soundness.place(engine.url)} has the newest schema")
    for flaw in found:
        yield (wrong if flaw.grave else warning)(_CHECK, flaw.text, todo=flaw.todo)
    if not about:
        yield ok(_CHECK, "can be written")
    if readable:
        with Session(engine) as session:
            yield from unionids.check(session, settings)


def _unusable(url: sa.URL, error: SQLAlchemyError) -> Finding:
    where = soundness.place(url)
    if not isinstance(error, DBAPIError):
        kind = type(error).__name__
        return wrong(_CHECK, f"{where} cannot be used ({kind}).", todo=_MEND)
    why, code = (
        faults.sentence(error) or "it refuses what it is asked",
        faults.code(error),
    )
    todo = "" if url.get_backend_name() == "sqlite" else _MEND
    return wrong(_CHECK, f"{where}: {why} ({code}).", todo=todo)
