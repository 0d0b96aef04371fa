"""DATABASE_URL, before anything connects: can it be read, is its driver there?"""

from collections.abc import Iterator

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from wxlogin.config.settings import Settings

# The extra of this package that brings a driver for the backend, and its scheme.
_EXTRAS = {
    "postgresql": ("postgresql", "postgresql+psycopg"),
    "mysql": ("mariadb", "mysql+pymysql"),
    "mariadb": ("mariadb", "mysql+pymysql"),
}
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
        todo = _FORMS
        if backend in _EXTRAS:
            extra, scheme = _EXTRAS[backend]
            todo = f"run pip install 'wxlogin[{extra}]' and begin it with {scheme}://"
        yield f"the driver that DATABASE_URL names is not installed; {todo}"
