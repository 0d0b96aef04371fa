"""The sites that know a user, from the user's side: seen, and taken back.

A site goes on knowing whom it met: its own row about a customer is its own affair.
What the user takes back is its access to us (security row 119, OWASP ASVS 10.7.3).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin.accounts import sessions
from wxlogin.accounts.changes import Change, Kind, announce
from wxlogin.accounts.models import AccessToken, Authorization, Consent, SiteUser
from wxlogin.accounts.models import Session as SessionRow
from wxlogin.accounts.owners import family, lock
from wxlogin.db import now, reading, transaction
from wxlogin.db.statements import remove, run
from wxlogin.observability import get_logger
from wxlogin.service import running


@dataclass(frozen=True)
class Agreement:
    """The version of a site's terms that a user agreed to last, and when."""

    version: str
    at: datetime


@dataclass(frozen=True)
class Membership:
    """A site that knows the user."""

    client_id: str
    since: datetime
    #: May it ask about the user now?
    has_access: bool
    agreement: Agreement | None

    @property
    def name(self) -> str:
        """The site's name; empty where it is no longer in the settings."""
        site = running().settings.site_of(self.client_id)
        return site.name if site else ""


def of_user(user_id: int) -> list[Membership]:
    """The sites that know this user or somebody merged into it, the first met first."""
    since = sa.func.min(SiteUser.created_at)
    known = sa.select(SiteUser.client_id, since).where(
        SiteUser.user_id.in_(family(user_id))
    )
    query = known.group_by(SiteUser.client_id).order_by(since, SiteUser.client_id)
    with reading() as session:
        open_at = set(session.scalars(_open_at(user_id))) | _by_programs(
            session, user_id
        )
        agreed = _agreements(session, user_id)
        return [
            Membership(client_id, first, client_id in open_at, agreed.get(client_id))
            for client_id, first in session.execute(query)
        ]


def live_tokens(user_id: int) -> int:
    """How many access tokens for this user sites hold that are good now."""
    query = (
        sa.select(sa.func.count(AccessToken.id))
        .join(Authorization, Authorization.id == AccessToken.authorization_id)
        .where(Authorization.user_id.in_(family(user_id)))
        .where(AccessToken.expires_at > now())
    )
    with reading() as session:
        return session.scalar(query) or 0


def take_back(user_id: int, client_id: str) -> bool:
    """Ends the site's access; False where it does not know the user.

    Its tokens are dead at once and the person is signed out of its programs, it is to
    be told that the sign-in is over and why, and its terms have to be agreed to again.
    Raises AccountGone.
    """
    at = now()

    def work(session: Session) -> str | None:
        uid = lock(session, {user_id})[user_id].uid
        rows = (SiteUser.client_id == client_id, SiteUser.user_id.in_(family(user_id)))
        if not run(
            session, sa.update(SiteUser).where(*rows).values(terms_version=None)
        ):
            return None
        sessions.end(session, *_in_programs(user_id, _programs_of(client_id)))
        own = Authorization.user_id == user_id
        if sessions.withdraw(session, own, Authorization.client_id == client_id):
            withdrawn = Change(Kind.revoked, user_id, at, client_id=client_id)
            announce(session, withdrawn)
        return uid

    uid = transaction(work)
    if uid is not None:
        get_logger().info("access taken back", uid=uid, client=client_id)
    return uid is not None


def forget_tokens(at: datetime) -> int:
    """Removes access tokens and sign-ins at sites that ran out; says how many."""
    tokens = remove(AccessToken, AccessToken.expires_at <= at)
    return tokens + remove(Authorization, Authorization.ends_at <= at)


def _open_at(user_id: int) -> sa.Select[str]:
    return sa.select(Authorization.client_id).where(Authorization.user_id == user_id)


def _by_programs(session: Session, user_id: int) -> set[str]:
    """The sites that have access by a program in which the user is signed in."""
    sites = {app.appid: app.site for app in running().settings.apps if app.site}
    query = sa.select(SessionRow.appid).where(*_in_programs(user_id, sites))
    return {sites[appid] for appid in session.scalars(query)}


def _programs_of(client_id: str) -> list[str]:
    apps = running().settings.apps
    return [app.appid for app in apps if app.site == client_id]


def _in_programs(
    user_id: int, appids: Collection[str]
) -> tuple[sa.ColumnElement[bool], ...]:
    """For a query over the user's sessions in these programs; pages in them, whose
    sessions are browsers', are none."""
    in_programs = SessionRow.kind != "web"
    return SessionRow.user_id == user_id, SessionRow.appid.in_(appids), in_programs


def _agreements(session: Session, user_id: int) -> dict[str, Agreement]:
    rows = session.scalars(
        sa.select(Consent)
        .where(Consent.user_id.in_(family(user_id)))
        .order_by(Consent.at, Consent.id)
    )
    return {row.client_id: Agreement(row.version, row.at) for row in rows}
