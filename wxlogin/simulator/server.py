"""A real HTTP server for the simulator: in a thread for tests, or in the foreground.

Long polls hold a thread each and the spoiled answers need the socket, both of which
werkzeug's threaded server gives. It writes no access log: a request line holds
secrets and codes.
"""

import ipaddress
from collections.abc import Callable, Iterable
from threading import Thread
from types import TracebackType
from typing import Self

from .app import create_simulator
from .authority import Authority
from .connections import Connections
from .host_paths import by_http
from .hosts import OPEN
from .world import World
from .world.worlds import Worlds


class SimulatorServer:
    """The simulator on a port of its own; a context manager.

    It answers to loopback's names, to `host` and to `names`. `url` names `localhost`,
    which to a browser is another site than 127.0.0.1, as WeChat is. With `port=0` the
    system picks a free one. `app` is the same simulator without the network.

    `world` may be Worlds, which several servers then share.

    With an `authority` it is at WeChat's real names, by https. `written_port` is then
    the port in the addresses that it writes; without one its own. `http_port` is what
    WeChat's port 80 is here; without one nobody is there.
    """

    def __init__(
        self,
        world: World | Worlds | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        hold_seconds: float = 25.0,
        names: Iterable[str] = (),
        authority: Authority | None = None,
        written_port: int | None = None,
        http_port: int | None = None,
    ) -> None:
        if not isinstance(world, Worlds):
            world = Worlds(world or World.demo())
        self.worlds, self.world = world, world.first
        names = [host, *names]
        self._tls = authority.context(_certified(names)) if authority else None
        self._written_port = written_port
        self.app = create_simulator(
            world,
            hold_seconds=hold_seconds,
            names=names,
            https_port=None if authority is None else written_port or port,
        )
        self._host, self._port = host, port
        self._http_port = http_port
        self._server: Connections | None = None
        #: The second one, without TLS.
        self._plain: Connections | None = None
        self._threads: list[Thread] = []

    @property
    def url(self) -> str:
        """The base URL, without a slash at the end. Known once started."""
        name, scheme = _name(self._host), "http" if self._tls is None else "https"
        if self._tls is not None and self.port == 443:
            return f"https://{name}"
        return f"{scheme}://{name}:{self.port}"

    @property
    def port(self) -> int:
        """Known once the port is open."""
        return self._server.port if self._server else self._port

    def bind(self) -> Connections:
        """Open the port; raises OSError when it is taken."""
        if self._server is None:
            self._server = Connections(self._host, self._port, self.app, self._tls)
            if self._tls is not None:
                self.app.config["HTTPS_PORT"] = self._written_port or self.port
            if self._http_port is not None:
                plain = by_http(self.app)
                self._plain = Connections(self._host, self._http_port, plain, None)
        return self._server

    @property
    def http_port(self) -> int | None:
        """The second port, where there is one; known once it is open."""
        return self._plain.port if self._plain else self._http_port

    def start(self) -> Self:
        """Serve in a daemon thread; returns once requests are answered."""
        self.bind()
        for server in self._open():
            thread = Thread(
                target=server.serve_forever, args=(0.02,), name="simulator", daemon=True
            )
            thread.start()
            self._threads.append(thread)
        return self

    def stop(self) -> None:
        """Let waiting polls answer, close the ports, end the threads."""
        if self._server is None:
            return
        self.worlds.wake()
        for server in self._open():
            if self._threads:
                server.shutdown()
            server.server_close()
        for thread in self._threads:
            thread.join()
        self._server = self._plain = None
        self._threads.clear()

    def _open(self) -> list[Connections]:
        return [one for one in (self._server, self._plain) if one is not None]

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _name(host: str) -> str:
    """The host people type: loopback and "any address" are called localhost."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.is_loopback or address.is_unspecified:
        return "localhost"
    return f"[{host}]" if address.version == 6 else host


def _certified(names: Iterable[str]) -> list[str]:
    """Those that a certificate can name: "any address" is none."""
    return [name for name in names if name.strip("[]") not in ("0.0.0.0", "::")]  # noqa: S104  compared # nosec B104


def run(
    host: str = "127.0.0.1",
    port: int = 5001,
    world: World | None = None,
    hold_seconds: float = 25.0,
    names: Iterable[str] = (),
    authority: Authority | None = None,
    told: Callable[[SimulatorServer], str] | None = None,
) -> None:
    """Serve in the foreground until interrupted, after a line or two that say where.

    `told` says something else in their place. Raises OSError when the port is taken.
    """
    simulator = SimulatorServer(world, host, port, hold_seconds, names, authority)
    server = simulator.bind()
    ready = f"simulator ready on {simulator.url}"
    if authority is not None:
        ready += f"\nand on https://{OPEN} …, trusted by {authority.file}"
    print(told(simulator) if told else ready, flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        simulator.stop()
