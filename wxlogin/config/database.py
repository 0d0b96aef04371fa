"""DATABASE_URL, before anything connects: can it be read, is its driver there?"""

from collections.abc import Iterator

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from wxlogin.config.settings import Settings

# The extra of this package that brings a driver for the backend.
_EXTRAS = {"postgresql": "postgresql", "mysql": "mariadb", "mariadb": "mariadb"}
_FORMS = (
    "write postgresql+psycopg://user@host/name or mysql+pymysql://user@host/name; "
    "for SQLite leave it out"
)


def database_faults(settings: Settings) -> Iterator[str]:
    """A sentence where no engine can be made of DATABASE_URL.

    It repeats nothing of the URL, which may hold a password.
    """
    try:
        url = make_url(settings.database_url)
        backend = url.get_backend_name()
        url.get_dialect().import_dbapi()
    except (ArgumentError, ValueError):
        # SQLAlchemy's NoSuchModuleError, an unknown scheme, is an ArgumentError.
        yield f"DATABASE_URL cannot be read; {_FORMS}"
    except ModuleNotFoundError:
        extra = _EXTRAS.get(backend)
        todo = f"pip install 'wxlogin[{extra}]', and {_FORMS}" if extra else _FORMS
        yield f"the driver that DATABASE_URL names is not installed: {todo}"
