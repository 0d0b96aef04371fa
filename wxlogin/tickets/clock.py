"""The database's own clock, in UTC and with fractions of a second.

`moment(seconds)` is "now, and that much later" as an expression of each
database, so that tickets end at the same moment for workers whose clocks differ.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from wxlogin.db import UtcDateTime


class moment(FunctionElement[Any]):
    """The database's time plus `seconds`, comparable with a UtcDateTime column."""

    type = UtcDateTime()
    inherit_cache = True

    def __init__(self, seconds: float | str) -> None:
        """`seconds` may be the name of a parameter that says how many."""
        if isinstance(seconds, str):
            super().__init__(sa.bindparam(seconds, type_=sa.Double()))
        else:
            super().__init__(sa.literal(float(seconds), sa.Double()))


@compiles(moment, "postgresql")
def _postgresql(element: moment, compiler: SQLCompiler, **kw: Any) -> str:
    seconds = compiler.process(element.clauses, **kw)
    # now() is when the transaction began, which may be before a lock was waited for.
    return (
        "(timezone('utc', statement_timestamp()) "
        f"+ make_interval(secs => CAST({seconds} AS double precision)))"
    )


@compiles(moment, "mysql")
@compiles(moment, "mariadb")
def _mariadb(element: moment, compiler: SQLCompiler, **kw: Any) -> str:
    seconds = compiler.process(element.clauses, **kw)
    micros = f"CAST(ROUND({seconds} * 1000000) AS SIGNED)"
    return f"TIMESTAMPADD(MICROSECOND, {micros}, UTC_TIMESTAMP(6))"


@compiles(moment, "sqlite")
def _sqlite(element: moment, compiler: SQLCompiler, **kw: Any) -> str:
    seconds = compiler.process(element.clauses, **kw)
    # SQLAlchemy keeps moments as text with six digits behind the second.
    shift = f"printf('%+.3f seconds', {seconds})"
    return f"strftime('%Y-%m-%d %H:%M:%f000', 'now', {shift})"
