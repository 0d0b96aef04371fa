"""Phone numbers that people gave to mini programs, sealed

Revision: 0007, after 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    big_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    moment = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    owner = sa.ForeignKey("identities.id", ondelete="CASCADE")
    op.create_table(
        "phone_numbers",
        sa.Column("id", big_id, primary_key=True),
        sa.Column("identity_id", big_id, owner, nullable=False),
        sa.Column("number", sa.LargeBinary, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.UniqueConstraint("identity_id", name=op.f("uq_phone_numbers_identity_id")),
        # MariaDB commits each statement by itself; a killed run is finished later.
        if_not_exists=True,
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("phone_numbers", if_exists=True)
