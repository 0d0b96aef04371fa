"""Several MariaDB servers in one DATABASE_URL: the first that takes statements is used.

    mysql+pymysql://user@/wxlogin?host=db1:3306&host=db2:3306&host=db3:3306

PostgreSQL's libpq does the same by itself, with `target_session_attrs=read-write`.
PyMySQL knows one host, so it is done here, as a connection is opened: a host that does
not answer, that is no part of its Galera cluster or that can only be read is passed
over, and for a while asked last. A connection stays where it is until it breaks.

On a node of a Galera cluster a connection reads what any node has committed before
(`wsrep_sync_wait`): a login that began on one node comes back to another.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from wxlogin.config.store_urls import host_and_port, several
from wxlogin.db import drivers, unchecked_tls

# For how long a host that was of no use is asked after the others.
_ILL_SECONDS = 10.0
_FACTS = "SHOW VARIABLES WHERE Variable_name IN ('wsrep_on', 'read_only')"
_READY = "SHOW STATUS LIKE 'wsrep_ready'"
# Reads, changes and deletions, insertions: unless the operator chose something.
_CAUSAL = (
    "SET SESSION wsrep_sync_wait = IF(@@wsrep_sync_wait = 0, 7, @@wsrep_sync_wait)"
)

_ill: dict[str, float] = {}


def connect(dialect: object, record: object, arguments: Any, named: Any) -> Any:
    """A connection by PyMySQL; hears SQLAlchemy's `do_connect`.

    Raises PyMySQL's OperationalError where no host is of use: the last one's.
    """
    many = several(named.get("host"))

    def to(**more: Any) -> Any:
        return unchecked_tls.connect(dialect, record, arguments, {**named, **more})

    if len(many) < 2:
        return to(**_address(many[0])) if many else to()
    return _first_of_use(many, lambda name: to(**_address(name)))


def join_cluster(connection: Any, _record: object) -> None:
    """Causal reads, where this server is a node of Galera; hears `connect`."""
    if _facts(connection).get("wsrep_on") == "ON":
        with connection.cursor() as cursor:
            cursor.execute(_CAUSAL)


def _first_of_use(many: tuple[str, ...], to: Callable[[str], Any]) -> Any:
    from pymysql import OperationalError  # type: ignore[import-untyped, unused-ignore]

    failed: Exception | None = None
    for name in _in_order(many):
        try:
            connection = to(name)
            _require_use(connection)
        except OperationalError as error:
            _ill[name] = time.monotonic() + _ILL_SECONDS
            failed = error
            continue
        _ill.pop(name, None)
        return connection
    raise failed or OperationalError("no host")


def _in_order(many: tuple[str, ...]) -> Iterator[str]:
    """As the URL names them, those last that were of no use a moment ago."""
    now = time.monotonic()
    yield from sorted(many, key=lambda name: _ill.get(name, 0.0) > now)


def _require_use(connection: Any) -> None:
    """Raises what the server itself would say to a statement that writes."""
    from pymysql import OperationalError

    facts = _facts(connection)
    code = 0
    if facts.get("wsrep_on") == "ON" and _asked(connection, _READY) != {
        "wsrep_ready": "ON"
    }:
        code = drivers.NOT_IN_CLUSTER
    elif facts.get("read_only") not in ("OFF", None):
        code = drivers.IS_READ_ONLY
    if code:
        connection.close()
        raise OperationalError(code, "of no use")


def _facts(connection: Any) -> Mapping[str, str]:
    return _asked(connection, _FACTS)


def _asked(connection: Any, question: str) -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute(question)
        return dict(cursor.fetchall())


def _address(name: str) -> dict[str, Any]:
    host, port = host_and_port(name)
    return {"host": host} if port is None else {"host": host, "port": port}
