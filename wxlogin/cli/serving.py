"""`wxlogin run`: what listens on a port of this machine."""

import socket
from typing import Any
from urllib.parse import urlsplit

import click
import sqlalchemy as sa

from wxlogin.config import load_settings
from wxlogin.config.sources import port_in
from wxlogin.db import soundness
from wxlogin.errors import ConfigurationError
from wxlogin.observability import get_logger, setup_logging
from wxlogin.server.paced import PacedHandler
from wxlogin.tickets.waiting import is_green

_MANY = click.IntRange(min=1)


@click.command(help="The service, for production: gunicorn with threads, or gevent.")
@click.option("--bind", help="Address and port; default 127.0.0.1 and PORT or 5000.")
@click.option("--workers", type=_MANY, default=2, show_default=True, help="Processes.")
@click.option(
    "--threads", type=_MANY, default=16, show_default=True, help="Threads in each."
)
@click.option(
    "--worker",
    type=click.Choice(["threads", "gevent"]),
    default="threads",
    envvar="WXLOGIN_WORKER",
    show_default=True,
    show_envvar=True,
    help="gevent: for thousands of browsers that wait; --threads means nothing then.",
)
def run(bind: str | None, workers: int, threads: int, worker: str) -> None:
    if worker == "gevent":
        _require_greenlets()
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
    serve(settings, bind=bind, worker=worker, workers=workers, threads=threads)


def _require_greenlets() -> None:
    """Begins anew where this process waits with threads.

    Raises ConfigurationError where gevent is not installed.
    """
    try:
        from wxlogin.server.green import start_patched
    except (ImportError, RuntimeError):
        raise ConfigurationError(
            "gevent is not installed: pip install 'wxlogin[gevent]'"
        ) from None
    if not is_green():
        start_patched("wxlogin.cli:main")


def port_of(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or {"http": 80, "https": 443}[parts.scheme]


def require_free(host: str, port: int, name: str) -> None:
    """Raises ConfigurationError where something listens on the port already.

    `name` is what chooses another port: a variable or an option.
    """
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


class QuietHandler(PacedHandler):
    """A request handler without an access log, whose lines would hold codes, without a
    version of anything in the Server header, and without waiting for slow clients."""

    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        """Says nothing: the application logs each request by its route."""

    def version_string(self) -> str:
        return "wxlogin"
