"""A client and a WeChat of a few lines for it to ask."""

from collections.abc import Iterator

import pytest

from tests.support.broken_wechat import App, Server
from wxlogin.net.transport import Transport
from wxlogin.wechat.client import WeChat
from wxlogin.wechat.endpoints import Hosts


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def transport() -> Iterator[Transport]:
    transport = Transport()
    yield transport
    transport.close()


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def wechat(server: Server, transport: Transport, pauses: list[float]) -> WeChat:
    """The client, with a budget that keeps a hanging test short."""
    hosts = Hosts(api=f"http://127.0.0.1:{server.port}")
    return WeChat(hosts, budget=5, pool=transport, pause=pauses.append)


@pytest.fixture
def app() -> App:
    return App()
