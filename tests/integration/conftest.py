"""The service on a real port, behind whatever a test puts in front of it."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from flask import Flask
from werkzeug.serving import make_server

from tests.support.journey import Phone, Started, pictures_arrive
from tests.support.tables import create_tables
from wxlogin import create_app
from wxlogin.cli.serving import QuietHandler
from wxlogin.config import load_settings
from wxlogin.db import db
from wxlogin.simulator.server import SimulatorServer


@pytest.fixture
def simulator(wechat_demo: SimulatorServer) -> SimulatorServer:
    return wechat_demo


@pytest.fixture
def xiaoming(simulator: SimulatorServer) -> Phone:
    return Phone(simulator, "xiaoming")


@pytest.fixture
def listen() -> Iterator[Callable[..., int]]:
    """`listen(app)`: a WSGI application on a free port, or this, which it returns."""
    running = []

    def start(app: Callable[..., object], port: int = 0) -> int:
        server = make_server(
            "127.0.0.1", port, app, threaded=True, request_handler=QuietHandler
        )
        thread = threading.Thread(
            target=server.serve_forever, args=(0.02,), daemon=True
        )
        thread.start()
        running.append((server, thread))
        return server.port

    yield start
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def service(
    tmp_path: Path, simulator: SimulatorServer
) -> Iterator[Callable[..., Flask]]:
    """`service(public_url=…)`: the service with these settings, and its tables."""
    made: list[Flask] = []

    def make(**settings: object) -> Flask:
        folder = tmp_path / "instance"
        given = {"simulator_url": simulator.url, **settings}
        app = create_app(load_settings(folder, **given))
        with app.app_context():
            create_tables()
        made.append(app)
        return app

    yield make
    for app in made:
        pictures_arrive(app)
        with app.app_context():
            db.engine.dispose()


class Visitor:
    """A browser that sends real requests: cookies, and redirects if it is told."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.session = requests.Session()
        self.session.trust_env = False

    def get(self, path: str, *, follows: bool = True, **headers: str):
        url = path if "://" in path else self.origin + path
        return self.session.get(
            url, headers=headers, allow_redirects=follows, timeout=20
        )

    def signs_in(self, phone: Phone, login_url: str) -> requests.Response:
        """From the login page by way of WeChat to where it leads."""
        qr_url = login_url.replace("/login?", "/login/qr?")
        started = Started.at(self.get(qr_url, follows=False).headers["Location"])
        code = phone.confirms(started)
        return self.get(started.callback + f"?code={code}&state={started.state}")


@pytest.fixture
def visitor_of() -> Iterator[Callable[[str], Visitor]]:
    """`visitor_of(origin)`: a new browser there."""
    made: list[Visitor] = []

    def open_browser(origin: str) -> Visitor:
        made.append(Visitor(origin))
        return made[-1]

    yield open_browser
    for visitor in made:
        visitor.session.close()
