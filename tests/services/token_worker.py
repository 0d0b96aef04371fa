"""Processes of a service that ask WeChat for an app's access token at the same time.

python -m tests.services.token_worker 8 STORE PREFIX WECHAT

The token that each of so many processes took stands in a line of its own.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass

from flask import Flask

from tests.services.conftest import bare_app
from tests.support.people import SEALER, serves
from wxlogin.config.demo import demo_apps
from wxlogin.flows.credentials import with_token
from wxlogin.net.transport import Transport
from wxlogin.service import running, service_of
from wxlogin.tickets.redis import RedisTickets
from wxlogin.tickets.sql import SqlTickets
from wxlogin.wechat import app_calls
from wxlogin.wechat.app_calls import ProgramCode
from wxlogin.wechat.client import WeChat
from wxlogin.wechat.endpoints import Hosts

MP = next(app for app in demo_apps() if app.name == "mp")
SCENE = ProgramCode("scene", "pages/scan/scan")


@dataclass(frozen=True)
class Place:
    """Where the tickets of all processes are, and WeChat."""

    store: str
    prefix: str
    wechat: str


@contextmanager
def serving(place: Place) -> Iterator[Flask]:
    """An application context of a service with these."""
    is_redis = place.store.startswith("redis")
    with nullcontext(Flask("wxlogin")) if is_redis else bare_app(place.store) as app:
        if is_redis:
            serves(app)
        service = service_of(app)
        service.tickets = (
            RedisTickets(place.store, SEALER, prefix=place.prefix)
            if is_redis
            else SqlTickets(SEALER)
        )
        with closing(Transport()) as pool, app.app_context():
            service.wechat = WeChat(Hosts(api=place.wechat), pool=pool)
            yield app
            if is_redis:
                service.tickets.close()


def draw(place: Place, gate: "Gate") -> str:
    """Has WeChat draw a code, at the same time as the others; the token it took."""
    with serving(place):
        wechat = running().wechat
        gate.wait()
        deadline = wechat.deadline()

        def call(token: str) -> str:
            app_calls.program_code(wechat, MP, token, SCENE, deadline=deadline)
            return token

        return with_token(MP, call, deadline=deadline)


class Gate:
    """Children wait at it until all are there."""

    def __init__(self) -> None:
        self._there, self._arrived = os.pipe()
        self._start, self._hold = os.pipe()

    def wait(self) -> None:
        os.close(self._hold)
        os.write(self._arrived, b".")
        # Nothing comes until nobody holds the other end.
        os.read(self._start, 1)

    def open(self, children: int) -> None:
        for _ in range(children):
            os.read(self._there, 1)
        os.close(self._hold)


def main(processes: int, place: Place) -> int:
    gate, children = Gate(), []
    for _ in range(processes):
        child = os.fork()
        if not child:
            os.write(1, f"{draw(place, gate)}\n".encode())
            os._exit(0)
        children.append(child)
    gate.open(processes)
    return max(os.waitpid(child, 0)[1] for child in children)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), Place(*sys.argv[2:])))
