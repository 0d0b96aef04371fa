"""Connections: how long they wait, and what each database is told first.

Nobody who visits a page waits for a database that hangs (fault F12, finding M7).
A service's connections have limits at both ends: the server ends a statement that
runs or waits for a lock too long, and where the server itself falls silent we stop
listening. Work without a visitor is patient: migrations, imports, exports and every
other command of `wxlogin`.

What an operator has set stays: options of DATABASE_URL, and limits of the server or
role that are in force when we connect. One thing is not the operator's choice: on
MariaDB and PostgreSQL a connection speaks UTF-8, because names do (finding I4).
"""

import re
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import sqlalchemy as sa

from wxlogin.db import drivers, hosts, sqlite_file, waits
from wxlogin.errors import BadRequest

# Seconds a statement may run, and wait for a lock that somebody else holds.
STATEMENT_SECONDS = 8
LOCK_SECONDS = 5
# Seconds to reach the server; and after which a server that says nothing, not even
# that a statement took too long, counts as gone.
CONNECT_SECONDS = 3
SILENCE_SECONDS = 10
# Seconds a writer waits for SQLite's one write lock: a visitor's, a command's.
SQLITE_SECONDS = 8
SQLITE_PATIENT_SECONDS = 30
# The same for what may as well be written by the next request.
HURRY_MILLISECONDS = 100
# Seconds after which a transaction that lost against another is not tried again.
RETRY_SECONDS = 8.0
#: Connections of one process, where nothing else is said.
CONNECTIONS = 10
# For one look at the database, by the doctor and at the start.
BRIEF_SECONDS = 3

_RETRY = "wxlogin_retry_seconds"
_UNFRAMED = {"isolation_level": "AUTOCOMMIT"}
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# The largest number that a column can hold.
_LARGEST = 2**63 - 1
# What the drivers call the times they wait, in whole seconds.
_WAITS = {
    "psycopg": ("connect_timeout",),
    "psycopg2": ("connect_timeout",),
    "pymysql": ("connect_timeout", "read_timeout", "write_timeout"),
    "mysqldb": ("connect_timeout", "read_timeout", "write_timeout"),
}
# PyMySQL has set these two already; a proxy, a server with its own mind or an
# `init_command` may have undone it.
_MARIADB = (
    "SET NAMES utf8mb4",
    "SET SESSION sql_mode='STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
)
_MARIADB_LIMITS = (
    "SET SESSION "
    f"max_statement_time=IF(@@max_statement_time=0,{STATEMENT_SECONDS},"
    "@@max_statement_time), "
    f"lock_wait_timeout=LEAST(@@lock_wait_timeout,{LOCK_SECONDS}), "
    f"innodb_lock_wait_timeout=LEAST(@@innodb_lock_wait_timeout,{LOCK_SECONDS})"
)
# What was set for the service, in the URL or for the role, is not for the commands.
_MARIADB_PATIENT = "SET SESSION max_statement_time=0"
_POSTGRESQL_PATIENT = "SET statement_timeout=0; SET lock_timeout=0"
#: PostgreSQL's names for the limits of a service, in seconds.
LIMITS = {"statement_timeout": STATEMENT_SECONDS, "lock_timeout": LOCK_SECONDS}
# 0 means no limit: nobody has set one, neither for the server nor role nor here.
_POSTGRESQL_LIMITS = " ".join(
    f"SELECT set_config('{name}', '{seconds}s', false) "
    f"WHERE current_setting('{name}') = '0';"
    for name, seconds in LIMITS.items()
)


def engine_options(
    url: str, *, patient: bool = False, threads: int | None = None
) -> dict[str, Any]:
    """What `create_engine` takes for this database URL, as Flask-SQLAlchemy wants it.

    `patient` is for work that no visitor waits for. With the number of threads that
    serve, the database never holds all of them: there are fewer connections, and not
    all others wait for one.
    """
    connections, places = _shares(threads)
    found = sa.make_url(url)
    backend = found.get_backend_name()
    options: dict[str, Any] = {
        "connect_args": _connect_args(found, patient=patient),
        "execution_options": {_RETRY: None if patient else RETRY_SECONDS},
    }
    if not (backend == "sqlite" and sqlite_file.path_of(found) is None):
        options |= {
            "poolclass": waits.pool_with(places),
            "pool_size": connections,
            "max_overflow": 0,
        }
    if backend != "sqlite":
        # A connection that died while it was idle is replaced instead of failing.
        options |= {"pool_pre_ping": True, "isolation_level": "READ COMMITTED"}
    return options


