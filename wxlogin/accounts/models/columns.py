"""Column types and lengths that several tables share."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from wxlogin.db import TABLE_OPTIONS, id_text

# `wx` and 16 hexadecimal digits today (docs/wechat.md, "Words").
AppId = id_text(32)
# 28 or 29 characters today (docs/wechat.md, "Words"); WeChat promises no length.
OpenId = UnionIdText = id_text(128)
PlatformName = id_text(64)
Kind = sa.String(20)
# The longest text form of an IPv6 address is 45; a zone may follow.
ADDRESS_LENGTH = 64
BROWSER_LENGTH = 255

# 32 bytes that an index can hold on every database.
Digest = sa.LargeBinary(32).with_variant(mysql.BINARY(32), "mysql", "mariadb")

# Of any length: MariaDB's TEXT ends at 64 kB.
LongText = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")

# SQLite would give the id of a deleted row to the next one.
OPTIONS: dict[str, Any] = {**TABLE_OPTIONS, "sqlite_autoincrement": True}


def owned_by(table: str, *, delete: str = "CASCADE") -> sa.ForeignKey:
    """A reference whose row goes when `table`'s row goes."""
    return sa.ForeignKey(f"{table}.id", ondelete=delete)
