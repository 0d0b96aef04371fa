"""A oidc on https as in production, two sites, and a person who visits them."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.plans.rp import RelyingParty
from tests.plans.visitor import Visitor
from tests.support.journey import Browser, Phone
from tests.web.conftest import (  # noqa: F401  fixtures
    app_for,
    clock,
    settings_for,
    simulator,
)
from wxlogin.simulator.server import SimulatorServer
from wxlogin.wechat import endpoints

HOST = "login.example"
WEB = {
    "name": "web",
    "kind": "website",
    "appid": "wx0000000000000a01",
    "secret": "0123456789abcdef0123456789abcdef",
    "open_platform": "main",
}
SHOP = {
    "name": "茶铺",
    "client_id": "shop",
    "client_secret": "the-shop's secret: 50% & more",
    "redirect_uris": ("https://shop.example/callback",),
    "post_logout_redirect_uris": ("https://shop.example/signed-out",),
    "email": "placeholder",
}
BLOG = {
    "name": "Blog",
    "client_id": "blog",
    "client_secret": "the-blog-has-another-secret",
    "redirect_uris": ("https://blog.example/callback?from=login",),
}
POCKET = {
    "name": "Pocket",
    "client_id": "pocket",
    "redirect_uris": ("https://pocket.example/callback",),
}


@pytest.fixture
def provider_for(
    app_for,  # noqa: F811
    simulator: SimulatorServer,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., Flask]:
    """The service on https, with these sites; WeChat is the simulated one."""
    for name in ("API_HOST", "OPEN_HOST"):
        monkeypatch.setattr(endpoints, name, simulator.url)

    def make(*sites: dict[str, Any], path: str = "", **changes: object) -> Flask:
        simulator.world.registry.put_apps(
            {"name": "web", "secret": WEB["secret"], "callback_domains": [HOST]}
        )
        return app_for(
            public_url=f"https://{HOST}{path}",
            simulator="off",
            apps=(WEB,),
            sites=sites or (SHOP, BLOG, POCKET),
            secret_key="K7vQ2mX9pL4sW8nR3tY6bZ1cF5gH0jD2",
            encryption_keys=(base64.b64encode(bytes(range(32))).decode(),),
            **changes,
        )

    return make


@pytest.fixture
def oidc(provider_for) -> Flask:
    return provider_for()


def party(app: Flask, site: dict[str, Any], **more: Any) -> RelyingParty:
    return RelyingParty(
        app,
        client_id=site["client_id"],
        secret=site.get("client_secret"),
        redirect_uri=site["redirect_uris"][0],
        **more,
    )


@pytest.fixture
def shop(oidc: Flask) -> RelyingParty:
    """A site that keeps a secret and proves it in a header."""
    return party(oidc, SHOP)


@pytest.fixture
def shop_by_post(oidc: Flask) -> RelyingParty:
    """The same site, which sends its secret in the form."""
    return party(oidc, SHOP, auth="client_secret_post")


@pytest.fixture
def pocket(oidc: Flask) -> RelyingParty:
    """A site without a server: a public client."""
    return party(oidc, POCKET)


@pytest.fixture
def visitor(oidc: Flask, simulator: SimulatorServer) -> Visitor:  # noqa: F811
    """小明, whose browser nobody has seen before."""
    return Visitor(Browser(oidc), Phone(simulator, "xiaoming"))


@pytest.fixture
def idle_visitor(oidc: Flask, simulator: SimulatorServer) -> Visitor:  # noqa: F811
    """Somebody who looks at the login page and does nothing."""
    return Visitor(Browser(oidc), Phone(simulator, "lihua"), willing=False)
