"""Short-lived state: SQL by default, Redis at scale; one interface, two stores.

The store is chosen at start. When Redis is away new logins get 503 with
Retry-After while sessions, which live in the database, go on.
"""

from wxlogin.config import Settings
from wxlogin.config.redis_urls import redis_faults
from wxlogin.errors import ConfigurationError
from wxlogin.security.sealing import Sealer
from wxlogin.tickets.sql import SqlTickets
from wxlogin.tickets.store import Ticket, TicketStore
from wxlogin.tickets.waiting import WaitingRoom, seats

__all__ = ["Ticket", "TicketStore", "store_for"]


def store_for(
    settings: Settings, sealer: Sealer, *, threads: int | None = None
) -> TicketStore:
    """The store these settings ask for; it is not contacted yet.

    `threads` is how many serve in this process, where that is known: half of them may
    wait.

    Raises ConfigurationError where REDIS_URL is set and cannot be used.
    """
    room = WaitingRoom(seats(settings.waiting_browsers, threads))
    if not settings.redis_url:
        return SqlTickets(sealer, room=room)
    for fault in redis_faults(settings):
        raise ConfigurationError(fault)
    # Only those who use Redis need its client.
    from wxlogin.tickets.redis import RedisTickets

    return RedisTickets(settings.redis_url, sealer, room=room)
