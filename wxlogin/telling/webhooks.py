"""Telling a site's server of an event: Standard Webhooks.

    webhook-id          the event's id, the same at every try
    webhook-timestamp   when this try was made, in seconds since 1970
    webhook-signature   v1, and the base64 of HMAC-SHA256 over "id.timestamp.body"

(github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md.) An
answer of 2xx takes the event, 410 asks us to stop, everything else is tried again
with growing pauses for three days. Then we give up, and the event is in the feed.

Each event is sent by one process at a time, which holds its lease; one that dies
leaves the event for the next when the lease is over. So an event may arrive twice,
by the same id, and never not at all. An event waits for the earlier ones of the
same users, so each site hears of a user's changes in their order.
"""

import base64
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from wxlogin.accounts.models import Event
from wxlogin.config import Settings, Site
from wxlogin.config.sites import webhook_key
from wxlogin.db import now, reading, transaction
from wxlogin.db.statements import run
from wxlogin.net import outgoing
from wxlogin.observability import get_logger
from wxlogin.service import running
from wxlogin.sites import feed
from wxlogin.sites.feed import Told

# Seconds until the next try, after the first, the second … failure.
PAUSES = (5, 60, 300, 1800, 7200, 18000, 36000, 50400, 72000)
TRIED_FOR = timedelta(days=3)
#: Longer than one call may take.
LEASE = timedelta(seconds=30)
# Events of a site that are looked at together. A server that refuses so many for days
# is down, and nothing behind them is held back by mistake.
WINDOW = 1000
# A site that answered 410 hears nothing for so long.
GONE_SECONDS = 24 * 3600
GONE = 410
_STOPPED = "webhook_gone"


@dataclass(frozen=True)
class _Claimed:
    row_id: int
    told: Told
    tries: int
    at: datetime


def sites_to_tell(settings: Settings) -> list[Site]:
    """The sites for which something is due now."""
    hooked = {site.client_id: site for site in settings.sites if site.webhook_url}
    if not hooked:
        return []
    query = sa.select(Event.client_id).where(*_due(now())).distinct()
    with reading() as session:
        found = set(session.scalars(query.where(Event.client_id.in_(hooked))))
    due = [site for client_id, site in hooked.items() if client_id in found]
    return [site for site in due if not _asked_to_stop(site)]


def tell(settings: Settings, site: Site) -> int:
    """Sends what is due to this site, until a try fails; says how many arrived."""
    count = 0
    while True:
        arrived, failed = _go_through(settings, site)
        count += arrived
        if failed or not arrived:
            return count


def _go_through(settings: Settings, site: Site) -> tuple[int, bool]:
    """Sends what is due of the first events that wait; how many, and did one fail?

    In the order of the changes: what is not for us now, because its pause goes on
    or another process has it, holds back what comes later of the same users.
    """
    held: set[str | None] = set()
    count = 0
    for row in _waiting(site):
        about = {row.uid, row.other_uid} - {None}
        claimed = None if held & about else _claim(row)
        if claimed is None:
            held |= about
            continue
        reply = _send(settings, site, claimed.told)
        if not reply.good:
            _failed(site, claimed, reply)
            return count, True
        _settle(claimed, at=now())
        count += 1
    return count, False


def public_form(settings: Settings, event: Told) -> dict[str, Any]:
    """An event as JSON for its site: `type`, `timestamp` and `data`."""
    names = settings.app_names
    data = dict(event.data)
    if identities := data.get("identities"):
        data["identities"] = [
            {"app": names.get(one["appid"]), "kind": one["kind"]} for one in identities
        ]
    moment = event.at.astimezone(UTC).isoformat(timespec="milliseconds")
    timestamp = moment.replace("+00:00", "Z")
    return {"type": event.type, "timestamp": timestamp, "data": data}


def signature(secret: str, event_id: str, timestamp: int, body: bytes) -> str:
    """What the header `webhook-signature` says."""
    signed = f"{event_id}.{timestamp}.".encode() + body
    digest = hmac.digest(webhook_key(secret), signed, "sha256")
    return "v1," + base64.b64encode(digest).decode()


def _send(settings: Settings, site: Site, event: Told) -> outgoing.Reply:
    body = json.dumps(public_form(settings, event), ensure_ascii=False).encode()
    moment = int(now().timestamp())
    headers = {
        "Content-Type": "application/json",
        "webhook-id": event.id,
        "webhook-timestamp": str(moment),
        "webhook-signature": signature(
            site.webhook_secret or "", event.id, moment, body
        ),
    }
    inside = outgoing.may_go_inside(settings, site)
    return outgoing.post(site.webhook_url or "", body, headers, inside=inside)


def _due(at: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        Event.settled_at.is_(None),
        sa.or_(Event.next_try_at.is_(None), Event.next_try_at <= at),
        sa.or_(Event.lease_until.is_(None), Event.lease_until <= at),
    )


def _waiting(site: Site) -> list[Event]:
    """The first events of which this site must still hear, due or not."""
    query = (
        sa.select(Event)
        .where(Event.client_id == site.client_id, Event.settled_at.is_(None))
        .order_by(Event.id)
        .limit(WINDOW)
    )
    with reading() as session:
        return list(session.scalars(query))


def _claim(row: Event) -> _Claimed | None:
    """The event is ours for a while; None where it is not due or another's."""
    at = now()
    if not _is_due(row, at):
        return None
    free = sa.update(Event).where(Event.id == row.id, *_due(at))
    ours = free.values(lease_until=at + LEASE, tries=row.tries + 1)
    if not transaction(lambda session: run(session, ours)):
        return None
    return _Claimed(row.id, feed.told(row), row.tries + 1, row.at)


def _is_due(row: Event, at: datetime) -> bool:
    return all(
        moment is None or moment <= at for moment in (row.next_try_at, row.lease_until)
    )


def _settle(claimed: _Claimed, *, at: datetime) -> None:
    done = sa.update(Event).where(Event.id == claimed.row_id)
    values = {"settled_at": at, "lease_until": None}
    transaction(lambda session: run(session, done.values(values)))


def _failed(site: Site, claimed: _Claimed, reply: outgoing.Reply) -> None:
    at = now()
    facts = {"client": site.client_id, "id": claimed.told.id, "tries": claimed.tries}
    if reply.status == GONE:
        _stop(site)
    if at - claimed.at >= TRIED_FOR:
        get_logger().error("webhook given up", **facts)
        return _settle(claimed, at=at)
    pause = PAUSES[min(claimed.tries, len(PAUSES)) - 1]
    later = sa.update(Event).where(Event.id == claimed.row_id)
    values = {"next_try_at": at + timedelta(seconds=pause), "lease_until": None}
    transaction(lambda session: run(session, later.values(values)))
    get_logger().warning(
        "webhook failed",
        status=reply.status,
        fault=reply.fault,
        next_try_in=pause,
        **facts,
    )


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
