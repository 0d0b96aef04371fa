"""What the running service holds, and the one way to reach it.

    running().settings, running().tickets, running().sealer, running().wechat

All four are made once, when the application is built, and shared by all threads. What
a journey keeps for some minutes lies on a `shelf` of its own.
"""

from dataclasses import dataclass
from typing import TypeVar

from flask import Flask, current_app

from wxlogin.config import Settings
from wxlogin.config.outbound import proxy_of
from wxlogin.net.transport import shared
from wxlogin.security.sealing import Sealer, sealer_for
from wxlogin.tickets import TicketStore, store_for
from wxlogin.tickets.host_rests import SharedRests
from wxlogin.tickets.once import Once, Turn
from wxlogin.tickets.shelf import Shelf
from wxlogin.wechat import endpoints
from wxlogin.wechat.client import WeChat

_EXTENSION = "wxlogin.service"

T = TypeVar("T")
R = TypeVar("R", bound=Turn)


@dataclass(slots=True)
class Service:
    """The settings, and what is made of them."""

    settings: Settings
    tickets: TicketStore
    sealer: Sealer
    #: The one client of WeChat that this process shares.
    wechat: WeChat
    #: How many serve in this process; None where nobody says.
    threads: int | None = None


def start(app: Flask, settings: Settings, *, threads: int | None = None) -> Service:
    """Gives the application its service; nothing is contacted yet.

    `threads` is how many serve, where that is known.

    Raises ConfigurationError where REDIS_URL is set and cannot be used.
    """
    sealer = sealer_for(settings)
    tickets = store_for(settings, sealer, threads=threads)
    service = Service(
        settings=settings,
        tickets=tickets,
        sealer=sealer,
        wechat=WeChat(
            hosts_of(settings),
            budget=settings.wechat_budget,
            pool=shared(proxy_of(settings)),
            # A database is asked for enough already.
            board=SharedRests(tickets) if settings.redis_url else None,
        ),
        threads=threads,
    )
    app.extensions[_EXTENSION] = service
    return service


def service_of(app: Flask) -> Service:
    """The service of this application."""
    service: Service = app.extensions[_EXTENSION]
    return service


def running() -> Service:
    """The service of the running application; needs an application context."""
    service: Service = current_app.extensions[_EXTENSION]
    return service


def shelf(kind: str, shape: type[T], *, seconds: float) -> Shelf[T]:
    """The tickets of this kind in the running service's store: each a `shape`, kept
    for `seconds`; see tickets/shelf.py. May be made before any service runs."""
    return Shelf(lambda: running().tickets, kind, shape, seconds=seconds)


def once(kind: str, shape: type[R], *, seconds: float) -> Once[R]:
    """A shelf for sign-ins that are done once; see tickets/once.py.

    A turn is kept for `seconds`; its lease lasts longer than WeChat is waited for.
    """
    return Once(
        lambda: running().tickets,
        kind,
        shape,
        seconds=seconds,
        lease=lambda: running().settings.wechat_budget + 2,
    )


def hosts_of(settings: Settings) -> endpoints.Hosts:
    """Where WeChat is: its own hosts, unless a setting says otherwise."""
    return endpoints.Hosts(
        open=settings.wechat_open_url or endpoints.OPEN_HOST,
        api=settings.wechat_api_url or endpoints.API_HOST,
        res=settings.wechat_res_url or endpoints.RES_HOST,
        mp=settings.wechat_mp_url or endpoints.MP_HOST,
        phone=settings.simulator_url if settings.simulated else endpoints.PHONE_SCHEME,
        api_second="" if settings.wechat_api_url else endpoints.API_SECOND_HOST,
    )