def brief_engine(url: sa.URL) -> sa.Engine:
    """An engine for one look at the database: BRIEF_SECONDS, and no connection kept.

    Raises ModuleNotFoundError where the driver is not installed.
    """
    backend = url.get_backend_name()
    names = ("timeout",) if backend == "sqlite" else _waits(url)
    engine = _lone_engine(url, **dict.fromkeys(names, BRIEF_SECONDS))
    if backend == "postgresql":
        _listen(engine, BRIEF_SECONDS)
        if not is_pooled(url):
            limit = f"SET statement_timeout='{BRIEF_SECONDS}s'"
            sa.event.listen(engine, "connect", _teller(limit))
    return engine


def patient_engine(url: sa.URL) -> sa.Engine:
    """An engine for work that takes its time, beside that of a service; it keeps no
    connection."""
    return _lone_engine(url)


def _lone_engine(url: sa.URL, **arguments: Any) -> sa.Engine:
    level = {"isolation_level": "READ COMMITTED"}
    engine = sa.create_engine(
        url,
        poolclass=sa.NullPool,
        connect_args=_connect_args(url, patient=True) | arguments,
        hide_parameters=True,
        **({} if url.get_backend_name() == "sqlite" else level),
    )
    prepare_engine(engine, patient=True)
    return engine


def prepare_engine(engine: sa.Engine, *, patient: bool = False) -> None:
    """Sets up each connection of this engine; called once for each."""
    _guard_parameters(engine)
    match engine.dialect.name:
        case "sqlite":
            sa.event.listen(engine, "do_connect", sqlite_file.make_private)
            sa.event.listen(engine, "connect", _connect_sqlite)
            sa.event.listen(engine, "begin", _begin_sqlite)
        case "mysql" | "mariadb":
            sa.event.listen(engine, "handle_error", _leave_server)
            limit = _MARIADB_PATIENT if patient else _MARIADB_LIMITS
            sa.event.listen(engine, "connect", _teller(*_MARIADB, limit))
            if engine.dialect.driver == "pymysql":
                sa.event.listen(engine, "do_connect", hosts.connect)
                sa.event.listen(engine, "connect", hosts.join_cluster)
        case "postgresql":
            sa.event.listen(engine, "handle_error", _leave_server)
            if not is_pooled(engine.url):
                limit = _POSTGRESQL_PATIENT if patient else _POSTGRESQL_LIMITS
                sa.event.listen(engine, "connect", _teller(limit))
            elif patient:
                sa.event.listen(engine, "begin", _be_patient)
            if not patient:
                _listen(engine, SILENCE_SECONDS)


def retry_seconds(engine: sa.Engine) -> float | None:
    """Seconds after which a lost transaction is not begun again; None: no limit."""
    found: float | None = engine.get_execution_options().get(_RETRY, RETRY_SECONDS)
    return found


def unframed(engine: sa.Engine) -> dict[str, Any]:
    """Execution options of a connection that only reads, each statement by itself.

    On PostgreSQL two questions less to the server, for the BEGIN and the ROLLBACK
    around them. On MariaDB the change would be a question itself.
    """
    return _UNFRAMED if engine.dialect.name == "postgresql" else {}


