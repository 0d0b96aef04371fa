"""`wxlogin demo`, `run` and `simulator`: what listens on a port.

The simulator is imported inside its commands only, so that nothing of it is
loaded where the service runs against the real WeChat.
"""

from pathlib import Path
from urllib.parse import urlsplit

import click
import sqlalchemy as sa
from werkzeug.serving import make_server

from wxlogin import create_app
from wxlogin.cli.delivery import start_delivery, stop_delivery
from wxlogin.cli.ports import port_of, require_free
from wxlogin.cli.quiet import QuietHandler
from wxlogin.cli.shop import is_for_demo, start_shop
from wxlogin.config import Settings, load_settings
from wxlogin.config.sources import port_in
from wxlogin.db import soundness
from wxlogin.db.schema import bring_up_to_date
from wxlogin.errors import ConfigurationError
from wxlogin.observability import get_logger, setup_logging

_MANY = click.IntRange(min=1)


@click.command(help="A shop, the service and a simulated WeChat, on this machine.")
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
    require_free(host, port, "PORT")
    server = make_server(host, port, app, threaded=True, request_handler=QuietHandler)
    if settings.simulated:
        _start_simulator(settings)
    _print_addresses(settings, start_shop(settings) if is_for_demo(settings) else None)
    start_delivery(app)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
        stop_delivery(app)


def _print_addresses(settings: Settings, shop: str | None) -> None:
    click.echo()
    if shop:
        click.echo(f"  The tea shop        {shop}")
    elif settings.sites:
        click.echo("  The tea shop        closed: SITES lists sites of your own")
    click.echo(f"  Sign in             {settings.public_url}/login")
    if settings.simulated:
        click.echo(f"  The simulated phone {settings.simulator_url}/phone")
    click.echo("\nStop with Ctrl-C.")


def _start_simulator(settings: Settings) -> None:
    from wxlogin.cli.world import world_for
    from wxlogin.simulator.server import SimulatorServer

    port = port_of(settings.simulator_url)
    require_free("127.0.0.1", port, "SIMULATOR_PORT")
    name = urlsplit(settings.simulator_url).hostname or "localhost"
    SimulatorServer(world=world_for(settings), port=port, names=[name]).start()


@click.command(help="The service, for production: gunicorn with threads.")
@click.option("--bind", help="Address and port; default 127.0.0.1 and PORT or 5000.")
@click.option("--workers", type=_MANY, default=2, show_default=True, help="Processes.")
@click.option(
    "--threads", type=_MANY, default=16, show_default=True, help="Threads in each."
)
def run(bind: str | None, workers: int, threads: int) -> None:
    from wxlogin.cli.gunicorn import serve

    settings = load_settings()
    bind = bind or f"127.0.0.1:{port_in('PORT') or 5000}"
    host, _, port = bind.rpartition(":")
    if port.isdigit() and not bind.startswith(("unix:", "fd:")):
        # gunicorn would try for five seconds and then say it in five lines.
        require_free(host.strip("[]"), int(port), "--bind")
    if settings.simulated:
        setup_logging(settings)
        get_logger().warning(
            "WeChat is simulated",
            where=settings.simulator_url,
            advice="no app is configured: start `wxlogin simulator` beside this, or "
            "see docs/going-live.md",
        )
    soundness.require(sa.make_url(settings.database_url))
    if not settings.redis_url:
        part = {"limits": settings.limits.shared_by(workers)}
        settings = settings.model_copy(update=part)
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
    "--name",
    "names",
    multiple=True,
    help="A host name it also answers to, such as a container's; may be repeated.",
)
@click.option(
    "--hold", default=25.0, show_default=True, help="Seconds a long poll is held."
)
def simulator(
    host: str, port: int, config: Path | None, names: tuple[str, ...], hold: float
) -> None:
    from wxlogin.simulator import SimulatorError, World, load_world
    from wxlogin.simulator.server import run as serve

    try:
        world = load_world(config) if config else World.demo()
    except OSError as error:
        raise ConfigurationError(f"{config}: {error.strerror}") from None
    except SimulatorError as error:
        raise ConfigurationError(str(error)) from None
    require_free(host, port, "--port")
    serve(host, port, world, hold, names)
