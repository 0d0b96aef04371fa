"""For pytest: the fixture `wechat`, a world for one test, at WeChat's real names, too.

The server is started once in each process of pytest, and a world is made for each test.
In that process a look-up of WeChat's names leads to the simulator while the test runs,
and programs trust it that read SSL_CERT_FILE or REQUESTS_CA_BUNDLE then: no root, no
hosts file. A process that the test starts has the variables, and not the names; it is
given `wechat.url`, or everything runs below `wechat-simulator run`.

The simulator is loaded by the first test that wants it, as pytest loads this module in
each suite of an environment.
"""

import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from .hosts import NAMES

if TYPE_CHECKING:
    from .actors import WeChat
    from .server import SimulatorServer
    from .world.worlds import Worlds

_TRUST = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@dataclass(frozen=True)
class WeChatServer:
    """What all tests of a process share: `url`, and by https WeChat's real names."""

    worlds: "Worlds"
    url: str
    https_port: int
    #: What makes programs trust it, and go to it without anybody's proxy.
    environ: dict[str, str]


@pytest.fixture(scope="session")
def wechat_hold_seconds() -> float:
    """How long the QR page's poll is held; for a suite's conftest.py to say."""
    return 25.0


@pytest.fixture(scope="session")
def wechat_origin(wechat_hold_seconds: float) -> "Iterator[SimulatorServer]":
    """The simulator as one origin by http, started once in each process."""
    from .server import SimulatorServer

    with SimulatorServer(hold_seconds=wechat_hold_seconds) as server:
        yield server


@pytest.fixture
def wechat_demo(wechat_origin: "SimulatorServer") -> "SimulatorServer":
    """The same, with the built-in world as it began: its appids are always the same.

    For what holds on to them, such as settings in a file; otherwise `wechat` is better.
    """
    wechat_origin.world.reset()
    return wechat_origin


@pytest.fixture(scope="session")
def wechat_server(
    wechat_origin: "SimulatorServer",
    wechat_hold_seconds: float,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[WeChatServer]:
    """The simulator with WeChat's names; the fixture `wechat` is what tests need."""
    from .authority import Authority
    from .server import SimulatorServer
    from .trust import past_proxies, trusting

    folder = tmp_path_factory.mktemp("wechat")
    authority = Authority.kept(folder / "authority" / "ca.pem")
    trust = trusting(os.environ, authority, folder)
    environ = {name: trust[name] for name in _TRUST} | past_proxies(os.environ)
    worlds = wechat_origin.worlds
    with SimulatorServer(
        worlds,
        hold_seconds=wechat_hold_seconds,
        authority=authority,
        written_port=443,
    ) as named:
        yield WeChatServer(worlds, wechat_origin.url, named.port, environ)


@pytest.fixture
def wechat_names(
    wechat_server: WeChatServer, monkeypatch: pytest.MonkeyPatch
) -> WeChatServer:
    """The server, to which WeChat's names lead in this process while a test runs."""
    for name, value in wechat_server.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(socket, "getaddrinfo", _answering(wechat_server.https_port))
    return wechat_server


@pytest.fixture
def wechat(wechat_names: WeChatServer) -> "Iterator[WeChat]":
    """WeChat for this test alone: its apps, people, clock, faults and calls."""
    from .actors import WeChat

    with WeChat(wechat_names.worlds, wechat_names.url) as mine:
        yield mine


def _answering(port: int) -> Callable[..., list[Any]]:
    """A `getaddrinfo` to which WeChat's names are `port` of this machine."""
    ask = socket.getaddrinfo

    def answer(host: Any, service: Any, *args: Any, **more: Any) -> list[Any]:
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
        if not isinstance(name, str) or name.lower().rstrip(".") not in NAMES:
            return ask(host, service, *args, **more)
        if service not in (443, "443", "https", None):
            raise socket.gaierror(
                socket.EAI_NONAME, f"the simulator has {name} by https alone"
            )
        return ask("127.0.0.1", service and port, *args, **more)

    return answer
