"""Pictures of users

Revision: 0002, after 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    big_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    digest = sa.LargeBinary(32).with_variant(mysql.BINARY(32), "mysql", "mariadb")
    exact = mysql.VARCHAR(22, charset="utf8mb4", collation="utf8mb4_nopad_bin")
    version = sa.String(22).with_variant(exact, "mysql", "mariadb")
    moment = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    owner = sa.ForeignKey("users.id", ondelete="CASCADE")
    op.create_table(
        "avatars",
        sa.Column("id", big_id, primary_key=True),
        sa.Column("user_id", big_id, owner, nullable=False),
        sa.Column("source", digest, nullable=False),
        sa.Column("version", version, nullable=False),
        sa.Column("picture", sa.LargeBinary, nullable=True),
        sa.Column("fetched_at", moment, nullable=False),
        sa.UniqueConstraint("user_id"),
        # MariaDB commits each statement by itself; a killed run is finished later.
        if_not_exists=True,
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("avatars", if_exists=True)
