"""What stood on which line of a file, for files that do not fit into memory.

A temporary SQLite database in a file without a name, so that it goes with the process
even if that is killed. It holds digests, no ids.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from hashlib import blake2b
from itertools import islice

# SQLite takes no more than 32766 parameters.
_MANY = 10_000


class Memory:
    """Digests and the line each was first seen on."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.execute("PRAGMA journal_mode=OFF")
        connection.execute("PRAGMA synchronous=OFF")
        # So many kibibytes are held in memory; what is more goes to the file.
        connection.execute("PRAGMA cache_size=-32768")
        connection.execute(
            "CREATE TABLE seen (digest BLOB PRIMARY KEY, line INTEGER) WITHOUT ROWID"
        )

    def lines(self, digests: Iterable[bytes]) -> dict[bytes, int]:
        """Those of the digests that were seen, with their lines."""
        found: dict[bytes, int] = {}
        rest = iter(digests)
        while part := list(islice(rest, _MANY)):
            marks = ",".join("?" * len(part))
            query = f"SELECT digest, line FROM seen WHERE digest IN ({marks})"  # noqa: S608  marks only
            found.update(self._connection.execute(query, part))
        return found

    def note(self, seen: Iterable[tuple[bytes, int]]) -> None:
        """From now on these digests were seen on these lines."""
        self._connection.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", seen)
        self._connection.commit()


def digest_of(*parts: str) -> bytes:
    """16 bytes that stand for these texts."""
    whole = "\0".join(parts).encode("utf-8", "surrogatepass")
    return blake2b(whole, digest_size=16).digest()


@contextmanager
def memory() -> Iterator[Memory]:
    """An empty memory, gone afterwards."""
    with closing(sqlite3.connect("")) as connection:
        yield Memory(connection)
