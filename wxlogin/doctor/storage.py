"""Where things are kept: the database, and Redis where the settings name one.

The database is reachable, has the schema of this program, and is writable. The doctor
has a connection of its own with short time-outs and changes nothing: what it writes
touches no row and is rolled back. A SQLite file that is not there is not made. A
driver's own text may quote the URL with its password, so only its class and the
server's code are shown.
"""

import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from wxlogin.config import Settings
from wxlogin.config.store_urls import database_faults
from wxlogin.db import brief_engine, drivers, soundness
from wxlogin.doctor import pushes, unionids
from wxlogin.doctor.findings import Finding, ok, warning, wrong
from wxlogin.errors import ConfigurationError, Unready
from wxlogin.security.sealing import Sealer
from wxlogin.tickets import store_for

if TYPE_CHECKING:
    # Only those who use Redis have its client.
    from wxlogin.tickets.redis import RedisTickets

_DATABASE, _REDIS = "database", "redis"
_MEND = "Start it, or mend DATABASE_URL."
# A ticket of the doctor's lives so long.
_SECONDS = 5


def database(settings: Settings) -> Iterator[Finding]:
    """Connection, schema and writing; then what the rows say."""
    if unusable := list(database_faults(settings)):
        yield from (wrong(_DATABASE, f"{one}.") for one in unusable)
        return
    url = sa.make_url(settings.database_url)
    engine = brief_engine(url)
    try:
        yield from _looked(engine, settings)
    except SQLAlchemyError as error:
        yield _unusable(url, error)
    finally:
        engine.dispose()


def _looked(engine: sa.Engine, settings: Settings) -> Iterator[Finding]:
    found = list(soundness.flaws(engine))
    about = {flaw.about for flaw in found if flaw.grave}
    readable = not about & {"file", "characters", "tables", "schema"}
    if readable:
        yield ok(_DATABASE, f"{soundness.place(engine.url)} has the newest schema")
    for flaw in found:
        yield (wrong if flaw.grave else warning)(_DATABASE, flaw.text, todo=flaw.todo)
    if not about:
        yield ok(_DATABASE, "can be written")
    if readable:
        with Session(engine) as session:
            yield from unionids.check(session, settings)
            yield from pushes.check(session, settings)


def _unusable(url: sa.URL, error: SQLAlchemyError) -> Finding:
    where = soundness.place(url)
    if not isinstance(error, DBAPIError):
        kind = type(error).__name__
        return wrong(_DATABASE, f"{where} cannot be used ({kind}).", todo=_MEND)
    why = drivers.sentence(error) or "it refuses what it is asked"
    todo = "" if url.get_backend_name() == "sqlite" else _MEND
    return wrong(_DATABASE, f"{where}: {why} ({drivers.code(error)}).", todo=todo)


def redis(settings: Settings) -> Iterator[Finding]:
    """Puts a ticket into Redis and takes it out again."""
    if not settings.redis_url:
        yield ok(_REDIS, "not used; short-lived state is in the database")
        return
    try:
        # What is written here is read here only: any key will do.
        store = store_for(settings, Sealer([secrets.token_bytes(32)]))
    except ConfigurationError as error:
        yield wrong(_REDIS, f"{error.operator}.")
        return
    yield _tried(cast("RedisTickets", store), _place(settings.redis_url))


def _tried(store: "RedisTickets", place: str) -> Finding:
    key = secrets.token_hex(16)
    try:
        store.add("doctor", key, "here", ttl=_SECONDS)
        back = store.take("doctor", key)
    except Unready as error:
        return wrong(
            _REDIS,
            f"Redis at {place} cannot be used ({error.facts.get('fault')}).",
            todo="Start it, or mend REDIS_URL (address, password, TLS); nobody can "
            "sign in until then.",
        )
    finally:
        store.close()
    if back != "here":
        return wrong(_REDIS, f"Redis at {place} forgets at once what it was told.")
    return ok(_REDIS, f"{place} answers and keeps what it is told")


def _place(url: str) -> str:
    """The address without the password that may stand in front of it."""
    return urlsplit(url).netloc.rpartition("@")[2] or "its socket"
