"""social-auth-core's backends sign in with only their hosts changed."""

import warnings
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from flask.testing import FlaskClient

from wxlogin.simulator import World, create_simulator
from wxlogin.simulator.server import SimulatorServer
from wxlogin.simulator.world.ids import openid, unionid

from .conftest import CALLBACK, H5_CALLBACK, OA, WEB, Account, code_of, phone, uuid_in

with warnings.catch_warnings():
    # Its OpenID 2 library, which no backend of WeChat's needs, asks for a module
    # that defusedxml has renamed.
    warnings.filterwarnings("ignore", message="defusedxml.cElementTree is deprecated")
    from social_core.backends.weixin import WeixinOAuth2, WeixinOAuth2APP
    from social_core.exceptions import AuthProviderError, AuthSessionError
    from social_core.strategy import BaseStrategy

HOSTS = ("https://api.weixin.qq.com", "https://open.weixin.qq.com")
SETTINGS = {
    "SOCIAL_AUTH_WEIXIN_KEY": WEB,
    "SOCIAL_AUTH_WEIXIN_SECRET": "secret-of-web",
    "SOCIAL_AUTH_WEIXINAPP_KEY": OA,
    "SOCIAL_AUTH_WEIXINAPP_SECRET": "secret-of-oa",
    "SOCIAL_AUTH_WEIXINAPP_SCOPE": ["snsapi_userinfo"],
    "SOCIAL_AUTH_WEIXINAPP_IGNORE_DEFAULT_SCOPE": True,
}


class Nonces:
    """States that were given out and have not come back."""

    def __init__(self) -> None:
        self.open: set[tuple[str, int, str]] = set()

    def use(self, scope: str, timestamp: int, state: str) -> bool:
        self.open.add((scope, timestamp, state))
        return True

    def consume(self, scope: str, timestamp: int, state: str) -> bool:
        if (scope, timestamp, state) not in self.open:
            return False
        self.open.remove((scope, timestamp, state))
        return True


class Strategy(BaseStrategy):  # type: ignore[misc]  # not typed for its users
    """A web framework of a dictionary: settings, a session, the request's query."""

    def __init__(self) -> None:
        super().__init__(storage=SimpleNamespace(nonce=Nonces()))
        self.session: dict[str, Any] = {}
        self.query: dict[str, str] = {}

    def get_setting(self, name: str) -> Any:
        return SETTINGS[name]

    def request_data(self, merge: bool = True) -> dict[str, str]:
        return self.query

    def session_get(self, name: str, default: Any = None) -> Any:
        return self.session.get(name, default)

    def session_set(self, name: str, value: Any) -> None:
        self.session[name] = value

    def session_pop(self, name: str) -> Any:
        return self.session.pop(name, None)

    def session_setdefault(self, name: str, value: Any) -> Any:
        return self.session.setdefault(name, value)

    def build_absolute_uri(self, path: str | None = None) -> str:
        return path or ""

    def authenticate(self, backend: Any, *args: Any, **kwargs: Any) -> Any:
        """What the backend read of the person, in the place of a user."""
        return kwargs["response"]


@pytest.fixture
def people(world: World) -> FlaskClient:
    """What people do, in the world of the running server."""
    return create_simulator(world, hold_seconds=0).test_client()


def backend_here(backend: Any, server: SimulatorServer, callback: str) -> Any:
    """The backend with Tencent's hosts replaced, which it has in three places."""

    def here(url: str) -> str:
        for host in HOSTS:
            url = url.replace(host, server.url)
        return url

    class Here(backend):  # type: ignore[misc, valid-type]
        AUTHORIZATION_URL = here(backend.AUTHORIZATION_URL)
        ACCESS_TOKEN_URL = here(backend.ACCESS_TOKEN_URL)

        def request(self, url: str, *args: Any, **kwargs: Any) -> requests.Response:
            answer: requests.Response = super().request(here(url), *args, **kwargs)
            return answer

    strategy = Strategy()
    made = Here(strategy, redirect_uri=callback)
    made.data = strategy.query
    return made


def comes_back(backend: Any, url: str) -> Any:
    backend.data = dict(parse_qsl(urlsplit(url).query))
    return backend.auth_complete()


def scans_and_confirms(people: FlaskClient, url: str, person: str) -> str:
    with requests.Session() as http:
        http.trust_env = False
        uuid = uuid_in(http.get(url, timeout=5).text)
    phone(people, "scan", uuid, person)
    confirmed = phone(people, "confirm", uuid, person).get_json()
    return str(confirmed["redirect"])


def test_the_qr_code(people: FlaskClient, server: SimulatorServer) -> None:
    backend = backend_here(WeixinOAuth2, server, CALLBACK)
    url = scans_and_confirms(people, backend.auth_url(), "xiaoming")
    person = comes_back(backend, url)
    assert person["openid"] == openid(WEB, "xiaoming")
    assert person["unionid"] == unionid("main", "xiaoming")


def test_a_page_inside_wechat(people: FlaskClient, server: SimulatorServer) -> None:
    """Its parameters are sorted by name, which happens to be Tencent's order."""
    backend = backend_here(WeixinOAuth2APP, server, H5_CALLBACK)
    url = Account(people).visited(backend.auth_url())["redirect"]
    person = comes_back(backend, url)
    assert person["openid"] == openid(OA, "xiaoming")
    assert person["headimgurl"].startswith(server.url)


@pytest.mark.parametrize(
    ("content_type", "nickname"),
    [(None, "李华"), ("application/json", "\\u674e\\u534e")],
)
def test_its_repair_of_names_needs_the_right_content_type(
    people: FlaskClient,
    server: SimulatorServer,
    content_type: str | None,
    nickname: str,
) -> None:
    """It undoes what `text/plain` makes of a name, and spoils one that is whole."""
    server.world.switch(content_type=content_type)
    backend = backend_here(WeixinOAuth2, server, CALLBACK)
    url = scans_and_confirms(people, backend.auth_url(), "lihua")
    assert comes_back(backend, url)["nickname"] == nickname


def test_errors_reach_it(people: FlaskClient, server: SimulatorServer) -> None:
    backend = backend_here(WeixinOAuth2APP, server, H5_CALLBACK)
    url = Account(people).visited(backend.auth_url())["redirect"]
    with pytest.raises(AuthSessionError):
        comes_back(backend, url.replace("state=", "state=x"))
    comes_back(backend, url)
    again = Account(people).visited(backend.auth_url())["redirect"]
    used = again.replace(code_of(again), code_of(url))
    with pytest.raises(AuthProviderError) as refused:
        comes_back(backend, used)
    assert refused.value.provider_code == 40163
