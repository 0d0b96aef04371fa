"""Telling sites that a session has ended: back-channel logout.

OpenID Connect Back-Channel Logout 1.0, sections 2.4 to 2.8; security row 120. A
notice is tried four times within about an hour, then dropped: the tokens of an
ended session are dead anyway. Sites without an address for it are not told.
"""

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa

from wxlogin.accounts.models import LogoutNotice
from wxlogin.config import Site
from wxlogin.config.outbound import proxy_of
from wxlogin.db import now, reading, transaction
from wxlogin.db.statements import run
from wxlogin.net import outgoing
from wxlogin.observability import get_logger
from wxlogin.oidc import signed_tokens
from wxlogin.service import running
from wxlogin.telling.outbox import Outbox

# Seconds until the next try.
PAUSES = (60, 600, 3000)
TOKEN_LIFETIME = timedelta(minutes=2)
EVENT = "http://schemas.openid.net/event/backchannel-logout"


class Notices(Outbox[LogoutNotice]):
    """Notices that a session has ended; those that were settled go."""

    table = LogoutNotice
    way = "logout"

    def address(self, site: Site) -> str | None:
        return site.backchannel_logout_uri

    def clients_due(self, listening: Collection[str]) -> set[str]:
        """The same, and forgets notices for sites that want none."""
        query = sa.select(LogoutNotice.client_id).where(*self.due(now())).distinct()
        with reading() as session:
            found = set(session.scalars(query))
        if deaf := found - set(listening):
            unheard = sa.delete(LogoutNotice).where(LogoutNotice.client_id.in_(deaf))
            transaction(lambda session: run(session, unheard))
        return found

    def send(self, site: Site, row: LogoutNotice) -> outgoing.Reply:
        token = logout_token(site, uid=row.uid, sid=row.sid, at=now())
        body = urlencode({"logout_token": token}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        settings = running().settings
        inside = outgoing.may_go_inside(settings, site)
        return outgoing.post(
            self.address(site) or "",
            body,
            headers,
            inside=inside,
            proxy=proxy_of(settings),
        )

    def pause(self, site: Site, row: LogoutNotice, reply: outgoing.Reply) -> int | None:
        again = row.tries < len(PAUSES)
        get_logger().warning(
            "logout notice failed" if again else "logout notice given up",
            client=site.client_id,
            uid=row.uid,
            status=reply.status,
            fault=reply.fault,
            tries=row.tries + 1,
        )
        return PAUSES[row.tries] if again else None

    def settle(self, row: LogoutNotice) -> None:
        own = sa.delete(LogoutNotice).where(LogoutNotice.id == row.id)
        transaction(lambda session: run(session, own))


outbox = Notices()


def logout_token(site: Site, *, uid: str, sid: str, at: datetime) -> str:
    """The signed logout token for this site about one session of this user.

    It has a type and an event of its own and never a nonce, so that no ID token
    passes for it (section 2.4).
    """
    claims: dict[str, Any] = {
        "iss": running().settings.public_url,
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
