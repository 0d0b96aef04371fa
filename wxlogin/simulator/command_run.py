"""`run -- COMMAND`: a program among WeChat's real names, and its exit status.

Where the system gives this user namespaces, the program has a network of its own in
which nothing else exists. Elsewhere a proxy leads it, as far as it asks for one.
"""

import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from . import command_env, sealed
from .command_words import Refusal, authority_in, world_of, worldly
from .server import SimulatorServer
from .trust import proxied, trusting
from .tunnels import Tunnels

_NOT_SEALED = (
    "no network of its own for the command, as this system gives this user no "
    "namespaces: HTTPS_PROXY leads WeChat's names here, and a program that ignores it "
    "(Node before 24, PHP's streams, sockets of one's own) reaches the real hosts"
)


def run_command() -> click.Command:
    """The command `run`."""
    return click.Command(
        "run",
        callback=_run,
        params=[
            *worldly(),
            click.Option(
                ["--site", "sites"],
                multiple=True,
                help="A name of your own that leads to this machine, such as "
                "shop.test; may be repeated.",
            ),
            click.Option(
                ["--way"],
                type=click.Choice(["auto", "namespaces", "proxy"]),
                default="auto",
                show_default=True,
                help="auto: namespaces where the system allows them.",
            ),
            command_env.print_env(),
            click.Option(
                ["--proxy-port"],
                type=click.IntRange(0, 65535),
                default=0,
                help="With --print-env; any free one unless it is named.",
            ),
            click.Option(["--inside"], hidden=True),
            click.Argument(["command"], nargs=-1),
        ],
        context_settings={
            "ignore_unknown_options": True,
            "allow_interspersed_args": False,
        },
        help="Run COMMAND where only WeChat's names exist, and lead to the simulator.",
    )


def _run(
    command: tuple[str, ...],
    sites: tuple[str, ...],
    way: str,
    inside: str | None,
    config: Path | None,
    hold: float,
    ca_file: Path | None,
    print_env: bool,
    proxy_port: int,
) -> None:
    if print_env == bool(command):
        raise click.UsageError("run COMMAND, or --print-env alone")
    if print_env and way == "namespaces":
        raise click.UsageError("nobody else is in the network that namespaces make")
    world, authority = world_of(config), authority_in(ca_file)
    if print_env:
        command_env.serve(world, authority, sites, hold, proxy_port)
        return
    if inside is None and way != "proxy":
        if sealed.is_allowed():
            words = ["run", "--inside", sealed.caller(), "--hold", str(hold)]
            words += ["--ca-file", str(authority.file)]
            words += ["--config", str(config)] if config else []
            words += [word for site in sites for word in ("--site", site)]
            sealed.enter([*words, "--", *command])
        if way == "namespaces":
            raise Refusal("this system gives this user no namespaces; try --way proxy")
        click.echo(_NOT_SEALED, err=True)
    with tempfile.TemporaryDirectory(prefix="wechat-simulator-") as name:
        folder = Path(name)
        # Whoever the command is, it reads what is there: nothing of it is secret.
        folder.chmod(0o755)
        environ = trusting(os.environ, authority, folder)
        # WeChat's own ports, where they are nobody else's.
        port, http_port = (0, None) if inside is None else (443, 80)
        server = SimulatorServer(
            world,
            port=port,
            hold_seconds=hold,
            authority=authority,
            written_port=443,
            http_port=http_port,
        )
        if inside is not None:
            _furnish(folder, sites)
            with server:
                status = _wait(sealed.as_caller(inside, command), server, environ)
        else:
            with server, Tunnels(server.port, sites) as tunnels:
                status = _wait(command, server, proxied(environ, tunnels.port))
    raise SystemExit(status)


def _furnish(folder: Path, sites: Sequence[str]) -> None:
    try:
        sealed.furnish(folder, folder / "everybody.pem", sites)
    except OSError as error:
        raise Refusal(f"no network of its own: {error}; try --way proxy") from None


def _wait(
    command: Sequence[str], server: SimulatorServer, environ: Mapping[str, str]
) -> int:
    """The exit status of `command`, as a shell tells it."""
    environ = {**environ, "WECHAT_SIMULATOR_URL": server.url}
    try:
        process = subprocess.Popen(command, env=environ)  # noqa: S603 - it is asked for
    except OSError as error:
        raise Refusal(f"{command[0]}: {error.strerror}") from None
    # From the keyboard the command has heard it, too, and decides.
    before = {
        signal.SIGINT: signal.signal(signal.SIGINT, lambda *_: None),
        signal.SIGTERM: signal.signal(signal.SIGTERM, lambda *_: process.terminate()),
    }
    try:
        status = process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return status if status >= 0 else 128 - status