def _shares(threads: int | None) -> tuple[int, int | None]:
    """Connections, and those who may wait for one; a thread or two are for neither."""
    if threads is None:
        return CONNECTIONS, None
    connections = max(1, min(CONNECTIONS, threads - max(2, threads // 4)))
    return connections, max(0, threads - connections - 2)


def _connect_args(url: sa.URL, *, patient: bool) -> dict[str, Any]:
    """Arguments for the driver; these are stronger than those of the URL."""
    match url.get_backend_name():
        case "sqlite":
            busy = SQLITE_PATIENT_SECONDS if patient else SQLITE_SECONDS
            return {} if "timeout" in url.query else {"timeout": busy}
        case "postgresql":
            fixed: dict[str, Any] = {"client_encoding": "utf8"}
            if threshold := url.query.get("prepare_threshold"):
                fixed["prepare_threshold"] = (
                    None if is_pooled(url) else int(str(threshold))
                )
        case _:
            fixed = {"charset": "utf8mb4", "use_unicode": True}
    limits = {}
    for name in _waits(url):
        if name == "connect_timeout":
            limits[name] = CONNECT_SECONDS
        elif not patient:
            limits[name] = SILENCE_SECONDS
    unsaid = {name: value for name, value in limits.items() if name not in url.query}
    return unsaid | fixed


def _waits(url: sa.URL) -> tuple[str, ...]:
    return _WAITS.get(url.get_driver_name(), ())


def _listen(engine: sa.Engine, seconds: float) -> None:
    """PyMySQL has `read_timeout`; psycopg waits as long as the network stands."""
    if engine.dialect.driver == "psycopg":
        sa.event.listen(engine, "do_connect", partial(waits.connect_listening, seconds))


def is_pooled(url: sa.URL) -> bool:
    """Does PgBouncer, in transaction mode, give each transaction another connection?

    `prepare_threshold=none` in DATABASE_URL says so: nothing that belongs to a session
    lasts there, neither a prepared statement nor a limit that was set.
    """
    return url.query.get("prepare_threshold") == "none"


def _be_patient(connection: sa.Connection) -> None:
    """For this transaction: the next one on that connection may be a visitor's."""
    connection.exec_driver_sql(_POSTGRESQL_PATIENT.replace("SET ", "SET LOCAL "))


def _leave_server(context: sa.engine.ExceptionContext) -> None:
    """After a failover the old primary may live on, to be read only, and a connection
    to it with it; so may a node that has lost its cluster. The connection is given up,
    and the next one leads to a server that can be written."""
    if isinstance(context.sqlalchemy_exception, sa.exc.DBAPIError):
        why = drivers.sentence(context.sqlalchemy_exception)
        if why in (drivers.READ_ONLY, drivers.NOT_READY):
            context.is_disconnect = True


def _guard_parameters(engine: sa.Engine) -> None:
    """Has values that no database can hold refused before a statement is sent.

    PostgreSQL knows no NUL in a text, no driver can encode half a character, and
    SQLite's numbers end at 64 bits; each of these would be a fault of the server's for
    what was somebody's odd request. Whatever a client sends may become a parameter: a
    piece of a path, a field, a cookie, a number. So it is looked at here, where all
    pass, and is a BadRequest on every database alike (security row 56, finding L6).
    """
    sa.event.listen(engine, "before_cursor_execute", _look_at)


def _look_at(
    _connection: object,
    _cursor: object,
    _statement: object,
    parameters: Any,
    *_more: object,
) -> None:
    for value in _values(parameters):
        if isinstance(value, str):
            if _UNSTORABLE.search(value):
                raise BadRequest("a value holds NUL or half a character")
        elif isinstance(value, int) and not -_LARGEST <= value <= _LARGEST:
            raise BadRequest("a number is larger than any of ours")


def _values(parameters: Any) -> Iterable[Any]:
    """All values of one statement, also where it is sent for many rows."""
    if isinstance(parameters, Mapping):
        return parameters.values()
    if isinstance(parameters, list):
        return (value for row in parameters for value in _values(row))
    return parameters or ()


def _teller(*statements: str) -> Any:
    def tell(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        cursor.close()
        # PostgreSQL takes a setting back with the transaction it was made in.
        connection.commit()

    return tell


def _connect_sqlite(connection: Any, _record: object) -> None:
    # The driver must not open transactions by itself: _begin_sqlite does.
    connection.isolation_level = None
    sqlite_file.tighten(connection)
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=NORMAL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    options = connection.get_execution_options()
    if options.get("wxlogin_hurry"):
        _begin_at_once(connection)
    else:
        writes = options.get("wxlogin_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_at_once(connection: sa.Connection) -> None:
    usual = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
    connection.exec_driver_sql(f"PRAGMA busy_timeout={HURRY_MILLISECONDS}")
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={usual}")
