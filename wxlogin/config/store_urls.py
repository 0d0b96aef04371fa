"""DATABASE_URL, before anything connects: can it be read, is the driver there?"""

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
_DATABASE_FORMS = (
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


def has_password(text: str) -> bool:
    """Does this DATABASE_URL hold one? What cannot be read might."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        return "@" in text
    return bool(url.password) or any("pass" in name.lower() for name in url.query)


def several(said: str | tuple[str, ...] | None) -> tuple[str, ...]:
    """What a URL says behind its question mark under one name, however often."""
    return (said,) if isinstance(said, str) else tuple(said or ())


def host_and_port(name: str) -> tuple[str, int | None]:
    """Host and port of `db1:3306`, `db1`, `[::1]:3306`. ValueError for no port."""
    host, colon, port = name.rpartition(":")
    if not colon or (":" in host and not host.endswith("]")):
        return name.strip("[]"), None
    if not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
        raise ValueError(f"{port} is no port")
    return host.strip("[]"), int(port)


def database_faults(settings: Settings) -> Iterator[str]:
    """A sentence where no engine can be made of DATABASE_URL.

    It repeats nothing of the URL, which may hold a password.
    """
    try:
        url = make_url(settings.database_url)
        backend = url.get_backend_name()
        driver = url.get_dialect().import_dbapi()
        yield from _unknown_options(url, driver)
        yield from _odd_options(url)
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


def _odd_options(url: URL) -> Iterator[str]:
    """Options whose value means nothing to the driver, or not what it seems to."""
    threshold = str(url.query.get("prepare_threshold", "none"))
    if threshold != "none" and not (threshold.isascii() and threshold.isdecimal()):
        yield (
            "DATABASE_URL: prepare_threshold is a number, or none behind PgBouncer in "
            "transaction mode"
        )
    many = several(url.query.get("host"))
    if many and url.host:
        yield (
            "DATABASE_URL names a host before and behind its question mark; name them "
            "all behind it: ?host=db1:3306&host=db2:3306"
        )
    if any("," in one for one in many):
        yield "DATABASE_URL: name each host by itself: ?host=db1:3306&host=db2:3306"
    elif not all(map(_has_good_port, many)):
        yield "DATABASE_URL has a host with a port that is none"
    if (
        url.get_backend_name() == "postgresql"
        and len(many) > 1
        and url.query.get("target_session_attrs") not in ("read-write", "primary")
    ):
        yield (
            "DATABASE_URL names several hosts, one of which can be a standby; add "
            "target_session_attrs=read-write"
        )


def _has_good_port(name: str) -> bool:
    try:
        # A path is a socket's.
        return name.startswith("/") or bool(host_and_port(name)[0])
    except ValueError:
        return False
