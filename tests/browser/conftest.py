"""Chromium with two contexts, a PC and a phone, at two real servers.

The service is on 127.0.0.1, the simulated WeChat on localhost: to a browser these
are two sites, as in production. Where Chromium is missing the tests skip.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect
from werkzeug.serving import make_server

from tests.support.journey import pictures_arrive
from tests.support.tables import create_tables
from wxlogin import create_app
from wxlogin.cli.serving import QuietHandler
from wxlogin.config import load_settings
from wxlogin.db import db
from wxlogin.simulator.server import SimulatorServer
from wxlogin.simulator.world import World

#: How long a page may take beside the other tests on two busy cores. What has to be
#: fast is held by a test that says so.
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture
def simulator() -> Iterator[SimulatorServer]:
    with SimulatorServer(World.demo(), hold_seconds=1.0) as server:
        yield server


class Service:
    """The service on a real port."""

    def __init__(self, app: Flask, url: str) -> None:
        self.app = app
        self.url = url


Serve = Callable[..., Service]


@contextmanager
def serving(folder: Path, simulator: SimulatorServer) -> Iterator[Serve]:
    """Starts the service with these settings; `path` is PUBLIC_URL's."""
    running = []

    def start(*, path: str = "", port: int = 0, **changes: object) -> Service:
        server = make_server(
            "127.0.0.1",
            port,
            lambda environ, respond: app(environ, respond),
            threaded=True,
            request_handler=QuietHandler,
        )
        url = f"http://127.0.0.1:{server.port}{path}"
        settings = load_settings(
            folder, public_url=url, simulator_url=simulator.url, **changes
        )
        app = create_app(settings)
        with app.app_context():
            create_tables()
        # It looks that often whether it shall end.
        thread = threading.Thread(
            target=server.serve_forever, args=(0.02,), daemon=True
        )
        thread.start()
        running.append((server, thread, app))
        return Service(app, url)

    try:
        yield start
    finally:
        for server, thread, app in running:
            server.shutdown()
            thread.join()
            server.server_close()
            pictures_arrive(app)
            with app.app_context():
                db.engine.dispose()


@pytest.fixture
def serve(tmp_path: Path, simulator: SimulatorServer) -> Iterator[Serve]:
    with serving(tmp_path, simulator) as start:
        yield start


@pytest.fixture
def service(serve: Callable[..., Service]) -> Service:
    return serve()


@pytest.fixture
def window(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """A window of a browser of its own: `window(width=1280, locale="zh-CN")`."""
    contexts: list[BrowserContext] = []

    def open_window(
        *, width: int = 1280, height: int = 800, locale: str = "zh-CN", **more: object
    ) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": height}, locale=locale, **more
        )
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        return context.new_page()

    yield open_window
    for context in contexts:
        context.close()
