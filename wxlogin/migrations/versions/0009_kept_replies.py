"""What official accounts answer by themselves

Revision: 0009, after 0008
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    big_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    moment = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    appid = mysql.VARCHAR(32, charset="utf8mb4", collation="utf8mb4_nopad_bin")
    long_text = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")
    op.create_table(
        "kept_replies",
        sa.Column("id", big_id, primary_key=True),
        sa.Column(
            "appid",
            sa.String(32).with_variant(appid, "mysql", "mariadb"),
            nullable=False,
        ),
        sa.Column("kept_at", moment, nullable=False),
        sa.Column("replies", long_text, nullable=False),
        sa.UniqueConstraint("appid", name=op.f("uq_kept_replies_appid")),
        # MariaDB commits each statement by itself; a killed run is finished later.
        if_not_exists=True,
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("kept_replies", if_exists=True)
