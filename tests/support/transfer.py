"""Files of people, and what a test wants to know after one was brought in."""

import io
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from tests.support.people import KINDS, appid_of
from wxlogin.accounts.models import Identity, SiteUser, UnionId, User
from wxlogin.config import App, AppKind
from wxlogin.db import reading
from wxlogin.transfer import (
    Format,
    Import,
    Outcome,
    Result,
    export_people,
    import_people,
    read_file,
)
from wxlogin.transfer.grammar import Records
from wxlogin.transfer.inserts import Customers

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
APPS = tuple(
    App(
        name=name,
        kind=AppKind(KINDS.get(name, "website")),
        appid=appid_of(name),
        secret="secret",
        open_platform=None if name == "lone" else "main",
    )
    for name in (*KINDS, "lone")
)
SHOP = Customers("shop", "2026-01")


def wx(short: str) -> str:
    """An id as long as WeChat's, for one that is easy to read: `o1xxx…7`."""
    return f"{short.ljust(27, 'x')}7"


def records(*, with_site: bool = True, **how: Any) -> Records:
    return Records(apps=APPS, with_site=with_site, at=NOW, **how)


def bring_in(
    *people: Mapping[str, Any] | str, site: Customers | None = SHOP, **how: Any
) -> list[Result]:
    """Imports these lines; `how` as in `bring_in_file`."""
    lines = [one if isinstance(one, str) else json.dumps(one) for one in people]
    file = io.BytesIO("\n".join(lines).encode())
    return bring_in_file(file, Format.jsonl, site=site, **how)


def bring_in_file(
    file: io.BytesIO,
    shape: Format,
    *,
    site: Customers | None = SHOP,
    trusted: bool = True,
    dry_run: bool = False,
    batch: int = 1000,
) -> list[Result]:
    made = records(with_site=site is not None, trusted=trusted)
    how = Import(site, trusted=trusted, dry_run=dry_run, batch=batch)
    batches = import_people(read_file(file, shape, made), how)
    return [result for results in batches for result in results]


def exported(shape: Format = Format.jsonl, *, site: str | None = None) -> str:
    file = io.StringIO(newline="")
    for _ in export_people(file, shape, APPS, client_id=site):
        pass
    return file.getvalue()


def outcomes(results: Sequence[Result]) -> list[str]:
    return [result.outcome.value for result in results]


def taken(results: Sequence[Result]) -> bool:
    return all(result.outcome is Outcome.new for result in results)


def everybody() -> dict[str, Any]:
    """Every user, by uid, with all that should survive a move."""
    with reading() as session:
        users = {user.id: user for user in session.scalars(sa.select(User))}
        rows = {
            name: list(session.scalars(sa.select(model).order_by(model.id)))
            for name, model in (("i", Identity), ("u", UnionId), ("s", SiteUser))
        }
    return {
        user.uid: {
            "name": user.nickname,
            "avatar": user.avatar,
            "language": user.language,
            "created": user.created_at if user.merged_into_id is None else None,
            "disabled": user.disabled_at,
            "merged into": users[user.merged_into_id].uid
            if user.merged_into_id
            else None,
            "identities": {
                (one.appid, one.kind, one.openid, one.open_platform, one.unionid)
                for one in rows["i"]
                if one.user_id == user.id
            },
            "unionids": {
                (one.open_platform, one.unionid)
                for one in rows["u"]
                if one.user_id == user.id
            },
            "external ids": {
                (one.client_id, one.external_id)
                for one in rows["s"]
                if one.user_id == user.id
            },
        }
        for user in users.values()
    }
