"""What a site's sign-in costs: computing of the process, Python calls, SQL statements.

A visitor who is signed in here already, by Flask's test client, so without a server
and a network. The milliseconds are CPU time of the calling thread, the median of the
rounds, beside those of `/healthz`; the counts do not depend on what else the machine
does. Codes are in the database.

    python -m tests.proof.site_cost
"""

import cProfile
import pstats
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask

from tests.proof.cost import SERVERS
from tests.support import databases
from tests.support.journey import Browser, Phone
from tests.web.openid_site import SHOP, SITES, SiteServer, answer_of
from wxlogin import create_app
from wxlogin.config import load_settings
from wxlogin.db import db
from wxlogin.simulator.server import SimulatorServer
from wxlogin.simulator.world import World

ROUNDS = 100
#: Statements that a step may cost: the goals.
MOST = {"authorize": 3, "token": 12, "userinfo": 5, "refresh": 11, "healthz": 0}


class Meter:
    """The computing, calls and statements of one kind of step."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.calls = 0.0
        self.statements = 0.0

    def step(self, work: Callable[[], Any], *, counted: bool) -> Any:
        """Times the step, or counts in it."""
        if not counted:
            began = time.thread_time()
            found = work()
            self.times.append(time.thread_time() - began)
            return found
        profile, sent = cProfile.Profile(), 0

        def note(_c: object, _cursor: object, text: str, *_: object) -> None:
            nonlocal sent
            sent += not text.startswith("BEGIN")

        sa.event.listen(sa.Engine, "before_cursor_execute", note)
        try:
            found = profile.runcall(work)
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", note)
        stats = pstats.Stats(profile)
        self.calls = stats.total_calls  # type: ignore[attr-defined]
        self.statements = sent
        return found

    def __str__(self) -> str:
        spent = statistics.median(self.times) * 1000
        return f"{spent:6.2f} ms {self.calls:7,.0f} calls {self.statements:4.0f} SQL"


def prove() -> bool:
    """Prints a line for each step; True if the goals were reached on every database."""
    print(f"a site's sign-in, the median of {ROUNDS}")
    with SimulatorServer(World.demo(), hold_seconds=0.2) as simulator:
        return all([_prove(name, simulator) for name in SERVERS])


def _prove(name: str, simulator: SimulatorServer) -> bool:
    try:
        with SERVERS[name]() as url, tempfile.TemporaryDirectory() as folder:
            given = {"database_url": url, "simulator_url": simulator.url}
            given |= {"limits": "off", "log_level": "error"}
            app = create_app(load_settings(Path(folder), sites=SITES, **given))
            with app.app_context():
                db.create_all()
                meters = _walked(app, _signed_in(app, simulator))
                db.engine.dispose()
    except databases.NoServer as missing:
        print(f"{name}: not measured. {missing}")
        return False
    for step, meter in meters.items():
        print(f"{name:11} {step:10} {meter}")
    return all(meter.statements <= MOST[step] for step, meter in meters.items())


def _signed_in(app: Flask, simulator: SimulatorServer) -> Browser:
    browser, phone = Browser(app), Phone(simulator, "xiaoming")
    started = browser.starts()
    assert browser.returns(started, phone.confirms(started)).status_code == 303
    return browser


def _walked(app: Flask, browser: Browser) -> dict[str, Meter]:
    shop, plain = SiteServer(app, SHOP), Browser(app)
    meters = {step: Meter() for step in MOST}
    shop.signs_in(browser)
    for number in range(ROUNDS + 1):
        # The last one is counted, when nothing is done for the first time.
        counted = number == ROUNDS

        def step(name: str, work: Callable[[], Any], counted: bool = counted) -> Any:
            return meters[name].step(work, counted=counted)

        reply = step("authorize", partial(browser.get, shop.link()))
        answer = step("token", partial(shop.redeems, answer_of(reply)["code"]))
        tokens = answer.get_json()
        step("userinfo", partial(shop.userinfo, tokens["access_token"]))
        step("refresh", partial(shop.refreshes, tokens["refresh_token"]))
        step("healthz", partial(plain.get, "/healthz"))
    return meters


if __name__ == "__main__":
    sys.exit(0 if prove() else 1)
