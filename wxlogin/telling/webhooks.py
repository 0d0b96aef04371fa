"""Telling a site's server of an event: Standard Webhooks.

    webhook-id          the event's id, the same at every try
    webhook-timestamp   when this try was made, in seconds since 1970
    webhook-signature   v1, and the base64 of HMAC-SHA256 over "id.timestamp.body"

(github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md.) An
answer of 2xx takes the event, 410 asks us to stop, everything else is tried again
with growing pauses for three days. Then we give up, and the event is in the feed. An
event waits for the earlier ones of the same users, so each site hears of a user's
changes in their order.
"""

import base64
import hmac
import json
from datetime import timedelta

import sqlalchemy as sa

from wxlogin.accounts.models import Event
from wxlogin.config import Site
from wxlogin.config.outbound import proxy_of
from wxlogin.config.sites import webhook_key
from wxlogin.db import now
from wxlogin.net import outgoing
from wxlogin.observability import get_logger
from wxlogin.service import running
from wxlogin.sites import feed
from wxlogin.telling.outbox import Outbox

# Seconds until the next try, after the first, the second … failure.
PAUSES = (5, 60, 300, 1800, 7200, 18000, 36000, 50400, 72000)
TRIED_FOR = timedelta(days=3)
# A site that answered 410 hears nothing for so long.
GONE_SECONDS = 24 * 3600
GONE = 410
_STOPPED = "webhook_gone"


class Webhooks(Outbox[Event]):
    """Events that a site has neither taken nor been spared."""

    table = Event
    way = "webhook"
    ordered = True

    def address(self, site: Site) -> str | None:
        return site.webhook_url

    def waiting(self) -> sa.ColumnElement[bool]:
        return Event.settled_at.is_(None)

    def users(self, row: Event) -> set[str]:
        return {row.uid} | ({row.other_uid} if row.other_uid else set())

    def sites_due(self) -> list[Site]:
        """The same without those that asked us to stop."""
        return [site for site in super().sites_due() if not _asked_to_stop(site)]

    def send(self, site: Site, row: Event) -> outgoing.Reply:
        settings, moment = running().settings, int(now().timestamp())
        told = feed.told(row).public_form()
        body = json.dumps(told, ensure_ascii=False).encode()
        secret = site.webhook_secret or ""
        headers = {
            "Content-Type": "application/json",
            "webhook-id": row.event_id,
            "webhook-timestamp": str(moment),
            "webhook-signature": signature(secret, row.event_id, moment, body),
        }
        inside = outgoing.may_go_inside(settings, site)
        return outgoing.post(
            self.address(site) or "",
            body,
            headers,
            inside=inside,
            proxy=proxy_of(settings),
        )

    def pause(self, site: Site, row: Event, reply: outgoing.Reply) -> int | None:
        tries = row.tries + 1
        facts = {"client": site.client_id, "id": row.event_id, "tries": tries}
        if reply.status == GONE:
            _stop(site)
        if now() - row.at >= TRIED_FOR:
            get_logger().error("webhook given up", **facts)
            return None
        pause = PAUSES[min(tries, len(PAUSES)) - 1]
        get_logger().warning(
            "webhook failed",
            status=reply.status,
            fault=reply.fault,
            next_try_in=pause,
            **facts,
        )
        return pause

    def settle(self, row: Event) -> None:
        self.change(row, {"settled_at": now(), "lease_until": None})


outbox = Webhooks()


def signature(secret: str, event_id: str, timestamp: int, body: bytes) -> str:
    """What the header `webhook-signature` says."""
    signed = f"{event_id}.{timestamp}.".encode() + body
    digest = hmac.digest(webhook_key(secret), signed, "sha256")
    return "v1," + base64.b64encode(digest).decode()


def _stop(site: Site) -> None:
    """The ticket names the address: another one in the settings is tried at once."""
    key = f"{site.client_id} {site.webhook_url}"
    if running().tickets.add(_STOPPED, key, "", ttl=GONE_SECONDS):
        get_logger().error(
            "webhook stopped",
            client=site.client_id,
            advice="its server answered 410; take webhook_url out of SITES or mend it",
        )


def _asked_to_stop(site: Site) -> bool:
    key = f"{site.client_id} {site.webhook_url}"
    return running().tickets.get(_STOPPED, key) is not None
