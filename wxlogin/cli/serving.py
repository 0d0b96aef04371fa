"""`wxlogin demo`, `run` and `simulator`: what listens on a port.

The simulator is imported inside its commands only, so that nothing of it is
loaded where the service runs against the real WeChat.
"""

import os
import socket
from pathlib import Path
from urllib.parse import urlsplit

import click
from werkzeug.serving import make_server

from wxlogin import create_app
from wxlogin.cli.database import bring_up_to_date
from wxlogin.cli.delivery import start_delivery, stop_delivery
from wxlogin.cli.quiet import QuietHandler
from wxlogin.config import Settings, load_settings
from wxlogin.errors import ConfigurationError
from wxlogin.observability import get_logger, setup_logging

_MANY = click.IntRange(min=1)


@click.command(help="The service with a simulated WeChat, on this machine.")
def demo() -> None:
    settings = load_settings()
    if settings.env != "development":
        raise ConfigurationError(
            "the demo is for development on a loopback address: unset "
            "WXLOGIN_PUBLIC_URL and WXLOGIN_ENV, or use `wxlogin run`"
        )
    app = create_app(settings)
    with app.app_context():
        bring_up_to_date()
    host, port = settings.public.hostname or "127.0.0.1", port_of(settings.public_url)
    _require_free(host, port, "PORT")
    server = make_server(host, port, app, threaded=True, request_handler=QuietHandler)
    if settings.simulated:
        _start_simulator(settings)
    click.echo(f"\n  Sign in             {settings.public_url}/login")
    if settings.simulated:
        click.echo(f"  The simulated phone {settings.simulator_url}/phone")
    click.echo("\nStop with Ctrl-C.")
    start_delivery(app)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
        stop_delivery(app)


def _start_simulator(settings: Settings) -> None:
    from wxlogin.cli.world import world_for
    from wxlogin.simulator.server import SimulatorServer

    port = port_of(settings.simulator_url)
    _require_free("127.0.0.1", port, "SIMULATOR_PORT")
    SimulatorServer(world=world_for(settings), port=port).start()


@click.command(help="The service, for production: gunicorn with threads.")
@click.option("--bind", help="Address and port; default 127.0.0.1 and PORT or 5000.")
@click.option("--workers", type=_MANY, default=2, show_default=True, help="Processes.")
@click.option(
    "--threads", type=_MANY, default=16, show_default=True, help="Threads in each."
)
def run(bind: str | None, workers: int, threads: int) -> None:
    from wxlogin.cli.gunicorn import serve

    settings = load_settings()
    bind = bind or f"127.0.0.1:{os.environ.get('PORT', '5000')}"
    host, _, port = bind.rpartition(":")
    if port.isdigit() and not bind.startswith(("unix:", "fd:")):
        # gunicorn would try for five seconds and then say it in five lines.
        _require_free(host.strip("[]"), int(port), "--bind")
    if settings.simulated:
        setup_logging(settings)
        get_logger().warning(
            "WeChat is simulated",
            where=settings.simulator_url,
            advice="no app is configured: start `wxlogin simulator` beside this, or "
            "see docs/going-live.md",
        )
    serve(settings, bind=bind, workers=workers, threads=threads)


@click.command(help="WeChat in a box, alone: for testing any WeChat login.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    envvar="SIMULATOR_PORT",
    default=5001,
    show_default=True,
    help="0: any free one; the first line printed says which.",
)
@click.option(
    "--config", type=click.Path(path_type=Path), help="TOML with [[apps]], [[people]]."
)
@click.option(
    "--hold", default=25.0, show_default=True, help="Seconds a long poll is held."
)
def simulator(host: str, port: int, config: Path | None, hold: float) -> None:
    from wxlogin.simulator.errors import Invalid
    from wxlogin.simulator.server import load_world
    from wxlogin.simulator.server import run as serve
    from wxlogin.simulator.world import World

    try:
        world = load_world(config) if config else World.demo()
    except OSError as error:
        raise ConfigurationError(f"{config}: {error.strerror}") from None
    except Invalid as error:
        raise ConfigurationError(str(error)) from None
    _require_free(host, port, "--port")
    serve(host, port, world, hold)


def port_of(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or {"http": 80, "https": 443}[parts.scheme]


def _require_free(host: str, port: int, name: str) -> None:
    """Raises ConfigurationError where something listens on the port already."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise ConfigurationError(
                f"port {port} on {host} is taken or not allowed; choose another one "
                f"with {name}, such as {port + 10}"
            ) from None
