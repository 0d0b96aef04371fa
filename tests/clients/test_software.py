"""Software of docs/software.md with the settings that stand there: each signs 小明 in,
and to each whoever else takes his nickname is somebody else.

What it shows of itself is asked of its own page, `/me`: by what it knows the person,
and the name that it greets by. One process runs all that is for Node, one all that is
for Python.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import Service
from tests.cli.commands import Commands, free_port
from tests.clients.conftest import HERE, NODE, node_modules, wait_for
from tests.clients.person import Person
from wxlogin.simulator.server import SimulatorServer

SECRET = "a-secret-of-this-site-alone"
#: Where each is come back to.
ON_NODE = {
    "auth.js": "/auth/callback/wxlogin",
    "better-auth": "/api/auth/callback/wxlogin",
    "express-openid-connect": "/callback",
    "passport-openidconnect": "/callback",
}
IN_PYTHON = {
    "django-allauth": "/accounts/oidc/wechat/login/callback/",
    "flask-dance": "/wechat/authorized",
    "flask-oidc": "/authorize",
    "social-auth": "/complete/oidc/",
}
#: What the site's entry says beyond the address.
WISHES: dict[str, dict[str, Any]] = {"better-auth": {"email": "placeholder"}}

Ask = Callable[[dict[str, str], list[str]], dict[str, list[dict[str, str]]]]


@pytest.fixture
def sign_in(
    serve: Callable[..., Service],
    simulator: SimulatorServer,
    commands: Commands,
) -> Ask:
    """Starts the sites and has 小明 and a stranger of his nickname sign in at each."""

    def run(
        software: dict[str, str], words: list[str]
    ) -> dict[str, list[dict[str, str]]]:
        ports = {name: free_port() for name in software}
        service = serve(sites=tuple(_site(name, ports, software) for name in software))
        sites = {name: (port, name, SECRET) for name, port in ports.items()}
        database = str(commands.folder / "sites.db")
        commands.start(
            *words, ISSUER=service.url, SITES=json.dumps(sites), DATABASE=database
        )
        simulator.world.registry.put_person({"name": "other", "nickname": "小明😀"})
        found: dict[str, list[dict[str, str]]] = {}
        for name, port in ports.items():
            wait_for(f"http://localhost:{port}/bye", commands)
            for who in ("xiaoming", "other"):
                person = Person(service.url, simulator, who)
                person.goes_to(f"http://localhost:{port}/login")
                answer = person.goes_to(f"http://localhost:{port}/me")
                found.setdefault(name, []).append(answer.json())
                person.close()
        return found

    return run


def _site(name: str, ports: dict[str, int], software: dict[str, str]) -> dict[str, Any]:
    return {
        "name": name,
        "client_id": name,
        "client_secret": SECRET,
        "redirect_uris": (f"http://localhost:{ports[name]}{software[name]}",),
        **WISHES.get(name, {}),
    }


def _assert_good(
    found: dict[str, list[dict[str, str]]], software: dict[str, str]
) -> None:
    names = {name: {one.get("name") for one in both} for name, both in found.items()}
    assert names == {name: {"小明😀"} for name in software}
    alike = [name for name, (one, two) in found.items() if one["id"] == two["id"]]
    assert alike == []
    for one, two in found.values():
        assert one["id"] and two["id"] and "小明" not in one["id"] + two["id"]


def test_software_on_node(sign_in: Ask) -> None:
    """finding I10"""
    node_modules()
    found = sign_in(ON_NODE, ["node", str(NODE / "software.mjs")])
    _assert_good(found, ON_NODE)


def test_software_in_python(sign_in: Ask) -> None:
    """finding I10; Flask-Dance asks for offline_access, and fails where it is lost."""
    found = sign_in(IN_PYTHON, [sys.executable, str(HERE / "sites" / "software.py")])
    _assert_good(found, IN_PYTHON)
