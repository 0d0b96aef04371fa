"""What each program of `tests.proof.software` is installed by, started with and asked.

The settings are those of docs/software.md.
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.cli.commands import free_port
from tests.clients.person import Person

SECRET = "a-secret-of-this-site-alone"


@dataclass(frozen=True)
class Place:
    """Where a program runs: its files, its address, its client at wxlogin."""

    folder: Path
    environment: Path
    port: int
    issuer: str

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def program(self, name: str) -> str:
        return str(self.environment / "bin" / name)


@dataclass(frozen=True)
class Program:
    """`start` writes its settings and says what to run, `sign_in` is what its button
    does, and `user` whom it says is signed in."""

    name: str
    packages: tuple[str, ...]
    callback: str
    #: What answers 200 as soon as it can be used.
    ready: str
    start: Callable[[Place], tuple[list[str], dict[str, str]]]
    sign_in: Callable[[Person, Place], object]
    user: Callable[[Person, Place], str]
    #: What the site's table says beyond the address.
    wishes: dict[str, Any] = field(default_factory=dict)
    #: What Node brings.
    node: tuple[str, ...] = ()
    #: The oldest Python that runs it.
    oldest: tuple[int, int] = (3, 11)


def _jupyterhub(place: Place) -> tuple[list[str], dict[str, str]]:
    proxy = place.environment / "node_modules/.bin/configurable-http-proxy"
    (place.folder / "hub.py").write_text(f"""
c.JupyterHub.bind_url = "{place.url}"
c.JupyterHub.hub_port = {free_port()}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{free_port()}"
c.ConfigurableHTTPProxy.command = ["{proxy}"]
c.JupyterHub.spawner_class = "simple"
c.JupyterHub.authenticator_class = "generic-oauth"
c.GenericOAuthenticator.client_id = "jupyterhub"
c.GenericOAuthenticator.client_secret = "{SECRET}"
c.GenericOAuthenticator.oauth_callback_url = "{place.url}/hub/oauth_callback"
c.GenericOAuthenticator.authorize_url = "{place.issuer}/oauth2/authorize"
c.GenericOAuthenticator.token_url = "{place.issuer}/oauth2/token"
c.GenericOAuthenticator.userdata_url = "{place.issuer}/oauth2/userinfo"
c.GenericOAuthenticator.scope = ["openid", "profile"]
c.GenericOAuthenticator.username_claim = "preferred_username"
c.GenericOAuthenticator.allow_all = True
""")
    return [place.program("jupyterhub"), "-f", "hub.py"], {}


def _named_at(path: str) -> Callable[[Person, Place], str]:
    """The user name of ours that a page of the program shows, or the page's end."""

    def user(person: Person, place: Place) -> str:
        page = person.goes_to(place.url + path).text
        found = re.search(r"wx-[a-z2-7]{16}", page)
        return found[0] if found else page[-300:]

    return user


def _pgadmin(place: Place) -> tuple[list[str], dict[str, str]]:
    (package,) = place.environment.glob("lib/python3*/site-packages/pgadmin4")
    (package / "config_local.py").write_text(f"""
DATA_DIR = "{place.folder}"
LOG_FILE = DATA_DIR + "/log"
SQLITE_PATH = DATA_DIR + "/pgadmin.db"
SESSION_DB_PATH = DATA_DIR + "/sessions"
STORAGE_DIR = DATA_DIR + "/storage"
DEFAULT_SERVER_PORT = {place.port}
MASTER_PASSWORD_REQUIRED = UPGRADE_CHECK_ENABLED = False
AUTHENTICATION_SOURCES = ["oauth2", "internal"]
OAUTH2_AUTO_CREATE_USER = True
OAUTH2_CONFIG = [{{
    "OAUTH2_NAME": "wechat", "OAUTH2_DISPLAY_NAME": "微信",
    "OAUTH2_CLIENT_ID": "pgadmin", "OAUTH2_CLIENT_SECRET": "{SECRET}",
    "OAUTH2_SERVER_METADATA_URL":
        "{place.issuer}/.well-known/openid-configuration",
    "OAUTH2_SCOPE": "openid profile", "OAUTH2_USERNAME_CLAIM": "preferred_username",
}}]
""")
    owner = {"EMAIL": "owner@teashop.cn", "PASSWORD": secrets.token_hex(8)}
    words = [place.program("python"), str(package / "pgAdmin4.py")]
    return words, {f"PGADMIN_SETUP_{name}": said for name, said in owner.items()}


def _presses_pgadmins_button(person: Person, place: Place) -> None:
    page = person.goes_to(f"{place.url}/login").text
    token = re.search(r"csrfToken\W+([\w.-]+)", page)
    form = {"csrf_token": token and token[1], "oauth2_button": "wechat"}
    sent = person.session.post(
        f"{place.url}/authenticate/login", data=form, allow_redirects=False, timeout=60
    )
    person.goes_to(sent.headers["Location"])


def _mlflow(place: Place) -> tuple[list[str], dict[str, str]]:
    database = f"sqlite:///{place.folder}"
    words = [place.program("mlflow"), "server", "--app-name", "oidc-auth"]
    words += ["--port", str(place.port), "--workers", "1"]
    words += ["--backend-store-uri", f"{database}/mlflow.db"]
    return words, {
        "SECRET_KEY": secrets.token_hex(16),
        "OIDC_USERS_DB_URI": f"{database}/users.db",
        "OIDC_DISCOVERY_URL": f"{place.issuer}/.well-known/openid-configuration",
        "OIDC_CLIENT_ID": "mlflow",
        "OIDC_CLIENT_SECRET": SECRET,
        "OIDC_REDIRECT_URI": f"{place.url}/callback",
        "OIDC_SCOPE": "openid profile",
        "OIDC_GROUP_NAME": "mlflow",
        "OIDC_ADMIN_GROUP_NAME": "mlflow-admin",
    }


PROGRAMS = (
    Program(
        "jupyterhub",
        ("jupyterhub", "oauthenticator"),
        "/hub/oauth_callback",
        "/hub/health",
        _jupyterhub,
        lambda person, place: person.goes_to(f"{place.url}/hub/oauth_login"),
        _named_at("/hub/home"),
        node=("configurable-http-proxy",),
    ),
    Program(
        "pgadmin",
        ("pgadmin4",),
        "/oauth2/authorize",
        "/misc/ping",
        _pgadmin,
        _presses_pgadmins_button,
        _named_at("/browser/js/utils.js"),
    ),
    Program(
        "mlflow",
        ("mlflow-oidc-auth", "mlflow"),
        "/callback",
        "/health",
        _mlflow,
        lambda person, place: person.goes_to(f"{place.url}/login"),
        _named_at("/auth/status"),
        wishes={"claims": {"groups": ["mlflow"]}},
        oldest=(3, 12),
    ),
)
