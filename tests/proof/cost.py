"""What one login costs, counted: Python calls, and statements sent to the database.

Login page and callback, called without a server, of a person who was here before and
of a new one, beside a bare Flask application over the same database that asks WeChat
two questions and writes one row. Counts do not depend on what else the machine does.
Attempts are in Redis; without one they are in the database and cost statements there.

    python -m tests.proof.cost
"""

import cProfile
import itertools
import pstats
import secrets
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import requests
import sqlalchemy as sa
from flask import Flask, redirect, request, session
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Response

from tests.support import databases
from tests.support.journey import Started
from wxlogin import create_app
from wxlogin.config import load_settings
from wxlogin.db import db
from wxlogin.simulator.server import SimulatorServer
from wxlogin.simulator.world import World
from wxlogin.wechat.endpoints import SCOPE_LOGIN

LOGINS = 20
#: Statements that a login may cost, by who comes: the goals.
MOST = {"returning": 5, "new": 8}


@dataclass(frozen=True)
class Cost:
    """Counts of one login."""

    calls: float
    statements: float
    #: How often a connection that had rested was asked whether it lives.
    asked: float

    def __str__(self) -> str:
        counts = f"{self.calls:9,.0f} calls {self.statements:5.1f} statements"
        return f"{counts} {self.asked:4.1f} asked first"


@contextmanager
def _sqlite_url() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/wxlogin.db"


SERVERS: dict[str, Callable[[], AbstractContextManager[str]]] = {
    "SQLite": _sqlite_url,
    "PostgreSQL": databases.postgresql_url,
    "MariaDB": databases.mariadb_url,
}


def prove() -> bool:
    """Prints a line for each; True if the goals were reached on every database."""
    print(f"one login, the mean of {LOGINS}")
    with SimulatorServer(World.demo(), hold_seconds=0.2) as simulator:
        return all([_prove(name, simulator) for name in SERVERS])


def _prove(name: str, simulator: SimulatorServer) -> bool:
    good = True
    try:
        with SERVERS[name]() as url, _service(url, simulator) as app:
            bare = _bare(url, simulator.url)
            floor = _Logins(bare, simulator, "/login").cost(["xiaoming"])
            print(f"{name:11} bare Flask {floor}")
            logins = _Logins(app, simulator, "/login/qr?next=/me")
            for who, people in (("returning", ["xiaoming"]), ("new", _new(simulator))):
                cost = logins.cost(people)
                ratio = cost.calls / floor.calls
                print(f"{name:11} {who:10} {cost}  {ratio:.2f} of the bare one")
                good = good and cost.statements <= MOST[who]
    except databases.NoServer as missing:
        print(f"{name}: not measured. {missing}")
        return False
    return good


def _new(simulator: SimulatorServer) -> Iterator[str]:
    """People whom nobody has seen before."""
    while True:
        name = secrets.token_hex(8)
        simulator.world.registry.put_person({"name": name, "nickname": f"新 {name}"})
        yield name


class _Logins:
    """Logins at one application, whose computing is counted."""

    def __init__(self, app: Flask, simulator: SimulatorServer, page: str) -> None:
        self._app, self._world, self._page = app, simulator.world, page
        self._profile = cProfile.Profile()
        self._sent = 0

    def cost(self, people: Iterable[str]) -> Cost:
        names = itertools.cycle(people)
        for _ in range(3):
            self._login(next(names))
        self._profile, self._sent = cProfile.Profile(), 0
        sa.event.listen(sa.Engine, "before_cursor_execute", self._note)
        try:
            for _ in range(LOGINS):
                self._login(next(names))
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", self._note)
        stats = pstats.Stats(self._profile)
        found = stats.get_stats_profile()
        ping = found.func_profiles.get("do_ping")
        asked = int(ping.ncalls.partition("/")[0]) if ping else 0
        calls: int = stats.total_calls  # type: ignore[attr-defined]
        return Cost(calls / LOGINS, self._sent / LOGINS, asked / LOGINS)

    def _note(self, _c: object, _cursor: object, text: str, *_: object) -> None:
        """A statement; what is done beside the login is not of it."""
        ours = threading.current_thread() is threading.main_thread()
        if ours and not text.startswith("BEGIN"):
            self._sent += 1

    def _login(self, person: str) -> None:
        page = self._ask(self._page)
        started = Started.at(page.location or "")
        app = self._world.registry.app("web")
        (code,) = self._world.issue_codes(app, person, SCOPE_LOGIN)
        cookie = page.headers["Set-Cookie"].partition(";")[0]
        back = self._ask(started.with_code(code), cookie)
        assert back.status_code in (302, 303), back.status_code

    def _ask(self, path: str, cookie: str = "") -> Response:
        environ = EnvironBuilder(path, headers=[("Cookie", cookie)]).get_environ()
        self._profile.enable()
        try:
            return Response.from_app(self._app.wsgi_app, environ)
        finally:
            self._profile.disable()


@contextmanager
def _service(url: str, simulator: SimulatorServer) -> Iterator[Flask]:
    """Our application over this database, as it stands."""
    given = {"database_url": url, "simulator_url": simulator.url, "log_level": "error"}
    with tempfile.TemporaryDirectory() as folder:
        try:
            with databases.redis_server() as redis:
                given["redis_url"] = redis
        except databases.NoServer:
            print("attempts are in the database: no Redis answers")
        app = create_app(load_settings(Path(folder), limits="off", **given))
        with app.app_context():
            db.create_all()
            yield app
            db.engine.dispose()


def _bare(url: str, wechat: str) -> Flask:
    """The least that a login by WeChat is: two questions, one row, one cookie."""
    app, asks = Flask("bare"), requests.Session()
    app.secret_key, asks.trust_env = secrets.token_bytes(32), False
    engine = sa.create_engine(url)
    people = sa.Table(
        "bare", sa.MetaData(), *(sa.Column(name, sa.String(255)) for name in _KEPT)
    )
    people.create(engine)

    @app.get("/login")
    def login() -> Response:
        session["state"] = secrets.token_urlsafe(16)
        back = {"redirect_uri": "http://localhost/back", "state": session["state"]}
        return redirect(f"{wechat}/connect/qrconnect?{urlencode(back)}")

    @app.get("/back")
    def back() -> Response:
        assert secrets.compare_digest(session.pop("state"), request.args["state"])
        facts = {"appid": "wx0000000000000a01", "secret": "secret-of-web"}
        facts |= {"code": request.args["code"], "grant_type": "authorization_code"}
        tokens = asks.get(f"{wechat}/sns/oauth2/access_token", params=facts).json()
        wanted = {name: tokens[name] for name in ("access_token", "openid")}
        person = asks.get(f"{wechat}/sns/userinfo", params=wanted).json()
        with engine.begin() as connection:
            row = {name: person[name] for name in _KEPT}
            connection.execute(sa.insert(people), row)
        session["openid"] = person["openid"]
        return redirect("/me")

    return app


_KEPT = ("openid", "unionid", "nickname", "headimgurl")

if __name__ == "__main__":
    sys.exit(0 if prove() else 1)
