"""The service with three sites, each with a server: what most tests here are about."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.web.openid_site import PUBLIC, SHOP, SITES, SiteServer


@pytest.fixture
def app(app_for: Callable[..., Flask]) -> Flask:
    return app_for(sites=SITES)


@pytest.fixture
def shop(app: Flask) -> SiteServer:
    return SiteServer(app, SHOP)


@pytest.fixture
def native(app: Flask) -> SiteServer:
    """A program on the person's device, which keeps no secret."""
    return SiteServer(app, PUBLIC)
