"""What a database's refusal means, as a sentence for the log.

A driver's own text may quote values, so its code decides. "The database does not
answer" is said only where none did: one that refuses has answered, and what it
refused says who is to act.
"""

import sqlite3
from typing import Any

from sqlalchemy.exc import DBAPIError, OperationalError

_OUTDATED = "the tables are not those of this version; run `wxlogin db upgrade`"
_SLOW = "the database took too long over a statement"
_LOCKED = "somebody else holds a lock in the database for too long"
#: Said of a connection that leads to a replica.
READ_ONLY = "the database can only be read; is it a replica?"
#: Said of a node of Galera that has lost the others, or has just come back.
NOT_READY = "the database's node is no part of its cluster now"
_RIGHTS = "the database refuses the user of DATABASE_URL; grant it what it needs"
_FULL = "the database's disk is full"
_CROWDED = "the database takes no more connections"
_NO_DATABASE = "the server has no database of the name in DATABASE_URL"
_GONE = "the database does not answer"

#: What to do about a SQLite file that cannot be opened or written.
MAKE_WRITABLE = "make file and folder writable for the user that runs wxlogin"

_SQLITE = {
    "SQLITE_BUSY": "another program holds SQLite's write lock for too long",
    "SQLITE_LOCKED": "another program holds SQLite's write lock for too long",
    "SQLITE_READONLY": f"the SQLite file cannot be written; {MAKE_WRITABLE}",
    "SQLITE_CANTOPEN": f"the SQLite file cannot be opened; {MAKE_WRITABLE}",
    "SQLITE_PERM": f"the SQLite file cannot be opened; {MAKE_WRITABLE}",
    "SQLITE_FULL": "the disk with the SQLite file is full",
    "SQLITE_IOERR": "the disk with the SQLite file does not do what it should",
    "SQLITE_CORRUPT": "the SQLite file is damaged; take the last backup",
    "SQLITE_NOTADB": "the file of DATABASE_URL is no SQLite database",
}
# PostgreSQL's states: "Appendix A. PostgreSQL Error Codes" of its manual.
_POSTGRESQL = {
    "42P01": _OUTDATED,
    "42703": _OUTDATED,
    "57014": _SLOW,
    "55P03": _LOCKED,
    "25006": READ_ONLY,
    "42501": _RIGHTS,
    "28000": _RIGHTS,
    "28P01": _RIGHTS,
    "3D000": _NO_DATABASE,
    "53100": _FULL,
    "53300": _CROWDED,
}
#: What MariaDB answers as a node without its cluster, and where nothing is written.
NOT_IN_CLUSTER, IS_READ_ONLY = 1047, 1290
# MariaDB's numbers: "MariaDB Error Codes" of its Knowledge Base.
_MARIADB = {
    1146: _OUTDATED,
    1054: _OUTDATED,
    1969: _SLOW,
    1205: _LOCKED,
    NOT_IN_CLUSTER: NOT_READY,
    IS_READ_ONLY: READ_ONLY,
    1792: READ_ONLY,
    1836: READ_ONLY,
    1044: _RIGHTS,
    1045: _RIGHTS,
    1142: _RIGHTS,
    1698: _RIGHTS,
    1049: _NO_DATABASE,
    1021: _FULL,
    1114: _FULL,
    1040: _CROWDED,
    1203: _CROWDED,
}


def sentence(error: DBAPIError) -> str | None:
    """Why the database does not do what it is asked; None where the program is at
    fault, which asked for what no database could do."""
    original: Any = error.orig
    if isinstance(original, sqlite3.Error):
        if found := _sqlite(original):
            return found
    elif found := _POSTGRESQL.get(getattr(original, "sqlstate", None) or ""):
        return found
    elif found := _MARIADB.get(_number(original)):
        return found
    lost = error.connection_invalidated or isinstance(error, OperationalError)
    return _GONE if lost else None


def code(error: DBAPIError) -> str:
    """The driver's class and the database's own code, without a word of its text."""
    original: Any = error.orig
    name = getattr(original, "sqlite_errorname", None)
    found = name or getattr(original, "sqlstate", None) or _number(original) or ""
    return f"{type(original).__name__} {found}".rstrip()


def lost_race(error: DBAPIError) -> bool:
    """Would the same transaction succeed if it were run again?"""
    original: Any = error.orig
    if isinstance(original, sqlite3.OperationalError):
        return original.sqlite_errorname.startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
    # PostgreSQL: serialization failure, deadlock, lock not available.
    if getattr(original, "sqlstate", None) in {"40001", "40P01", "55P03"}:
        return True
    # MariaDB: lock wait time-out, deadlock, record changed since last read.
    return _number(original) in {1205, 1213, 1020}


def _sqlite(error: sqlite3.Error) -> str | None:
    # Made by the module itself, of a closed connection say, it has no name.
    name = getattr(error, "sqlite_errorname", "")
    if name == "SQLITE_ERROR":
        text = str(error)
        missing = text.startswith("no such ") or "has no column" in text
        return _OUTDATED if missing else "SQLite refuses what it is asked"
    # SQLITE_READONLY_DIRECTORY and its like are kinds of SQLITE_READONLY.
    return _SQLITE.get("_".join(name.split("_")[:2]))


def _number(error: Any) -> int:
    arguments = getattr(error, "args", ())
    return arguments[0] if arguments and isinstance(arguments[0], int) else 0
