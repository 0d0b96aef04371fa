"""A site's own customer and a user of ours prove to be one person.

The proof is the caller's matter: the customer is signed in at the site, and the
person has just signed in at WeChat. Nobody is ever matched by a phone number, an
e-mail address or a name.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from wxlogin.accounts.changes import Change, Kind, announce
from wxlogin.accounts.owners import lock
from wxlogin.sites import members


def connect(
    session: Session,
    client_id: str,
    user_id: int,
    external_id: str,
    *,
    at: datetime,
    terms_version: str | None,
) -> None:
    """The site knows the user from now on, under its own id of the customer.

    `terms_version` is the version of its terms: a site that says who its customer is
    has settled them. The same again is no change. Raises ExternalIdTaken where
    another user has this id, ExternalIdFixed where this user has another one,
    AccountGone and BadRequest, with nothing written.
    """
    lock(session, {user_id})
    is_new = members.look(session, client_id, user_id) is None
    members.give_external_id(session, client_id, user_id, external_id, at=at)
    if is_new:
        announce(session, Change(Kind.created, user_id, at, client_id=client_id))
    members.join(session, client_id, user_id, at=at, terms_version=terms_version)


def obstacle(client_id: str, user_id: int | None, external_id: str) -> str | None:
    """The code of what `connect` would raise as things stand; None: nothing.

    `user_id` is None for a person who has no account yet.
    """
    owner = members.by_external_id(client_id, external_id)
    if owner is not None and owner.user_id != user_id:
        return "external_id_taken"
    if user_id is None:
        return None
    known = members.member(client_id, user_id)
    if known is not None and known.external_id not in (None, external_id):
        return "external_id_fixed"
    return None
