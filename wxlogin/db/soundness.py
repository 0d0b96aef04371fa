"""Is this database one that the service can run on? Asked at every start.

Its schema is this version's, it can be written, and it holds every name: WeChat's
people have 😀 in theirs, and a database or connection in another character set than
UTF-8 refuses the sign-in of exactly those (finding I4). Ids are compared byte for byte,
or two people are one. The doctor, `wxlogin db upgrade` and whatever serves ask here.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError

from wxlogin.config.paths import package_dir
from wxlogin.config.store_urls import several
from wxlogin.db import Base, drivers, sqlite_file
from wxlogin.db.engine import LIMITS, brief_engine, is_pooled
from wxlogin.errors import ConfigurationError
from wxlogin.observability import get_logger

UPGRADE = "Run `wxlogin db upgrade`."
# A character of four bytes in UTF-8, and one that MariaDB's utf8mb3 has as well.
_NAME = "明😀"
_EXACT = "utf8mb4_nopad_bin"
_NEWER = "Install that version here too."
_RIGHTS = "check the user's rights, the disk, and whether it is a replica"
#: It finds no row; but it wants the table, the right to write, and a lock.
WRITE = sa.text("UPDATE users SET nickname = '' WHERE id = -1")


@dataclass(frozen=True)
class Flaw:
    """What is not as it should be, and what to do.

    `about` is the look that found it. A service does not start with one that `stops`;
    one that is not `grave` harms nobody today.
    """

    about: str
    text: str
    todo: str
    stops: bool = True
    grave: bool = True

    def sentence(self) -> str:
        return f"{self.text} {self.todo}".rstrip()


def require(url: sa.URL) -> None:
    """Returns where a service may start on the database at `url`.

    Raises ConfigurationError with a sentence for each flaw that stops it. A server that
    does not answer may come up later: that is a line in the log. Changes no row.
    """
    engine = brief_engine(url)
    try:
        found = [flaw.sentence() for flaw in flaws(engine) if flaw.stops]
    except DBAPIError as error:
        why = drivers.sentence(error) or "the database refuses what it is asked"
        if url.get_backend_name() == "sqlite":
            raise ConfigurationError(why) from None
        get_logger().warning("no database yet", why=why, fault=drivers.code(error))
        return
    finally:
        engine.dispose()
    if found:
        raise ConfigurationError("\n".join(found))


def require_room_for_names(url: sa.URL) -> None:
    """Raises ConfigurationError where tables are not to be made or changed: they would
    hold no names, or they are of a newer version of wxlogin."""
    engine = brief_engine(url)
    try:
        found = [flaw for flaw in _characters(engine) if flaw.stops]
        found += [flaw for flaw in _schema(engine) if flaw.todo is _NEWER]
    finally:
        engine.dispose()
    if found:
        raise ConfigurationError("\n".join(flaw.sentence() for flaw in found))


def flaws(engine: sa.Engine) -> Iterator[Flaw]:
    """All that is not as it should be. What comes first may keep the rest from being
    looked at. Raises DBAPIError where the database does not answer at all."""
    for look in (_file, _characters, _limits, _schema, _columns, _writing):
        stops = False
        for flaw in look(engine):
            stops = stops or flaw.stops
            yield flaw
        if stops:
            return


def place(url: sa.URL) -> str:
    """The database of a URL, for people; without user and password."""
    if url.get_backend_name() == "sqlite":
        return f"SQLite file {url.database}"
    many = url.host or ", ".join(several(url.query.get("host")))
    return f"{url.get_backend_name()} database {url.database} on {many}"


def _file(engine: sa.Engine) -> Iterator[Flaw]:
    if engine.dialect.name != "sqlite":
        return
    path = sqlite_file.path_of(engine.url)
    if path is None:
        text = "DATABASE_URL names a database in memory: each worker has its own."
        yield Flaw("file", text, "Leave it out, or name a file.")
    elif not path.exists():
        yield Flaw("file", f"There is no {path} yet.", UPGRADE)
    else:
        # Opening it closes those that are ours.
        engine.connect().close()
        for one in sqlite_file.open_to_all(path):
            text = f"Every user of this machine may read {one}."
            yield Flaw("file", text, "Run chmod 600 on it as its owner.")


def _characters(engine: sa.Engine) -> Iterator[Flaw]:
    """Character sets of the database and of our connections to it."""
    match engine.dialect.name:
        case "postgresql":
            yield from _postgresql(engine)
        case "mysql" | "mariadb":
            yield from _mariadb(engine)


def _postgresql(engine: sa.Engine) -> Iterator[Flaw]:
    with engine.connect() as connection:
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        yield Flaw(
            "characters",
            f"The {place(engine.url)} is encoded in {encoding}, which does not hold "
            "every name.",
            "Make another one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE "
            "template0, take over what is there with pg_dump and psql, and name it in "
            "DATABASE_URL.",
        )
        return
    yield from _echo(engine)


def _mariadb(engine: sa.Engine) -> Iterator[Flaw]:
    ours = sa.text(
        "SELECT 1 FROM information_schema.COLLATIONS WHERE COLLATION_NAME=:name"
    )
    with engine.connect() as connection:
        known = connection.execute(ours, {"name": _EXACT}).first()
        default, mode = connection.exec_driver_sql(
            "SELECT @@character_set_database, @@sql_mode"
        ).one()
    if known is None:
        text = f"The server of {place(engine.url)} has no {_EXACT}, for exact ids."
        yield Flaw("characters", text, "Use MariaDB, 10.2 or later.")
        return
    if "STRICT_ALL_TABLES" not in str(mode):
        text = "Something between us and MariaDB takes back the strict mode we ask for."
        yield Flaw("characters", text, "Set sql_mode=STRICT_ALL_TABLES in the server.")
    yield from _echo(engine)
    if default != "utf8mb4":
        yield Flaw(
            "characters",
            f"The {place(engine.url)} makes its tables in {default} where nothing else "
            "is said; ours say utf8mb4.",
            f"Run ALTER DATABASE `{engine.url.database}` CHARACTER SET utf8mb4 COLLATE "
            "utf8mb4_general_ci.",
            stops=False,
            grave=False,
        )


def _echo(engine: sa.Engine) -> Iterator[Flaw]:
    """Does a name come back as it went? Whatever the driver, URL and server make of
    it on the way."""
    ask = sa.select(sa.literal(_NAME, sa.String(8)).label("name"))
    with engine.connect() as connection:
        heard = connection.execute(ask).scalar_one()
    if heard != _NAME:
        text = f"A name does not come back as it went to {place(engine.url)}."
        todo = "Take character sets and encodings out of DATABASE_URL."
        yield Flaw("characters", text, todo)


def _limits(engine: sa.Engine) -> Iterator[Flaw]:
    """Behind PgBouncer the role has them: what a session sets, others would get."""
    if engine.dialect.name != "postgresql" or not is_pooled(engine.url):
        return
    ask = sa.text(
        "SELECT name FROM pg_settings WHERE reset_val = '0' AND name IN :names "
        "ORDER BY name"
    ).bindparams(sa.bindparam("names", list(LIMITS), expanding=True))
    with engine.connect() as connection:
        unset = list(connection.execute(ask).scalars())
        role = connection.exec_driver_sql("SELECT current_user").scalar_one()
    for name in unset:
        yield Flaw(
            "limits",
            f"Behind PgBouncer nothing limits {name}, so a database that hangs holds "
            "visitors.",
            f"Run ALTER ROLE {role} SET {name} = '{LIMITS[name]}s'.",
            stops=False,
        )


def versions(engine: sa.Engine) -> tuple[set[str], set[str]]:
    """The versions of the schema: what is there, and the newest that we know."""
    with engine.connect() as connection:
        there = set(MigrationContext.configure(connection).get_current_heads())
    return there, set(_migrations().get_heads())


def _migrations() -> ScriptDirectory:
    return ScriptDirectory(str(package_dir() / "migrations"))


def _schema(engine: sa.Engine) -> Iterator[Flaw]:
    there, newest = versions(engine)
    where = place(engine.url)
    if there == newest:
        return
    if not there:
        yield Flaw("tables", f"The {where} has no tables of ours.", UPGRADE)
    elif there <= {one.revision for one in _migrations().walk_revisions()}:
        yield Flaw("schema", f"The schema in {where} is an older one.", UPGRADE)
    else:
        text = f"The schema in {where} is of another version of wxlogin, a newer one."
        yield Flaw("schema", text, _NEWER)


def _columns(engine: sa.Engine) -> Iterator[Flaw]:
    """MariaDB: character set and collation of each column of ours, which a dump, an
    ALTER TABLE … CONVERT or another program may have changed."""
    if engine.dialect.name not in ("mysql", "mariadb"):
        return
    ask = sa.text(
        "SELECT TABLE_NAME, COLUMN_NAME, CHARACTER_SET_NAME, COLLATION_NAME "
        "FROM information_schema.COLUMNS "
        "WHERE TABLE_SCHEMA = DATABASE() AND CHARACTER_SET_NAME IS NOT NULL"
    )
    with engine.connect() as connection:
        rows = connection.execute(ask).all()
    for table, name, characters, collation in rows:
        columns = getattr(Base.metadata.tables.get(table), "columns", {})
        if (column := columns.get(name)) is None:
            continue
        exact = getattr(column.type.dialect_impl(engine.dialect), "collation", None)
        if characters == "utf8mb4" and exact in (None, collation):
            continue
        what = "does not hold every name" if exact is None else "mixes up ids"
        yield Flaw(
            "columns",
            f"{table}.{name} is in {characters}, {collation}, which {what}.",
            f"Run ALTER TABLE {table} MODIFY {_definition(column, engine.dialect)};",
        )


def _definition(column: sa.Column[object], dialect: Dialect) -> str:
    kind = column.type.dialect_impl(dialect).compile(dialect=dialect)
    if "CHARACTER SET" not in kind:
        kind += " CHARACTER SET utf8mb4"
    return f"{column.name} {kind}" + ("" if column.nullable else " NOT NULL")


def _writing(engine: sa.Engine) -> Iterator[Flaw]:
    """Asks for the right to write, for real."""
    try:
        with engine.connect().execution_options(wxlogin_writes=True) as connection:
            connection.execute(WRITE)
            connection.rollback()
    except DBAPIError as error:
        sqlite = engine.dialect.name == "sqlite"
        readable = f"{place(engine.url)} cannot be written ({drivers.code(error)})."
        todo = drivers.sentence(error) or _RIGHTS
        todo = f"{todo[0].upper()}{todo[1:]}."
        # A lock goes away and a replica becomes the primary; a file stays as it is.
        stops = sqlite and not drivers.lost_race(error)
        yield Flaw("writing", readable, todo, stops=stops)
