"""What happens to users, said once, inside the transaction in which it happens.

Accounts do not know who wants to hear of it. `factory` names the listeners when the
application is built; they run at once, in the same transaction, so that there is no
change without its event and no event without its change (security row 48). Where
nobody listens an announcement is an error of ours and raises.

Whoever announces holds the lock of the user's row: what is written about a user is in
the order of the changes. The sign-in of a returning person about whom nothing is new
announces nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Protocol

from flask import Flask, current_app
from sqlalchemy.orm import Session

from wxlogin import metrics
from wxlogin.accounts.models import Identity
from wxlogin.accounts.person import Person
from wxlogin.db import after_commit

_EXTENSION = "wxlogin.changes"


class Kind(Enum):
    """What happened, by the name that sites are told (docs/events.md)."""

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


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened to one user.

    `other_id` is the second user of a merge (told before it, while both still are) or
    of a split; `client_id` the one site that it concerns, where it is not all. `data`
    holds what else is told of this kind: no openid, no unionid.
    """

    kind: Kind
    user_id: int
    at: datetime
    other_id: int | None = None
    client_id: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


class Listener(Protocol):
    """Hears of a change inside the transaction of the change."""

    def __call__(self, session: Session, change: Change) -> None: ...


def listen(app: Flask, *listeners: Listener) -> None:
    """Names who hears of this application's changes, in this order."""
    app.extensions[_EXTENSION] = listeners


def announce(session: Session, change: Change) -> None:
    """Tells the listeners; raises LookupError where the application has none."""
    listeners: tuple[Listener, ...] = current_app.extensions.get(_EXTENSION, ())
    if not listeners:
        raise LookupError("nobody listens to changes; `changes.listen` names who does")
    for listener in listeners:
        listener(session, change)
    after_commit(session, metrics.CHANGES.at(change.kind.value).inc)


def linked(
    session: Session, user_id: int, *added: Identity | Person, at: datetime
) -> None:
    """The user has these identities more."""
    data = {"identities": described(*added)}
    announce(session, Change(Kind.linked, user_id, at, data=data))


def described(*identities: Identity | Person) -> list[dict[str, str]]:
    """Identities as others are told of them: the operator's appid and its kind."""
    pairs = sorted({(one.appid, one.kind) for one in identities})
    return [{"appid": appid, "kind": kind} for appid, kind in pairs]
