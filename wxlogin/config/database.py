"""DATABASE_URL, before anything connects: can it be read, is its driver there?"""

from collections.abc import Iterator
from inspect import signature
from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL, make_url
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


def placed(text: str, folder: Path) -> str:
    """DATABASE_URL as it is used: by default a file in the instance folder, where a
    SQLite file without a whole path is, too."""
    if not text:
        return f"sqlite:///{folder / 'wxlogin.db'}"
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        return text
    name = url.database or ""
    inside = (
        name and not name.startswith((":", "file:")) and not Path(name).is_absolute()
    )
    if url.get_backend_name() != "sqlite" or not inside:
        return text
    return url.set(database=str(folder / name)).render_as_string(hide_password=False)


def database_faults(settings: Settings) -> Iterator[str]:
    """A sentence where no engine can be made of DATABASE_URL.

    It repeats nothing of the URL, which may hold a password.
    """
    try:
        url = make_url(settings.database_url)
        backend = url.get_backend_name()
        driver = url.get_dialect().import_dbapi()
        yield from _options(url, driver)
    except (ArgumentError, ValueError):
        # SQLAlchemy's NoSuchModuleError, an unknown scheme, is an ArgumentError.
        yield f"DATABASE_URL cannot be read; {_FORMS}"
    except ModuleNotFoundError:
        todo = _FORMS
        if backend in _EXTRAS:
            extra, scheme = _EXTRAS[backend]
            todo = f"run pip install 'wxlogin[{extra}]' and begin it with {scheme}://"
        yield f"the driver that DATABASE_URL names is not installed; {todo}"


def _options(url: URL, driver: Any) -> Iterator[str]:
    """Options behind the question mark that the driver does not know: it would say so
    at the first visitor."""
    match url.get_driver_name():
        case "pymysql":
            known = set(signature(driver.connections.Connection.__init__).parameters)
            known |= {"ssl_ca", "ssl_capath", "ssl_cert", "ssl_cipher", "ssl_key"}
            known |= {"ssl_check_hostname", "ssl_verify_cert", "ssl_verify_identity"}
        case "psycopg":
            known = {
                option.keyword.decode() for option in driver.pq.Conninfo.get_defaults()
            }
            known |= {"prepare_threshold", "autocommit"}
        case _:
            return
    for name in sorted(set(url.query) - known):
        near = f" (did you mean {name.lower()}?)" if name.lower() in known else ""
        yield (f"DATABASE_URL: its driver has no option {name}{near}; take it out")
