"""Fresh databases on real servers, for tests and proofs that need one each.

Where the servers are comes from the environment, as URLs with a user who may
create databases:

    WXLOGIN_TEST_POSTGRESQL   postgresql+psycopg://postgres@127.0.0.1:5432/postgres
    WXLOGIN_TEST_MARIADB      mysql+pymysql://root@127.0.0.1:3306/mysql
    WXLOGIN_TEST_REDIS        redis://127.0.0.1:6379/0
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from wxlogin.db import unchecked_tls

POSTGRESQL = os.environ.get(
    "WXLOGIN_TEST_POSTGRESQL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
)
MARIADB = os.environ.get(
    "WXLOGIN_TEST_MARIADB", "mysql+pymysql://root@127.0.0.1:3306/mysql"
)
REDIS = os.environ.get("WXLOGIN_TEST_REDIS", "redis://127.0.0.1:6379/0")


class NoServer(Exception):
    """The server does not answer; the text says what to install or to set."""


@contextmanager
def postgresql_url() -> Iterator[str]:
    """The URL of a new PostgreSQL database, dropped afterwards. Raises NoServer."""
    with _fresh(POSTGRESQL, "", " WITH (FORCE)", _POSTGRESQL_HELP) as url:
        yield url


@contextmanager
def mariadb_url() -> Iterator[str]:
    """The URL of a new MariaDB database, dropped afterwards. Raises NoServer."""
    with _fresh(MARIADB, " CHARACTER SET utf8mb4", "", _MARIADB_HELP) as url:
        yield url


@contextmanager
def redis_server() -> Iterator[str]:
    """The URL of a Redis that answers. It is shared: use keys of your own."""
    import redis

    try:
        with redis.Redis.from_url(REDIS, socket_connect_timeout=2) as client:
            client.ping()
    except redis.RedisError:
        raise NoServer(_REDIS_HELP) from None
    yield REDIS


@contextmanager
def _fresh(server: str, create: str, drop: str, help_text: str) -> Iterator[str]:
    name = f"wxlogin_test_{secrets.token_hex(6)}"
    # CREATE DATABASE does not run inside a transaction.
    engine = sa.create_engine(
        server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
    )
    if engine.dialect.driver == "pymysql":
        sa.event.listen(engine, "do_connect", unchecked_tls.connect)
    try:
        _run(engine, f"CREATE DATABASE {name}{create}")
    except OperationalError:
        raise NoServer(help_text) from None
    try:
        yield engine.url.set(database=name).render_as_string(hide_password=False)
    finally:
        _run(engine, f"DROP DATABASE {name}{drop}")


def _run(engine: sa.Engine, statement: str) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)


_POSTGRESQL_HELP = (
    "PostgreSQL does not answer: install it (apt-get install postgresql) and allow "
    "local connections, or set WXLOGIN_TEST_POSTGRESQL to a URL such as "
    "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
)
_MARIADB_HELP = (
    "MariaDB does not answer: install it (apt-get install mariadb-server), or set "
    "WXLOGIN_TEST_MARIADB to a URL such as mysql+pymysql://root@127.0.0.1:3306/mysql"
)
_REDIS_HELP = (
    "Redis does not answer: install it (apt-get install redis-server), or set "
    "WXLOGIN_TEST_REDIS to a URL such as redis://127.0.0.1:6379/0"
)
