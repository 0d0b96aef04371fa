"""What happens to users, written down for the sites that know them.

`write` listens to what accounts announce, in the transaction of the change itself (see
`accounts.changes`; security row 48). It writes one row for each site that knows the
user, or somebody who was merged into the user.

Events outlive users, so they hold our ids and the site's own, and of WeChat only
the kind of an identity. Whoever records one holds the lock of the user's row: the
ids of a user's events are in the order of the changes.
"""

import secrets
import string
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin import signals
from wxlogin.accounts.changes import Change, Kind
from wxlogin.accounts.models import Event, SiteUser, User
from wxlogin.accounts.owners import family

_ALPHABET = string.ascii_letters + string.digits
# 62 ** 26 is more than 2 ** 154.
_ID_LENGTH = 26

#: What an event calls the second user, as `former_uid`.
OTHER = {Kind.merged: "former", Kind.split: "other"}


def write(session: Session, change: Change) -> None:
    """Writes the event for each site that knows the user, or for the one it concerns.

    Of a merge or a split sites hear as well that know only the second user.
    """
    other_id, only = change.other_id, change.client_id
    known = _known(session, change.user_id, only)
    others = _known(session, other_id, only) if other_id is not None else {}
    if not known and not others:
        return
    uid = session.get_one(User, change.user_id).uid
    other_uid = session.get_one(User, other_id).uid if other_id is not None else None
    for client_id in sorted({*known, *others}):
        about: dict[str, Any] = {"uid": uid, "external_id": known.get(client_id)}
        if other_uid is not None:
            word = OTHER[change.kind]
            about[f"{word}_uid"] = other_uid
            about[f"{word}_external_id"] = others.get(client_id)
        row = Event(
            event_id=_new_id(),
            client_id=client_id,
            type=change.kind.value,
            uid=uid,
            other_uid=other_uid,
            data={**about, **change.data},
            at=change.at,
        )
        session.add(row)
    session.flush()
    signals.send(session, signals.due)


def _known(session: Session, user_id: int, only: str | None) -> dict[str, str | None]:
    """The sites that know the user, each with its own id of the customer."""
    query = (
        sa.select(SiteUser.client_id, SiteUser.external_id)
        .where(SiteUser.user_id.in_(family(user_id)))
        .where(SiteUser.client_id == only if only is not None else sa.true())
        .order_by(sa.desc(SiteUser.user_id == user_id), SiteUser.id)
    )
    known: dict[str, str | None] = {}
    for client_id, external_id in session.execute(query):
        # The user's own id before that of someone merged into the user.
        known[client_id] = known.get(client_id) or external_id
    return known


def _new_id() -> str:
    return "evt_" + "".join(secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH))
