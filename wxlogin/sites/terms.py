"""Who may come in, and which terms must be agreed to first.

Each site decides, or the settings for all: `open` makes an account at once, `ask`
once the person has agreed, `closed` never. A person whom the site knows is not asked
again until the site's terms have another version, and then once.

Who agreed to which version, and when, is written down when a person ticks the box and
posts it, and never otherwise.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin.accounts.models import Consent
from wxlogin.accounts.owners import family, lock
from wxlogin.config import Registration, Settings, Site
from wxlogin.db import now, read, reading, transaction
from wxlogin.db.statements import insert_or_ignore
from wxlogin.errors import RegistrationClosed
from wxlogin.service import running
from wxlogin.sites import members


class Entry(StrEnum):
    """May this user go on to the site?"""

    ok = "ok"
    #: After agreeing to the terms.
    terms = "terms"
    #: No: the site knows the user not and takes nobody new.
    closed = "closed"


@dataclass(frozen=True)
class Policy:
    """What holds for people who come for one site, or for us (empty `client_id`)."""

    mode: Registration
    client_id: str
    name: str
    terms_url: str
    privacy_url: str
    #: The version of the terms in force; empty where nobody counts them.
    version: str
    #: Where the site signs in customers of its own.
    bind_url: str | None

    @property
    def creates(self) -> bool:
        """Is an account made without a question?"""
        return self.mode is Registration.open


def policy_for(client_id: str) -> Policy:
    """The policy of this site; of ourselves for an empty or unknown client id.

    Where REGISTRATION is not set and there is but one site, its policy holds for
    sign-ins that name none as well: also WeChat's browser, which loses cookies, then
    leads past no question.
    """
    settings = running().settings
    site = settings.site_of(client_id) or _only_site(settings)
    if site is None:
        return Policy(
            mode=settings.registration,
            client_id="",
            name=settings.site_name,
            terms_url=settings.terms_url,
            privacy_url=settings.privacy_url,
            version=settings.terms_version,
            bind_url=None,
        )
    own = bool(site.terms_url)
    return Policy(
        mode=site.registration or settings.registration,
        client_id=site.client_id or "",
        name=site.name,
        terms_url=site.terms_url or settings.terms_url,
        privacy_url=site.privacy_url or settings.privacy_url,
        version=site.terms_version or ("" if own else settings.terms_version),
        bind_url=site.bind_url,
    )


def _only_site(settings: Settings) -> Site | None:
    if "registration" in settings.model_fields_set:
        return None
    found = [site for site in settings.sites if site.client_id]
    return found[0] if len(found) == 1 else None


def entry(site: Site, user_id: int) -> Entry:
    """May this signed-in user go on to the site?"""
    return read(lambda session: entry_in(session, site, user_id))


def entry_in(session: Session, site: Site, user_id: int) -> Entry:
    """The same inside the caller's session."""
    policy = policy_for(site.client_id or "")
    if policy.creates:
        return Entry.ok
    known = members.look(session, policy.client_id, user_id)
    if known is None:
        asks = policy.mode is Registration.ask
        return Entry.terms if asks else Entry.closed
    owed = bool(policy.version) and known.terms_version != policy.version
    return Entry.terms if owed else Entry.ok


def refuse_strangers(policy: Policy, user_id: int) -> None:
    """Nobody comes in by agreeing where the site takes nobody new.

    Raises RegistrationClosed for a user whom such a site does not know.
    """
    if policy.mode is not Registration.closed or not policy.client_id:
        return
    if members.member(policy.client_id, user_id) is None:
        raise RegistrationClosed("the site takes nobody new", client=policy.client_id)


def counts_ours() -> bool:
    """Are there terms whose version people who come for no site must have agreed to?"""
    policy = policy_for("")
    return not policy.creates and bool(policy.version)


def owed_to_us(user_id: int) -> bool:
    """Must this user agree to terms after a sign-in for no site?"""
    if not counts_ours():
        return False
    policy = policy_for("")
    if site := running().settings.site_of(policy.client_id):
        return entry(site, user_id) is Entry.terms
    return not _given(user_id, "", policy.version)


def agree(policy: Policy, user_id: int, *, door: str) -> None:
    """Puts on record that a signed-in user ticked the box, and joins the site."""
    transaction(lambda session: settle(session, policy, user_id, door=door))


def settle(session: Session, policy: Policy, user_id: int, *, door: str) -> None:
    """The same inside the caller's transaction."""
    at, client_id = now(), policy.client_id
    _record(session, user_id, client_id, policy.version, at=at, door=door)
    if client_id:
        version = policy.version or None
        members.join(session, client_id, user_id, at=at, terms_version=version)


def connect(session: Session, client_id: str, user_id: int, external_id: str) -> None:
    """The user is this customer of the site, which has settled its terms itself.

    `external_id` is the site's own id of the customer. Raises ExternalIdTaken,
    ExternalIdFixed and the rest as `members.connect`, with nothing written.
    """
    version = policy_for(client_id).version or None
    members.connect(
        session, client_id, user_id, external_id, at=now(), terms_version=version
    )


def _record(
    session: Session,
    user_id: int,
    client_id: str,
    version: str,
    *,
    at: datetime,
    door: str,
) -> None:
    """One row for each version, however often it is posted. `client_id` is empty
    for our own terms. Raises AccountGone."""
    lock(session, {user_id})
    values = {
        "user_id": user_id,
        "client_id": client_id,
        "version": version,
        "at": at,
        "door": door,
    }
    insert_or_ignore(session, Consent, values)


def _given(user_id: int, client_id: str, version: str) -> bool:
    """Did this user, or one that was merged into it, agree to this version?"""
    query = sa.select(Consent.id).where(
        Consent.user_id.in_(family(user_id)),
        Consent.client_id == client_id,
        Consent.version == version,
    )
    with reading() as session:
        return session.execute(query.limit(1)).first() is not None
