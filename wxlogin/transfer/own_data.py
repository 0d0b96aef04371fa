"""A copy of everything that is kept about one person, to take along.

For the person (PIPL article 45, GDPR articles 15 and 20) and for the operator who is
asked. What it is made of stands in `own_tables.PARTS`. In the copy there is no
secret: no token, no key and no hash of one; and nothing that names somebody else, as
the lines about two accounts that are *not* one do.

What stands under `person` the line of an export, which an import takes.
"""

import json
from base64 import b64encode
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin.accounts import phones
from wxlogin.accounts.models import Avatar, SiteUser
from wxlogin.config import App
from wxlogin.db import now, reading
from wxlogin.security.recoding import JPEG
from wxlogin.service import running
from wxlogin.sites.events import OTHER
from wxlogin.transfer.export import line_of, see_one_moment
from wxlogin.transfer.own_tables import FAMILY, PARTS, Part

#: Of the form of the copy; another one where a reader would have to be changed.
VERSION = 1

Rows = list[dict[str, Any]]


def own_data(user_id: int) -> dict[str, Any]:
    """Everything about this user, as it is at one moment, for `as_json`.

    Raises AccountGone for a user that was deleted or merged away, and Unready.
    """
    settings = running().settings
    with reading() as session:
        see_one_moment(session)
        parts = {part.name: _rows(session, part, user_id) for part in PARTS}
        told, own = parts["told_to_sites"], {one["uid"] for one in parts["accounts"]}
        others = _numbers_of_others(session, told, user_id)
        for event in told:
            event["data"] = _without_others(event, own, others)
        return {
            "wxlogin_own_data": VERSION,
            "service": settings.public_url,
            "made_at": _written(now()),
            "person": line_of(session, user_id, settings.apps),
            "apps": _apps(settings.apps),
            "phones": _phones(session, user_id),
            "pictures": _pictures(session, user_id),
            **parts,
        }


def as_json(data: dict[str, Any]) -> str:
    """The copy as text for people and programs, in UTF-8."""
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def _rows(session: Session, part: Part, user_id: int) -> Rows:
    found = session.execute(part.query(), {"user_id": user_id})
    return [
        {name: _written(value) for name, value in row._mapping.items()} for row in found
    ]


def _numbers_of_others(session: Session, told: Rows, user_id: int) -> set[Any]:
    """Sites' own numbers in these events that are somebody else's today, each with its
    client id."""
    said = {event["data"].get("external_id") for event in told} - {None}
    query = sa.select(SiteUser.client_id, SiteUser.external_id).where(
        SiteUser.external_id.in_(said), SiteUser.user_id.not_in(FAMILY)
    )
    return {tuple(row) for row in session.execute(query, {"user_id": user_id})}


def _without_others(
    event: Mapping[str, Any], own: Collection[str], numbers: Collection[Any]
) -> dict[str, Any]:
    """What a site was told, without who is somebody else today: the second user of a
    merge that was taken back, and the number of one while the two were one."""
    data = event["data"]
    hidden = [
        f"{word}_" for word in OTHER.values() if data.get(f"{word}_uid", "") not in own
    ]
    if (event["client_id"], data.get("external_id")) in numbers:
        hidden.append("external_id")
    return {
        name: value
        for name, value in data.items()
        if not name.startswith(tuple(hidden))
    }


def _written(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _apps(apps: Sequence[App]) -> dict[str, str]:
    """What the appids in the copy are called."""
    return {app.appid: app.title or app.name for app in apps}


def _phones(session: Session, user_id: int) -> list[dict[str, Any]]:
    kept = phones.of_users(session, [user_id], running().sealer)[user_id]
    return [
        {
            "appid": one.appid,
            "number": f"+{one.phone.country_code} {one.phone.number}",
            "at": _written(one.at),
        }
        for one in kept
    ]


def _pictures(session: Session, user_id: int) -> list[dict[str, Any]]:
    """The account's, and those of accounts that became one with it."""
    query = sa.select(Avatar).where(Avatar.user_id.in_(FAMILY)).order_by(Avatar.id)
    return [
        {
            "type": JPEG,
            "fetched_at": _written(row.fetched_at),
            "base64": b64encode(row.picture).decode(),
        }
        for row in session.scalars(query, {"user_id": user_id})
        if row.picture
    ]
