"""DATABASE_URL and REDIS_URL, before anything connects: can they be read, is the driver
or client there?"""

from collections.abc import Iterator
from importlib.util import find_spec
from inspect import signature
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from wxlogin.config.settings import Settings

# The extra of this package that brings a driver for the backend, and its scheme.
_EXTRAS = {
    "postgresql": ("postgresql", "postgresql+psycopg"),
    "mysql": ("mariadb", "mysql+pymysql"),
    "mariadb": ("mariadb", "mysql+pymysql"),
}
_DATABASE_FORMS = (
    "write postgresql+psycopg://user@host/name or mysql+pymysql://user@host/name; "
    "for SQLite leave it out"
)
_REDIS_FORMS = "write redis://host:6379/0, or rediss:// for TLS"


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


def has_password(text: str) -> bool:
    """Does this DATABASE_URL hold one? What cannot be read might."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        return "@" in text
    return bool(url.password) or any("pass" in name.lower() for name in url.query)


def database_faults(settings: Settings) -> Iterator[str]:
    """A sentence where no engine can be made of DATABASE_URL.

    It repeats nothing of the URL, which may hold a password.
    """
    try:
        url = make_url(settings.database_url)
        backend = url.get_backend_name()
        driver = url.get_dialect().import_dbapi()
        yield from _unknown_options(url, driver)
    except (ArgumentError, ValueError):
        # SQLAlchemy's NoSuchModuleError, an unknown scheme, is an ArgumentError.
        yield f"DATABASE_URL cannot be read; {_DATABASE_FORMS}"
    except ModuleNotFoundError:
        todo = _DATABASE_FORMS
        if backend in _EXTRAS:
            extra, scheme = _EXTRAS[backend]
            todo = f"run pip install 'wxlogin[{extra}]' and begin it with {scheme}://"
        yield f"the driver that DATABASE_URL names is not installed; {todo}"


def _unknown_options(url: URL, driver: Any) -> Iterator[str]:
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


def redis_faults(settings: Settings) -> Iterator[str]:
    """A sentence where REDIS_URL cannot be used.

    It repeats nothing of the URL, which may hold a password.
    """
    url = settings.redis_url
    if not url:
        return
    if find_spec("redis") is None:
        yield (
            "REDIS_URL is set and the client of Redis is not installed; run "
            "pip install 'wxlogin[redis]'"
        )
    if fault := _redis_fault(url):
        yield f"REDIS_URL {fault}; {_REDIS_FORMS}"


def _redis_fault(url: str) -> str:
    scheme = url.partition("://")[0] if "://" in url else ""
    if scheme == "unix":
        return "" if url.removeprefix("unix://").startswith("/") else "names no socket"
    if scheme not in ("redis", "rediss"):
        return "does not begin with redis://"
    parts = urlsplit(url)
    if "@" in parts.path + parts.query + parts.fragment:
        return "has / ? or # in its password: write these as %2F, %3F and %23"
    try:
        # `port` raises ValueError for one that there cannot be.
        if not parts.hostname or parts.port == 0:
            return "names no host or port"
    except ValueError:
        return "has a port that is none"
    if parts.fragment:
        return "has a # in it: write that as %23"
    database = parts.path.removeprefix("/")
    # The client takes what is no number for database 0, without a word.
    if database and not (database.isascii() and database.isdecimal()):
        return "ends in what is no number of a database"
    return ""
