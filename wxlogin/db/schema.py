"""The schema of the database: brought to this version's, at a start or by hand."""

from pathlib import Path

from flask_migrate import upgrade
from sqlalchemy.exc import DBAPIError

from wxlogin.db import db, drivers, soundness
from wxlogin.db.engine import brief_engine
from wxlogin.errors import ConfigurationError


def bring_up_to_date() -> None:
    """Brings the schema to the newest version; needs an application context.

    The first time, it also makes the folder of a SQLite file: an installed package
    has no `instance` yet. Raises ConfigurationError where the database cannot be
    opened.
    """
    _make_folder()
    try:
        soundness.require_room_for_names(db.engine.url)
        upgrade()
        stopping = [flaw.sentence() for flaw in flaws() if flaw.stops]
    except DBAPIError as error:
        why = drivers.sentence(error)
        if why is None:
            raise
        # The driver's text may quote the URL with its password.
        raise ConfigurationError(
            f"the database does not do what it is asked: {why} ({drivers.code(error)})"
        ) from None
    if stopping:
        raise ConfigurationError("\n".join(stopping))


def versions() -> tuple[list[str], list[str]]:
    """The versions of the application's schema, and the newest that we know."""
    engine = brief_engine(db.engine.url)
    try:
        there, newest = soundness.versions(engine)
    finally:
        engine.dispose()
    return sorted(there), sorted(newest)


def flaws() -> list[soundness.Flaw]:
    """What is not as it should be in the application's database."""
    engine = brief_engine(db.engine.url)
    try:
        return list(soundness.flaws(engine))
    finally:
        engine.dispose()


def _make_folder() -> None:
    url = db.engine.url
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return
    folder = Path(str(url.database)).parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"{folder} cannot be made ({error.strerror}); make it, or name another "
            "folder with WXLOGIN_INSTANCE"
        ) from None
