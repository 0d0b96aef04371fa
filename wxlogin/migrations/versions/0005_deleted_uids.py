"""Uids of users who were deleted, which nobody inherits

Revision: 0005, after 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    big_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    digest = sa.LargeBinary(32).with_variant(mysql.BINARY(32), "mysql", "mariadb")
    op.create_table(
        "deleted_uids",
        sa.Column("id", big_id, primary_key=True),
        sa.Column("digest", digest, nullable=False),
        sa.UniqueConstraint("digest"),
        # MariaDB commits each statement by itself; a killed run is finished later.
        if_not_exists=True,
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("deleted_uids", if_exists=True)
