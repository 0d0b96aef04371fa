"""Short-lived state: SQL by default, Redis at scale; one interface, two stores.

The store is chosen at start. When Redis is away new logins get 503 with
Retry-After while sessions, which live in the database, go on.
"""

from typing import cast

from flask import current_app

from wxlogin.config import Settings
from wxlogin.errors import ConfigurationError
from wxlogin.security.sealing import Sealer
from wxlogin.tickets.sql import SqlTickets
from wxlogin.tickets.store import Ticket, TicketStore

__all__ = ["Ticket", "TicketStore", "current_tickets", "store_for"]


def store_for(settings: Settings, sealer: Sealer) -> TicketStore:
    """The store these settings ask for; it is not contacted yet.

    Raises ConfigurationError where REDIS_URL is set and cannot be used.
    """
    if not settings.redis_url:
        return SqlTickets(sealer)
    try:
        # Only those who use Redis need its client.
        from wxlogin.tickets.redis import RedisTickets
    except ModuleNotFoundError:
        raise ConfigurationError(
            "REDIS_URL is set and the client of Redis is not installed; "
            "run pip install 'wxlogin[redis]'"
        ) from None
    try:
        return RedisTickets(settings.redis_url, sealer)
    except ValueError:
        raise ConfigurationError(
            "REDIS_URL cannot be read; write redis://host:6379/0, or rediss:// for TLS"
        ) from None


def current_tickets() -> TicketStore:
    """The store of the running application; needs an application context."""
    return cast(TicketStore, current_app.extensions["wxlogin.tickets"])
