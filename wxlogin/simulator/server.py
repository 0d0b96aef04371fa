"""A real HTTP server for the simulator: in a thread for tests, or in the foreground.

Long polls hold a thread each and the spoiled answers need the socket, both of which
werkzeug's threaded server gives. It writes no access log: a request line holds
secrets and codes.
"""

import ipaddress
import logging
from collections.abc import Iterable
from threading import Thread
from types import TracebackType
from typing import Self

from werkzeug.serving import BaseWSGIServer, make_server

from wxlogin.server.paced import PacedHandler

from .app import create_simulator
from .world import World

_log = logging.getLogger(__name__)


class _QuietHandler(PacedHandler):
    """No access log; of an error its kind, which holds no secret."""

    def log(self, type: str, message: str, *args: object) -> None:
        if type == "error":
            _log.error("a request to the simulator failed")


class SimulatorServer:
    """The simulator on a port of its own; a context manager.

    It answers to loopback's names, to `host` and to `names`. `url` names `localhost`,
    which to a browser is another site than 127.0.0.1, as WeChat is. With `port=0` the
    system picks a free one. `app` is the same simulator without the network.
    """

    def __init__(
        self,
        world: World | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        hold_seconds: float = 25.0,
        names: Iterable[str] = (),
    ) -> None:
        self.world = world or World.demo()
        self.app = create_simulator(
            self.world, hold_seconds=hold_seconds, names=[host, *names]
        )
        self._host, self._port = host, port
        self._server: BaseWSGIServer | None = None
        self._thread: Thread | None = None

    @property
    def url(self) -> str:
        """The base URL, without a slash at the end. Known once started."""
        port = self._server.port if self._server else self._port
        return f"http://{_name(self._host)}:{port}"

    def bind(self) -> BaseWSGIServer:
        """Open the port; raises OSError when it is taken."""
        if self._server is None:
            self._server = make_server(
                self._host,
                self._port,
                self.app,
                threaded=True,
                request_handler=_QuietHandler,
            )
        return self._server

    def start(self) -> Self:
        """Serve in a daemon thread; returns once requests are answered."""
        server = self.bind()
        self._thread = Thread(
            target=server.serve_forever, args=(0.02,), name="simulator", daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Let waiting polls answer, close the port, end the thread."""
        if self._server is None:
            return
        self.world.qrcodes.wake()
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._server = self._thread = None

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


def run(
    host: str = "127.0.0.1",
    port: int = 5001,
    world: World | None = None,
    hold_seconds: float = 25.0,
    names: Iterable[str] = (),
) -> None:
    """Serve in the foreground until interrupted, after one line that says where.

    Raises OSError when the port is taken.
    """
    simulator = SimulatorServer(world, host, port, hold_seconds, names)
    server = simulator.bind()
    print(f"simulator ready on {simulator.url}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        simulator.stop()
