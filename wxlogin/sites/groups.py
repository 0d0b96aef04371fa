"""The groups of the site's own software that a user is in, as the site says.

They are the site's word about its member and mean nothing to us: they are told to that
site's software (`groups` in oidc/claims.py), and to nobody else. None is "the site has
said nothing", an empty list "in none". After a merge the survivor's own groups count,
and those that came with the other one where the survivor has none said.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin.accounts.models import SiteUser
from wxlogin.accounts.owners import family, lock
from wxlogin.config.claim_map import LONGEST, MOST
from wxlogin.db import now, transaction
from wxlogin.db.statements import run
from wxlogin.errors import BadRequest


def set_groups(client_id: str, user_id: int, groups: tuple[str, ...] | None) -> None:
    """The user is in these groups of the site's from now on; None takes its word back.

    The user must be known there (`members.join`). Raises AccountGone.
    """

    def work(session: Session) -> None:
        lock(session, {user_id})
        if groups is None:
            ids = SiteUser.user_id.in_(family(user_id))
            run(session, _rows(client_id).where(ids).values(groups=None))
            return
        own = _rows(client_id).where(SiteUser.user_id == user_id)
        if not run(session, own.values(groups=list(groups))):
            # The site knows the user by somebody who was merged into it.
            row = SiteUser(
                client_id=client_id,
                user_id=user_id,
                groups=list(groups),
                created_at=now(),
            )
            session.add(row)
            session.flush()

    transaction(work)


def read_groups(value: Any, *, site: str) -> tuple[str, ...]:
    """The groups that stand in somebody's JSON, in their order.

    Raises BadRequest, which names the site, unless it is a list of MOST different texts
    at most, each of 1 to LONGEST printable characters without blanks at its ends.
    """
    if not isinstance(value, list) or len(value) > MOST:
        raise BadRequest(f"groups of {site} are a list of {MOST} texts at most")
    for place, one in enumerate(value, start=1):
        if not isinstance(one, str):
            raise BadRequest(f"group {place} of {site} is not a text")
        if not 0 < len(one) <= LONGEST or not one.isprintable() or one != one.strip():
            raise BadRequest(
                f"group {place} of {site} is not 1 to {LONGEST} printable characters "
                "without blanks at its ends"
            )
        if value.index(one) < place - 1:
            raise BadRequest(f"group {place} of {site} is named twice")
    return tuple(value)


def _rows(client_id: str) -> sa.Update:
    return sa.update(SiteUser).where(SiteUser.client_id == client_id)
