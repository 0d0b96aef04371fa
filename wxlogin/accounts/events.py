"""What happens to users, written down for the sites that know them.

`record` runs in the transaction of the change itself: no event without its change,
and no change that a site never hears of (security row 48). It writes one row for
each site that knows the user, or somebody who was merged into the user. The sign-in
of a returning person about whom nothing is new comes by here not at all.

Events outlive users, so they hold our ids and the site's own, and of WeChat only
the kind of an identity. Whoever records one holds the lock of the user's row: the
ids of a user's events are in the order of the changes.
"""

import secrets
import string
from datetime import datetime
from enum import Enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin import signals
from wxlogin.accounts.models import Event, Identity, SiteUser, User
from wxlogin.accounts.person import Person

_ALPHABET = string.ascii_letters + string.digits
# 62 ** 26 is more than 2 ** 154.
_ID_LENGTH = 26


class Kind(Enum):
    """What happened. docs/events.md tells the sites."""

    created = "user.created"
    updated = "user.updated"
    merged = "user.merged"
    split = "user.split"
    deleted = "user.deleted"
    linked = "user.linked"
    unlinked = "user.unlinked"
    followed = "user.followed"
    unfollowed = "user.unfollowed"
    #: The person took a site's access back, or WeChat's consent.
    revoked = "user.revoked"
    disabled = "user.disabled"
    enabled = "user.enabled"


# What an event calls the second user.
_OTHER = {Kind.merged: "former", Kind.split: "other"}


def record(
    session: Session,
    user_id: int,
    kind: Kind | str,
    *,
    at: datetime,
    only: str | None = None,
    other_id: int | None = None,
    **data: Any,
) -> None:
    """Writes the event for each site that knows the user, or for the site `only`.

    `other_id` is the second user of a merge (before it, while both still are) or of
    a split; sites that know only that one hear of it too. `data` goes into the
    event as it is.
    """
    kind = Kind(kind)
    known = _known(session, user_id, only)
    others = _known(session, other_id, only) if other_id is not None else {}
    if not known and not others:
        return
    uid = session.get_one(User, user_id).uid
    other_uid = session.get_one(User, other_id).uid if other_id is not None else None
    for client_id in sorted({*known, *others}):
        about: dict[str, Any] = {"uid": uid, "external_id": known.get(client_id)}
        if other_uid is not None:
            word = _OTHER[kind]
            about[f"{word}_uid"] = other_uid
            about[f"{word}_external_id"] = others.get(client_id)
        row = Event(
            event_id=_new_id(),
            client_id=client_id,
            type=kind.value,
            uid=uid,
            other_uid=other_uid,
            data={**about, **data},
            at=at,
        )
        session.add(row)
    session.flush()
    signals.send(session, signals.due)


def record_linked(
    session: Session, user_id: int, person: Person, *, at: datetime
) -> None:
    """The user has an identity more."""
    told = described(person)
    record(session, user_id, Kind.linked, at=at, identities=told)


def described(*identities: Identity | Person) -> list[dict[str, str]]:
    """Identities as events hold them: no openid, no unionid.

    The appid is the operator's; sites are given the name of the app.
    """
    pairs = sorted({(one.appid, one.kind) for one in identities})
    return [{"appid": appid, "kind": kind} for appid, kind in pairs]


def _known(session: Session, user_id: int, only: str | None) -> dict[str, str | None]:
    """The sites that know the user, each with its own id of the customer."""
    own = User.id == user_id
    query = (
        sa.select(SiteUser.client_id, SiteUser.external_id)
        .join(User, User.id == SiteUser.user_id)
        .where(sa.or_(own, User.merged_into_id == user_id))
        .where(SiteUser.client_id == only if only is not None else sa.true())
        .order_by(sa.desc(own), SiteUser.id)
    )
    known: dict[str, str | None] = {}
    for client_id, external_id in session.execute(query):
        # The user's own id before that of someone merged into the user.
        known[client_id] = known.get(client_id) or external_id
    return known


def _new_id() -> str:
    return "evt_" + "".join(secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH))
