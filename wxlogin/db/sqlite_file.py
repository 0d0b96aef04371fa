"""SQLite's files are for the user that runs the service (finding L4).

Names, openids and addresses of people stand in them. SQLite gives its two companions,
`-wal` and `-shm`, the rights of the file itself, so the file is made with the right
ones before SQLite opens it. One that everybody may read, as an earlier version or a
careless copy leaves it, is closed when we open it; what an operator has opened to a
group, and to nobody else, stays as it is.
"""

import os
import sqlite3
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from wxlogin.observability import get_logger

_COMPANIONS = ("", "-wal", "-shm", "-journal")


def path_of(url: sa.URL) -> Path | None:
    """The file that a SQLite URL names; None for a database in memory."""
    name = url.database
    if not name or ":memory:" in name or url.query.get("mode") == "memory":
        return None
    return Path(name.removeprefix("file:"))


def make_private(
    _dialect: object, _record: object, arguments: Any, _named: Any
) -> None:
    """Makes the file that is about to be opened, where there is none.

    Hears SQLAlchemy's `do_connect`, whose arguments begin with the file's name.
    """
    name = str(arguments[0]) if arguments else ""
    if not name or ":memory:" in name or name.startswith("file:"):
        return
    # Where it cannot be made SQLite says so, with a code that drivers.py explains.
    with suppress(OSError):
        os.close(os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def tighten(connection: sqlite3.Connection) -> None:
    """Closes the files of this connection to others, where everybody may read them."""
    for _number, _name, path in connection.execute("PRAGMA database_list").fetchall():
        for open_one in open_to_all(Path(path)) if path else ():
            try:
                # What its owner may not do stays so.
                open_one.chmod(open_one.stat().st_mode & stat.S_IRWXU)
            except OSError:
                # Somebody else's file: start-up and the doctor say what to do.
                continue
            get_logger().warning("file closed to other users", file=str(open_one))


def open_to_all(path: Path) -> list[Path]:
    """The files of this database that every user of the machine may open."""
    found = []
    for one in (path.with_name(path.name + suffix) for suffix in _COMPANIONS):
        with suppress(OSError):
            if one.stat().st_mode & stat.S_IRWXO and os.name == "posix":
                found.append(one)
    return found
