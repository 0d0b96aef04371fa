"""`--print-env`: what leads programs here that are started elsewhere, as shell words.

Whoever starts a program in an IDE, a container or another shell gives it what `run`
gives its command. The lines are for `.` or `source`; what a shell cannot say,
Chromium's options, is in comments.
"""

import os
import shlex
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Event

import click

from .authority import Authority
from .command_words import Refusal
from .server import SimulatorServer
from .trust import chromium, past_proxies, proxied, trusting
from .tunnels import Tunnels
from .world import World


def print_env() -> click.Option:
    """The option of both commands."""
    return click.Option(
        ["--print-env"],
        is_flag=True,
        help="Print what leads programs here that are started elsewhere: variables for "
        "a shell, options for Chromium.",
    )


def trusted(server: SimulatorServer, authority: Authority) -> str:
    """For a server to which WeChat's names lead already."""
    told = _trust(authority) | past_proxies(os.environ)
    return _lines(server, authority, told, written=server.port)


def serve(
    world: World, authority: Authority, sites: Sequence[str], hold: float, proxy: int
) -> None:
    """Serve behind a proxy on port `proxy` until interrupted. Raises Refusal."""
    server = SimulatorServer(
        world, hold_seconds=hold, authority=authority, written_port=443
    )
    with server, _tunnels(server, sites, proxy) as tunnels:
        told = proxied(_trust(authority), tunnels.port)
        click.echo(_lines(server, authority, told, written=443))
        try:
            Event().wait()
        except KeyboardInterrupt:
            pass


def _tunnels(server: SimulatorServer, sites: Sequence[str], port: int) -> Tunnels:
    try:
        return Tunnels(server.port, sites, port)
    except OSError:
        raise Refusal(
            f"port {port} is taken or not allowed; choose another one with --proxy-port"
        ) from None


def _trust(authority: Authority) -> dict[str, str]:
    """The variables for trust alone; what they name lies beside the authority."""
    folder = authority.file.with_name(f"{authority.file.stem}-trust")
    try:
        folder.mkdir(exist_ok=True)
        ours = trusting({}, authority, folder)
        told = trusting(os.environ, authority, folder)
    except OSError as error:
        raise Refusal(f"{error.filename or folder}: {error.strerror}") from None
    return {name: told[name] for name in ours}


def _lines(
    server: SimulatorServer,
    authority: Authority,
    told: Mapping[str, str],
    *,
    written: int,
) -> str:
    told = {**told, "WECHAT_SIMULATOR_URL": server.url}
    options = chromium(authority, server.port, written)
    return "\n".join(
        [
            f"# simulator ready on {server.url}",
            *(f"export {name}={shlex.quote(told[name])}" for name in sorted(told)),
            "# Chromium reads none of them; it is started with these options:",
            f"# --user-data-dir={_profile(authority)} {shlex.join(options)}",
            *_store(authority),
        ]
    )


def _profile(authority: Authority) -> str:
    return shlex.quote(str(authority.file.with_name("chromium")))


def _store(authority: Authority) -> list[str]:
    """The line that adds the authority to Chromium's store, where its tool is."""
    if shutil.which("certutil") is None:
        return []
    store = Path.home() / ".pki" / "nssdb"
    words = ["certutil", "-d", f"sql:{store}", "-A", "-t", "C,,"]
    words += ["-n", "wechat-simulator", "-i", str(authority.file)]
    return [
        "# or, in the place of the last of them, this is done once:",
        f"# mkdir -p {shlex.quote(str(store))} && {shlex.join(words)}",
    ]
