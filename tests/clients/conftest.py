"""Clients that others wrote, each as a site of its own beside a running oidc.

A client is a process with its own interpreter or server; it knows the issuer, its
id and its secret, and reads the rest by itself. Where one is not installed its tests
skip and say what to install; in CI they fail.
"""

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote

import pytest
import requests

from tests.browser.conftest import (  # noqa: F401  fixtures
    Service,
    serve,
    simulator,
    window,
)
from tests.cli.commands import PATIENCE, Commands, free_port, get
from tests.clients import apache
from tests.clients.person import Person

HERE = Path(__file__).parent
NODE = HERE / "node"
CLIENT_ID = "somebodys-site"
SECRET = "a secret with spaces, 50% & more"


def required(missing: str) -> NoReturn:
    """Skips the test, or fails it in CI; `missing` says what to install."""
    if os.environ.get("CI") == "true":
        pytest.fail(missing, pytrace=False)
    pytest.skip(missing)


def node_modules() -> Path:
    """The folder with the clients for Node and for browsers."""
    found = NODE / "node_modules"
    wanted = json.loads((NODE / "package.json").read_text())["dependencies"]
    there = all((found / name).is_dir() for name in wanted)
    if shutil.which("node") is None or not there:
        required(
            "Node or its clients are missing; install them with: "
            "apt-get install nodejs npm && npm ci --prefix tests/clients/node"
        )
    return found


@dataclass(frozen=True)
class Site:
    """A running site, and where its pages are."""

    url: str
    commands: Commands
    login: str = "/login"
    me: str = "/me"
    logout: str = "/logout"
    #: Makes an hour pass for the site, where it has a clock that we can move.
    later: str = ""

    def knows(self, person: Person) -> dict[str, Any] | None:
        """Who is signed in here: sub, name, and marks of the tokens."""
        answer = person.goes_to(self.url + self.me)
        return answer.json() if answer.status_code == 200 else None

    def refreshed_by(self, known: dict[str, Any]) -> str:
        """The address that makes the site renew its tokens."""
        return f"{self.url}/refresh"


class ApacheSite(Site):
    """Apache tells what it knows in words of its own."""

    def knows(self, person: Person) -> dict[str, Any] | None:
        answer = person.goes_to(f"{self.url}/callback?info=json")
        if answer.status_code != 200 or not answer.content:
            return None
        told = answer.json()
        return {
            "sub": told["id_token"]["sub"],
            "name": told["userinfo"]["name"],
            "mark": told["access_token"],
        }

    def refreshed_by(self, known: dict[str, Any]) -> str:
        """The module's own page renews the tokens of who can name the old one."""
        back = quote(f"{self.url}/inside/", safe="")
        return f"{self.url}/callback?refresh={back}&access_token={known['mark']}"


def site_of(port: int, **more: Any) -> dict[str, Any]:
    """What the operator writes about a site on this port."""
    url = f"http://localhost:{port}"
    return {
        "name": "Somebody's site",
        "client_id": CLIENT_ID,
        "origins": (url,),
        "redirect_uris": (f"{url}/callback", f"{url}/oidc/callback/"),
        "post_logout_redirect_uris": (f"{url}/bye", f"{url}/bye/"),
        **more,
    }


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def service(serve: Callable[..., Service], port: int) -> Service:  # noqa: F811
    """The oidc, which knows the site that is going to run on `port`."""
    return serve(sites=(site_of(port, client_secret=SECRET),))


@pytest.fixture
def commands(tmp_path: Path) -> Iterator[Commands]:
    # `env` runs whatever words follow.
    started = Commands(tmp_path, program=["env"])
    yield started
    started.stop_all()


@pytest.fixture(
    params=["authlib", "mozilla_django_oidc", "openid_client", "mod_auth_openidc"]
)
def site(request: pytest.FixtureRequest) -> Site:
    """Each client's site, one after the other, as it runs."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def authlib(service: Service, commands: Commands, port: int) -> Site:
    """Authlib's Flask client."""
    return _python_site("authlib_site", service, commands, port)


@pytest.fixture
def mozilla_django_oidc(service: Service, commands: Commands, port: int) -> Site:
    if find_spec("mozilla_django_oidc") is None:
        required("mozilla-django-oidc is missing; install it with: make test")
    return _python_site("django_site", service, commands, port)


@pytest.fixture
def openid_client(service: Service, commands: Commands, port: int) -> Site:
    """npm openid-client under Node."""
    node_modules()
    words = ["node", str(NODE / "site.mjs")]
    return _started(words, service, commands, port, later="/later?seconds=90")


@pytest.fixture
def mod_auth_openidc(service: Service, commands: Commands, port: int) -> Iterator[Site]:
    """Debian's Apache and its module."""
    program = apache.program()
    if program is None:
        required(apache.MISSING)
    with apache.folder_for(
        port=port, issuer=service.url, client_id=CLIENT_ID, client_secret=SECRET
    ) as folder:
        words = [program, "-f", str(folder / "apache.conf"), "-DFOREGROUND"]
        commands.start(*words)
        url = f"http://localhost:{port}"
        wait_for(f"{url}/bye/", commands)
        yield ApacheSite(
            url,
            commands,
            login="/inside/",
            me="/callback?info=json",
            logout=f"/callback?logout={url}/bye/",
        )
        commands.stop_all()


@pytest.fixture
def person(service: Service, simulator) -> Iterator[Person]:  # noqa: F811
    """小明, with a browser that has seen nothing."""
    one = Person(service.url, simulator)
    yield one
    one.close()


def _python_site(name: str, service: Service, commands: Commands, port: int) -> Site:
    words = [sys.executable, str(HERE / "sites" / f"{name}.py")]
    return _started(words, service, commands, port)


def _started(
    words: list[str], service: Service, commands: Commands, port: int, **more: str
) -> Site:
    commands.start(
        *words,
        ISSUER=service.url,
        CLIENT_ID=CLIENT_ID,
        CLIENT_SECRET=SECRET,
        PORT=str(port),
        DATABASE=str(commands.folder / "site.db"),
    )
    url = f"http://localhost:{port}"
    wait_for(f"{url}/bye", commands)
    return Site(url, commands, **more)


def wait_for(url: str, commands: Commands) -> None:
    """Until the site answers at all."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            get(url)
        except requests.ConnectionError:
            (running,) = commands._started
            if running.process.poll() is not None:
                running.says("it is there")
            assert time.monotonic() < end, f"{url} does not answer"
            time.sleep(0.05)
        else:
            return
