"""The list of an account's followers, and how far it is read

Revision: 0011, after 0010
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_OPTIONS: dict[str, Any] = {
    # MariaDB commits each statement by itself; a killed run is finished later.
    "if_not_exists": True,
    "mysql_charset": "utf8mb4",
    "mysql_engine": "InnoDB",
    "sqlite_autoincrement": True,
}


def upgrade() -> None:
    big_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    moment = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    op.create_table(
        "follower_lists",
        sa.Column("id", big_id, primary_key=True),
        sa.Column("appid", _text(32), nullable=False),
        sa.Column("began_at", moment, nullable=False),
        sa.Column("next_openid", _text(128), nullable=False),
        sa.Column("ended_at", moment),
        sa.Column("holder", sa.String(32), nullable=False),
        sa.Column("lease_until", moment),
        sa.UniqueConstraint("appid", name=op.f("uq_follower_lists_appid")),
        **_OPTIONS,
    )
    if not _is_there():
        op.add_column("followers", sa.Column("listed_at", moment))


def downgrade() -> None:
    if _is_there():
        op.drop_column("followers", "listed_at")
    op.drop_table("follower_lists", if_exists=True)


def _is_there() -> bool:
    columns = sa.inspect(op.get_bind()).get_columns("followers")
    return any(column["name"] == "listed_at" for column in columns)


def _text(length: int) -> sa.types.TypeEngine[str]:
    exact = mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_nopad_bin")
    return sa.String(length).with_variant(exact, "mysql", "mariadb")
