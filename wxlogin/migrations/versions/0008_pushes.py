"""What WeChat pushes, and who follows an account

Revision: 0008, after 0007
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_OPTIONS: dict[str, Any] = {
    # MariaDB commits each statement by itself; a killed run is finished later.
    "if_not_exists": True,
    "mysql_charset": "utf8mb4",
    "mysql_engine": "InnoDB",
    "sqlite_autoincrement": True,
}
_INDEXES = {
    "pushes": [["at"], ["lease_until"]],
    "followers": [["open_platform", "unionid"], ["changed_at"], ["ask_at"]],
}


def upgrade() -> None:
    big_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    moment = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    digest = sa.LargeBinary(32).with_variant(mysql.BINARY(32), "mysql", "mariadb")
    op.create_table(
        "pushes",
        sa.Column("id", big_id, primary_key=True),
        sa.Column("appid", _text(32), nullable=False),
        sa.Column("digest", digest, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("message", sa.LargeBinary),
        sa.Column("lease_until", moment),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.UniqueConstraint("appid", "digest", name=op.f("uq_pushes_appid_digest")),
        **_OPTIONS,
    )
    op.create_table(
        "followers",
        sa.Column("id", big_id, primary_key=True),
        sa.Column("appid", _text(32), nullable=False),
        sa.Column("openid", _text(128), nullable=False),
        sa.Column("open_platform", _text(64)),
        sa.Column("unionid", _text(128)),
        sa.Column("followed", sa.Boolean, nullable=False),
        sa.Column("changed_at", moment, nullable=False),
        sa.Column("followed_at", moment),
        sa.Column("unfollowed_at", moment),
        sa.Column("scene", _text(64), nullable=False),
        sa.Column("ask_at", moment),
        sa.UniqueConstraint("appid", "openid", name=op.f("uq_followers_appid_openid")),
        **_OPTIONS,
    )
    for table, indexes in _INDEXES.items():
        for columns in indexes:
            name = op.f(f"ix_{table}_{'_'.join(columns)}")
            op.create_index(name, table, columns, if_not_exists=True)


def downgrade() -> None:
    op.drop_table("followers", if_exists=True)
    op.drop_table("pushes", if_exists=True)


def _text(length: int) -> sa.types.TypeEngine[str]:
    exact = mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_nopad_bin")
    return sa.String(length).with_variant(exact, "mysql", "mariadb")
