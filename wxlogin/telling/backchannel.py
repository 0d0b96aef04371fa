"""Telling sites that a session has ended: back-channel logout.

OpenID Connect Back-Channel Logout 1.0, sections 2.4 to 2.8; security row 120. A
notice is tried four times within about an hour, then dropped: the tokens of an
ended session are dead anyway. Sites without an address for it are not told.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa

from wxlogin.accounts.models import LogoutNotice
from wxlogin.config import Settings, Site
from wxlogin.db import now, reading, transaction
from wxlogin.db.statements import run
from wxlogin.net import outgoing
from wxlogin.observability import get_logger
from wxlogin.oidc import signed_tokens

# Seconds until the next try.
PAUSES = (60, 600, 3000)
#: Longer than one call may take.
LEASE = timedelta(seconds=30)
TOKEN_LIFETIME = timedelta(minutes=2)
EVENT = "http://schemas.openid.net/event/backchannel-logout"


@dataclass(frozen=True)
class _Claimed:
    row_id: int
    uid: str
    sid: str
    tries: int


def sites_to_tell(settings: Settings) -> list[Site]:
    """The sites for which a notice is due now.

    Forgets notices for sites that want none.
    """
    listening = {
        site.client_id: site for site in settings.sites if site.backchannel_logout_uri
    }
    query = sa.select(LogoutNotice.client_id).where(*_due()).distinct()
    with reading() as session:
        found = set(session.scalars(query))
    if deaf := found - set(listening):
        unheard = sa.delete(LogoutNotice).where(LogoutNotice.client_id.in_(deaf))
        transaction(lambda session: run(session, unheard))
    return [site for client_id, site in listening.items() if client_id in found]


def tell(settings: Settings, site: Site) -> int:
    """Sends this site what is due, until a try fails; says how many arrived."""
    count = 0
    while (claimed := _claim(site)) is not None:
        reply = _send(settings, site, claimed)
        if not reply.good:
            _failed(site, claimed, reply)
            break
        _forget(claimed)
        count += 1
    return count


def logout_token(
    settings: Settings, site: Site, *, uid: str, sid: str, at: datetime
) -> str:
    """The signed logout token for this site about one session of this user.

    It has a type and an event of its own and never a nonce, so that no ID token
    passes for it (section 2.4).
    """
    claims: dict[str, Any] = {
        "iss": settings.public_url,
        "aud": site.client_id,
        "iat": int(at.timestamp()),
        "exp": int((at + TOKEN_LIFETIME).timestamp()),
        "jti": secrets.token_urlsafe(16),
        "events": {EVENT: {}},
        "sub": uid,
        "sid": sid,
    }
    return signed_tokens.sign(
        claims, alg=site.id_token_alg, typ=signed_tokens.LOGOUT_TOKEN
    )


def _send(settings: Settings, site: Site, notice: _Claimed) -> outgoing.Reply:
    token = logout_token(settings, site, uid=notice.uid, sid=notice.sid, at=now())
    body = urlencode({"logout_token": token}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    url, inside = site.backchannel_logout_uri, outgoing.may_go_inside(settings, site)
    return outgoing.post(url or "", body, headers, inside=inside)


def _due() -> tuple[sa.ColumnElement[bool], ...]:
    at = now()
    return (
        sa.or_(LogoutNotice.next_try_at.is_(None), LogoutNotice.next_try_at <= at),
        sa.or_(LogoutNotice.lease_until.is_(None), LogoutNotice.lease_until <= at),
    )


def _claim(site: Site) -> _Claimed | None:
    mine = LogoutNotice.client_id == site.client_id
    query = sa.select(LogoutNotice).where(mine, *_due()).order_by(LogoutNotice.id)
    with reading() as session:
        rows = list(session.scalars(query.limit(10)))
    # Another process may be faster with the first ones.
    return next((found for row in rows if (found := _take(row))), None)


def _take(row: LogoutNotice) -> _Claimed | None:
    free = sa.update(LogoutNotice).where(LogoutNotice.id == row.id, *_due())
    ours = free.values(lease_until=now() + LEASE, tries=row.tries + 1)
    if not transaction(lambda session: run(session, ours)):
        return None
    return _Claimed(row.id, row.uid, row.sid, row.tries + 1)


def _failed(site: Site, claimed: _Claimed, reply: outgoing.Reply) -> None:
    again = claimed.tries <= len(PAUSES)
    get_logger().warning(
        "logout notice failed" if again else "logout notice given up",
        client=site.client_id,
        uid=claimed.uid,
        status=reply.status,
        fault=reply.fault,
        tries=claimed.tries,
    )
    if not again:
        return _forget(claimed)
    pause = timedelta(seconds=PAUSES[claimed.tries - 1])
    row = sa.update(LogoutNotice).where(LogoutNotice.id == claimed.row_id)
    later = row.values(next_try_at=now() + pause, lease_until=None)
    transaction(lambda session: run(session, later))


def _forget(claimed: _Claimed) -> None:
    row = sa.delete(LogoutNotice).where(LogoutNotice.id == claimed.row_id)
    transaction(lambda session: run(session, row))
