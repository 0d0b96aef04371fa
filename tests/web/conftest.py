"""The service and a simulated WeChat, one fresh pair for each test."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask

from tests.support.journey import Browser, Phone, pictures_arrive
from tests.support.tables import create_tables
from wxlogin import create_app
from wxlogin.config import Settings, load_settings
from wxlogin.db import db
from wxlogin.simulator.server import SimulatorServer


@pytest.fixture
def simulator(wechat_demo: SimulatorServer) -> SimulatorServer:
    """WeChat, as it begins each time."""
    return wechat_demo


@pytest.fixture
def settings_for(
    tmp_path: Path, own_url: str, simulator: SimulatorServer
) -> Callable[..., Settings]:
    """Settings for the simulator, with changes."""

    def make(**changes: object) -> Settings:
        given = {"database_url": own_url, "wechat_budget": 2.0, **changes}
        if changes.get("simulator") != "off":
            given.setdefault("simulator_url", simulator.url)
        return load_settings(tmp_path, **given)

    return make


@pytest.fixture
def app_for(settings_for: Callable[..., Settings]) -> Iterator[Callable[..., Flask]]:
    """A service with these settings, and its tables."""
    made: list[Flask] = []

    def make(**changes: object) -> Flask:
        app = create_app(settings_for(**changes))
        with app.app_context():
            create_tables()
        made.append(app)
        return app

    yield make
    for app in made:
        pictures_arrive(app)
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def app(app_for: Callable[..., Flask]) -> Flask:
    return app_for()


@pytest.fixture
def browser(app: Flask) -> Browser:
    return Browser(app)


@pytest.fixture
def other_browser(app: Flask) -> Browser:
    return Browser(app)


@pytest.fixture
def xiaoming(simulator: SimulatorServer) -> Phone:
    return Phone(simulator, "xiaoming")


@pytest.fixture
def lihua(simulator: SimulatorServer) -> Phone:
    return Phone(simulator, "lihua")


@pytest.fixture
def signed_in(browser: Browser, xiaoming: Phone) -> Browser:
    """A browser in which 小明 is signed in."""
    started = browser.starts()
    assert browser.returns(started, xiaoming.confirms(started)).status_code == 303
    return browser


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Our time, which `clock.shift(seconds)` moves; the simulator has its own."""
    with time_machine.travel(datetime.now(UTC), tick=True) as traveller:
        yield traveller


@pytest.fixture
def browser_of() -> Callable[[Flask], Browser]:
    """A browser at a service of one's own settings."""
    return Browser


@pytest.fixture
def log(app: Flask) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """`log()`: the lines that were logged since the last look, as an operator gets
    them."""
    (handler,) = (
        handler
        for handler in logging.getLogger("wxlogin").handlers
        if isinstance(handler, logging.StreamHandler)
    )
    written = io.StringIO()
    before = handler.setStream(written)

    def look() -> list[dict[str, Any]]:
        lines = written.getvalue().splitlines()
        written.seek(0)
        written.truncate()
        return [json.loads(line) for line in lines]

    yield look
    handler.setStream(before)
