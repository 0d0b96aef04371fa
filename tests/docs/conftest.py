"""The shops of the documents, and somebody who only pretends to know people."""

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import time
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from werkzeug.routing import MapAdapter
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from tests.docs.examples import CLIENT_ID, Example
from wxlogin import create_app
from wxlogin.cli.serving import QuietHandler
from wxlogin.config import load_settings
from wxlogin.simulator.app import create_simulator


@pytest.fixture
def start_example(tmp_path: Path) -> Iterator[Callable[..., Example]]:
    """`start_example("php", issuer)`; what it complains of fails the test."""
    running: list[Example] = []

    def start(language: str, issuer: str) -> Example:
        running.append(Example(language, tmp_path))
        running[-1].start(issuer)
        return running[-1]

    yield start
    for example in running:
        log = example.stop()
        assert not re.search("Traceback|Warning|Deprecated|Notice|Fatal", log), log


@dataclass
class Issuer:
    """Answers token and userinfo calls with whatever it was told to say."""

    url: str = ""
    said: dict[str, object] = field(default_factory=dict)
    person: dict[str, object] = field(default_factory=dict)

    def answer(self, environ, start_response):
        request = Request(environ)
        if request.path == "/oauth2/token":
            body = base64.urlsafe_b64encode(json.dumps(self.said).encode()).decode()
            token = f"e30.{body.rstrip('=')}.c2ln"
            answer = {"access_token": "an-access-token", "id_token": token}
        else:
            answer = self.person
        text = json.dumps(answer)
        return Response(text, mimetype="application/json")(environ, start_response)


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    made = Issuer()
    server = make_server(
        "127.0.0.1", 0, made.answer, threaded=True, request_handler=QuietHandler
    )
    made.url = f"http://127.0.0.1:{server.port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def metadata(issuer: Issuer) -> str:
    """The issuer, which now says where its endpoints are, whatever it is asked."""
    issuer.person = {
        "issuer": issuer.url,
        "authorization_endpoint": f"{issuer.url}/oauth2/authorize",
        "token_endpoint": f"{issuer.url}/oauth2/token",
    }
    return issuer.url


class Customer:
    """A browser at a shop; the sign-in it is sent to is answered by the test."""

    def __init__(self, shop: Example) -> None:
        self.shop = shop
        self.browser = requests.Session()
        self.browser.trust_env = False
        self.browser.headers["Accept-Language"] = "zh-CN"

    def asks(self) -> dict[str, str]:
        """Presses the button; what the shop asks of the issuer."""
        url = f"{self.shop.url}/login"
        answer = self.browser.get(url, allow_redirects=False, timeout=10)
        query = parse_qs(urlsplit(answer.headers["Location"]).query)
        return {name: values[0] for name, values in query.items()}

    def comes_back(self, state: str, **more: str) -> requests.Response:
        url = f"{self.shop.url}/callback"
        query = {"code": "a-code", "state": state, **more}
        return self.browser.get(url, params=query, timeout=10)


@pytest.fixture
def customer_of() -> Iterator[Callable[[Example], Customer]]:
    customers: list[Customer] = []

    def customer(shop: Example) -> Customer:
        customers.append(Customer(shop))
        return customers[-1]

    yield customer
    for each in customers:
        each.browser.close()


@pytest.fixture
def tells(issuer: Issuer) -> Callable[..., None]:
    """The issuer says of 小明 what is right, but for `changes`."""

    def tell(asked: dict[str, str], **changes: object) -> None:
        right = {"iss": issuer.url, "aud": CLIENT_ID, "sub": "one"}
        right |= {"nonce": asked["nonce"], "exp": int(time()) + 600}
        issuer.said = right | changes
        issuer.person = {"sub": "one", "name": "<b>小明</b>"}

    return tell


@pytest.fixture(scope="module")
def service_routes(tmp_path_factory: pytest.TempPathFactory) -> MapAdapter:
    """Which path and method is answered by the service."""
    folder = tmp_path_factory.mktemp("instance")
    app = create_app(load_settings(folder))
    return app.url_map.bind("127.0.0.1")


@pytest.fixture(scope="module")
def simulator_routes() -> MapAdapter:
    """The same of the simulator."""
    return create_simulator().url_map.bind("localhost")
