"""Session keys of mini programs, sealed

Revision: 0006, after 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    big_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    moment = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    owner = sa.ForeignKey("identities.id", ondelete="CASCADE")
    op.create_table(
        "session_keys",
        sa.Column("id", big_id, primary_key=True),
        sa.Column("identity_id", big_id, owner, nullable=False),
        sa.Column("session_key", sa.LargeBinary, nullable=False),
        sa.Column("at", moment, nullable=False),
        # MariaDB commits each statement by itself; a killed run is finished later.
        if_not_exists=True,
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )
    for column in ("identity_id", "at"):
        name = op.f(f"ix_session_keys_{column}")
        op.create_index(name, "session_keys", [column], if_not_exists=True)


def downgrade() -> None:
    op.drop_table("session_keys", if_exists=True)
