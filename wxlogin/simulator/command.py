"""The command line, which is `wechat-simulator` alone and `wxlogin simulator` in ours.

Without a command it serves. What people get wrong is told in one sentence.
"""

import socket
from functools import partial
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from . import command_env
from .command_check import check_command
from .command_run import run_command
from .command_words import Refusal, authority_in, world_of, worldly
from .refusals import SimulatorError
from .server import run as serve_forever

_PORT = click.IntRange(0, 65535)


def _serving() -> list[click.Parameter]:
    return [
        click.Option(["--host"], default="127.0.0.1", show_default=True),
        click.Option(
            ["--port"],
            type=_PORT,
            envvar="SIMULATOR_PORT",
            default=5001,
            show_default=True,
            help="0: any free one; the first line printed says which.",
        ),
        *worldly(),
        click.Option(
            ["--name", "names"],
            multiple=True,
            help="A host name it also answers to, such as a container's; may be "
            "repeated.",
        ),
        click.Option(
            ["--tls"],
            is_flag=True,
            help="https at WeChat's own host names, in the place of one http address.",
        ),
        click.Option(
            ["--https-port"],
            type=_PORT,
            default=443,
            show_default=True,
            help="With --tls; any but 443 stands in the addresses it writes.",
        ),
        command_env.print_env(),
    ]


def _serve(
    host: str,
    port: int,
    config: Path | None,
    names: tuple[str, ...],
    hold: float,
    tls: bool,
    https_port: int,
    ca_file: Path | None,
    print_env: bool,
) -> None:
    if print_env and not tls:
        raise click.UsageError("--print-env stands beside --tls, or behind run")
    world = world_of(config)
    if not tls:
        _require_free(host, port, "--port")
        serve_forever(host, port, world, hold, names)
        return
    authority = authority_in(ca_file, names)
    _require_free(host, https_port, "--https-port")
    try:
        told = partial(command_env.trusted, authority=authority) if print_env else None
        serve_forever(host, https_port, world, hold, names, authority, told)
    except SimulatorError as error:
        raise Refusal(str(error)) from None


def _require_free(host: str, port: int, option: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            raise Refusal(
                f"port {port} is not allowed to this user: choose another one with "
                f"{option} 8443, or give the right with "
                "`sysctl net.ipv4.ip_unprivileged_port_start=0` or setcap"
            ) from None
        except OSError:
            raise Refusal(
                f"port {port} on {host} is taken or not allowed; choose another one "
                f"with {option}, such as {port + 10}"
            ) from None


def commands(name: str) -> click.Group:
    """The group of commands under `name`; without one of them it serves."""

    def alone(**options: Any) -> None:
        context = click.get_current_context()
        if context.invoked_subcommand is None:
            _serve(**options)
        elif any(
            context.get_parameter_source(each) is ParameterSource.COMMANDLINE
            for each in options
        ):
            raise click.UsageError(
                f"options stand behind the command: {context.invoked_subcommand} …"
            )

    group = click.Group(
        name,
        callback=alone,
        invoke_without_command=True,
        params=_serving(),
        help="WeChat in a box, alone: for testing any WeChat login.",
    )
    group.add_command(
        click.Command(
            "serve",
            callback=_serve,
            params=_serving(),
            help="Serve until interrupted; what happens without a command, too.",
        )
    )
    group.add_command(run_command())
    group.add_command(check_command())
    return group


#: What the console script of the distribution `wechat-simulator` calls.
main = commands("wechat-simulator")
