"""Which openid became which, where an official account moved

Revision: 0010, after 0009
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_TABLE = "moved_identities"


def upgrade() -> None:
    big_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    moment = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    old, new = (sa.ForeignKey("identities.id", ondelete="CASCADE") for _ in range(2))
    op.create_table(
        _TABLE,
        sa.Column("id", big_id, primary_key=True),
        sa.Column("old_id", big_id, old, nullable=False),
        sa.Column("new_id", big_id, new, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.UniqueConstraint(
            "old_id", "new_id", name=op.f("uq_moved_identities_old_id_new_id")
        ),
        # MariaDB commits each statement by itself; a killed run is finished later.
        if_not_exists=True,
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )
    index = op.f("ix_moved_identities_new_id")
    op.create_index(index, _TABLE, ["new_id"], if_not_exists=True)


def downgrade() -> None:
    op.drop_table(_TABLE, if_exists=True)
