"""Sites: who is known where, what they agreed to, tokens, events, keys

Revision: 0003, after 0002
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Children after parents.
TABLES = (
    "site_users",
    "consents",
    "authorizations",
    "access_tokens",
    "events",
    "event_count",
    "logout_notices",
    "signing_keys",
)


def upgrade() -> None:
    _known()
    _tokens()
    _told()
    _keys()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table, if_exists=True)


def _known() -> None:
    _table(
        "site_users",
        _id_text("client_id", 64),
        _reference("user_id", "users"),
        _id_text("external_id", 128, nullable=True),
        _text("terms_version", 64, nullable=True),
        _moment("created_at"),
        sa.UniqueConstraint("client_id", "user_id"),
        sa.UniqueConstraint("client_id", "external_id"),
        indexes=[["user_id"]],
    )
    _table(
        "consents",
        _reference("user_id", "users"),
        _id_text("client_id", 64),
        _text("version", 64),
        _moment("at"),
        _text("door", 32),
        sa.UniqueConstraint("user_id", "client_id", "version"),
    )


def _tokens() -> None:
    _table(
        "authorizations",
        _id_text("client_id", 64),
        _reference("user_id", "users"),
        _reference("session_id", "sessions"),
        _id_text("sid", 22),
        _text("scope", 255),
        _moment("auth_time"),
        _moment("created_at"),
        _moment("ends_at"),
        _digest("family_hash", nullable=True),
        _digest("refresh_hash", nullable=True),
        _moment("rotated_at", nullable=True),
        sa.UniqueConstraint("family_hash"),
        indexes=[["user_id"], ["session_id"], ["ends_at"]],
    )
    _table(
        "access_tokens",
        _digest("token_hash"),
        _reference("authorization_id", "authorizations"),
        _text("scope", 255),
        _moment("issued_at"),
        _moment("expires_at"),
        sa.UniqueConstraint("token_hash"),
        indexes=[["authorization_id"], ["expires_at"]],
    )


def _told() -> None:
    _table(
        "events",
        _id_text("event_id", 32),
        _id_text("client_id", 64),
        _text("type", 32),
        _id_text("uid", 22),
        _id_text("other_uid", 22, nullable=True),
        sa.Column("data", sa.JSON, nullable=False),
        _moment("at"),
        sa.Column("position", sa.BigInteger, nullable=True),
        _moment("settled_at", nullable=True),
        sa.Column("tries", sa.Integer, nullable=False),
        _moment("next_try_at", nullable=True),
        _moment("lease_until", nullable=True),
        sa.UniqueConstraint("event_id"),
        sa.UniqueConstraint("position"),
        indexes=[
            ["client_id", "position"],
            ["client_id", "settled_at", "id"],
            ["at"],
        ],
    )
    _table("event_count", sa.Column("last", sa.BigInteger, nullable=False))
    _table(
        "logout_notices",
        _id_text("client_id", 64),
        _id_text("uid", 22),
        _id_text("sid", 22),
        _moment("at"),
        sa.Column("tries", sa.Integer, nullable=False),
        _moment("next_try_at", nullable=True),
        _moment("lease_until", nullable=True),
        indexes=[["next_try_at"]],
    )


def _keys() -> None:
    _table(
        "signing_keys",
        _text("alg", 8),
        sa.Column("number", sa.Integer, nullable=False),
        _id_text("kid", 43),
        sa.Column("private_key", sa.LargeBinary, nullable=False),
        sa.Column("public_key", sa.Text, nullable=False),
        _moment("created_at"),
        _moment("signs_from"),
        _moment("published_until", nullable=True),
        _moment("withdrawn_at", nullable=True),
        sa.UniqueConstraint("alg", "number"),
        sa.UniqueConstraint("kid"),
    )


def _table(
    name: str,
    *parts: sa.Column[Any] | sa.Constraint,
    indexes: list[list[str]] | None = None,
) -> None:
    op.create_table(
        name,
        sa.Column("id", _big_id(), primary_key=True),
        *parts,
        if_not_exists=True,
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
        sqlite_autoincrement=True,
    )
    for columns in indexes or []:
        index = op.f(f"ix_{name}_{'_'.join(columns)}")
        op.create_index(index, name, columns, if_not_exists=True)


def _big_id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _reference(
    name: str, table: str, *, ondelete: str = "CASCADE", nullable: bool = False
) -> sa.Column[Any]:
    target = sa.ForeignKey(f"{table}.id", ondelete=ondelete)
    return sa.Column(name, _big_id(), target, nullable=nullable)


def _text(name: str, length: int, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(length), nullable=nullable)


def _id_text(name: str, length: int, *, nullable: bool = False) -> sa.Column[Any]:
    exact = mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_nopad_bin")
    kind = sa.String(length).with_variant(exact, "mysql", "mariadb")
    return sa.Column(name, kind, nullable=nullable)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    kind = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    return sa.Column(name, kind, nullable=nullable)


def _digest(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    kind = sa.LargeBinary(32).with_variant(mysql.BINARY(32), "mysql", "mariadb")
    return sa.Column(name, kind, nullable=nullable)
