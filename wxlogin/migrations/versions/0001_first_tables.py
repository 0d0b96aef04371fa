"""First tables

Revision: 0001, after nothing

A step must be repeatable (`if_not_exists`, `if_exists`): MariaDB commits each
statement by itself, so a run that was killed has done some of them. The types
stand here as they were on that day; the application's own may change.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Children after parents.
TABLES = (
    "users",
    "identities",
    "union_ids",
    "sessions",
    "grants",
    "login_events",
    "merges",
    "kept_apart",
    "conflicts",
    "ticket",
)


def upgrade() -> None:
    _who_is_who()
    _access()
    _records()
    _tickets()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table, if_exists=True)


def _who_is_who() -> None:
    _table(
        "users",
        _id_text("uid", 22),
        _text("nickname", 128),
        _text("avatar", 512, nullable=True),
        _text("language", 16, nullable=True),
        _moment("created_at"),
        _moment("last_seen_at"),
        _moment("profile_at", nullable=True),
        _moment("disabled_at", nullable=True),
        _reference("merged_into_id", "users", nullable=True),
        sa.UniqueConstraint("uid"),
        indexes=[["merged_into_id"]],
    )
    _table(
        "identities",
        _reference("user_id", "users"),
        _id_text("appid", 32),
        _text("kind", 20),
        _id_text("openid", 128),
        _id_text("open_platform", 64, nullable=True),
        _id_text("unionid", 128, nullable=True),
        _moment("first_seen_at"),
        _moment("last_seen_at"),
        sa.UniqueConstraint("appid", "openid"),
        sa.UniqueConstraint("appid", "open_platform", "unionid"),
        indexes=[["user_id"]],
    )
    _table(
        "union_ids",
        _reference("user_id", "users"),
        _id_text("open_platform", 64),
        _id_text("unionid", 128),
        _moment("created_at"),
        sa.UniqueConstraint("open_platform", "unionid"),
        indexes=[["user_id"]],
    )


def _access() -> None:
    digest = sa.LargeBinary(32).with_variant(mysql.BINARY(32), "mysql", "mariadb")
    _table(
        "sessions",
        sa.Column("secret_hash", digest, nullable=False),
        _reference("user_id", "users"),
        _reference("identity_id", "identities"),
        _text("kind", 20),
        _id_text("appid", 32),
        _moment("created_at"),
        _moment("seen_at"),
        _moment("ends_at"),
        _text("address", 64),
        _text("browser", 255),
        sa.UniqueConstraint("secret_hash"),
        indexes=[["user_id"], ["identity_id"], ["ends_at"]],
    )
    _table(
        "grants",
        _reference("identity_id", "identities"),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("access_token", sa.LargeBinary, nullable=False),
        sa.Column("refresh_token", sa.LargeBinary, nullable=False),
        _text("scope", 255),
        _moment("expires_at"),
        _moment("authorized_at"),
        _moment("lease_until", nullable=True),
        _moment("dead_at", nullable=True),
        sa.UniqueConstraint("identity_id"),
    )
    _table(
        "login_events",
        _reference("user_id", "users"),
        _reference("identity_id", "identities", ondelete="SET NULL", nullable=True),
        _moment("at"),
        _id_text("appid", 32),
        _text("door", 32),
        _text("outcome", 16),
        _text("address", 64),
        _text("browser", 255),
        _text("request_id", 64),
        indexes=[["user_id", "at"], ["identity_id"], ["at"]],
    )


def _records() -> None:
    _table(
        "merges",
        _reference("survivor_id", "users"),
        _reference("loser_id", "users"),
        _moment("at"),
        _text("cause", 16),
        sa.Column("moved", sa.JSON, nullable=False),
        _moment("undone_at", nullable=True),
        indexes=[["survivor_id"], ["loser_id"]],
    )
    _table(
        "kept_apart",
        _reference("first_id", "users"),
        _reference("second_id", "users"),
        _moment("at"),
        sa.UniqueConstraint("first_id", "second_id"),
        sa.CheckConstraint("first_id < second_id", name="order"),
        indexes=[["second_id"]],
    )
    _table(
        "conflicts",
        _text("reason", 20),
        _id_text("appid", 32),
        _id_text("openid", 128),
        _id_text("open_platform", 64),
        _id_text("unionid", 128),
        _reference("user_id", "users", nullable=True),
        _reference("owner_id", "users", nullable=True),
        sa.Column("count", sa.Integer, nullable=False),
        _moment("first_seen_at"),
        _moment("last_seen_at"),
        _moment("closed_at", nullable=True),
        sa.UniqueConstraint("appid", "openid", "open_platform", "unionid"),
        indexes=[["user_id"], ["owner_id"]],
    )


def _tickets() -> None:
    _table(
        "ticket",
        _text("kind", 16),
        _id_text("key", 64),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
        _moment("expires_at"),
        sa.UniqueConstraint("kind", "key"),
        indexes=[["expires_at"]],
        # A ticket's id stands nowhere else and may be used again.
        sqlite_autoincrement=False,
    )


def _table(
    name: str,
    *parts: sa.Column[Any] | sa.Constraint,
    indexes: list[list[str]] | None = None,
    sqlite_autoincrement: bool = True,
) -> None:
    op.create_table(
        name,
        sa.Column("id", _big_id(), primary_key=True),
        *parts,
        if_not_exists=True,
        mysql_charset="utf8mb4",
        mysql_engine="InnoDB",
        sqlite_autoincrement=sqlite_autoincrement,
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
