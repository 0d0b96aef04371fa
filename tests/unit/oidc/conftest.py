"""The service without WeChat: its database, its keys, its sites."""

import base64
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.support.tables import create_tables
from wxlogin import create_app
from wxlogin.config import Site, load_settings
from wxlogin.db import db

PUBLIC_URL = "http://127.0.0.1:5000"
SHOP = Site(
    name="茶铺",
    client_id="shop",
    client_secret="the-shop-s-own-client-secret",
    redirect_uris=("http://localhost:8000/callback",),
    post_logout_redirect_uris=("http://localhost:8000/bye",),
)
NATIVE = Site(name="app", client_id="native", id_token_alg="ES256")


def sealing_key(number: int) -> str:
    return base64.b64encode(bytes(range(number, number + 32))).decode()


@pytest.fixture
def service_for(tmp_path: Path, own_url: str) -> Iterator[Callable[..., Flask]]:
    """A service with these settings on the test's one database."""
    made: list[Flask] = []

    def make(**changes: object) -> Flask:
        given = {
            "database_url": own_url,
            "sites": (SHOP, NATIVE),
            "encryption_keys": (sealing_key(0),),
            "simulator_url": "http://localhost:5001",
            **changes,
        }
        app = create_app(load_settings(tmp_path, **given))
        with app.app_context():
            create_tables()
        made.append(app)
        return app

    yield make
    for app in made:
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def service(service_for: Callable[..., Flask]) -> Iterator[Flask]:
    """The service, with its context pushed."""
    app = service_for()
    with app.app_context():
        yield app
