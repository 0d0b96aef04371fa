"""`check`: whether WeChat itself answers harmless questions as the simulator does."""

from pathlib import Path
from urllib.parse import urlsplit

import click

from .check import REAL, outcomes
from .command_words import Refusal
from .refusals import SimulatorError
from .world.parties import KINDS

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def check_command() -> click.Command:
    """The command `check`; its status is 1 where anything differs."""
    return click.Command(
        "check",
        callback=_check,
        params=[
            click.Option(["--appid"], envvar="WECHAT_APPID", required=True),
            click.Option(
                ["--secret"],
                envvar="WECHAT_SECRET",
                help="Better in WECHAT_SECRET, or asked for; others see command lines.",
            ),
            click.Option(
                ["--kind"],
                type=click.Choice(sorted(KINDS)),
                default="website",
                show_default=True,
                help="What the appid is.",
            ),
            click.Option(
                ["--at"], default=REAL, show_default=True, help="Who is asked."
            ),
            click.Option(
                ["--ca-file"],
                type=click.Path(path_type=Path, exists=True, dir_okay=False),
                help="The authority to trust in the place of the system's.",
            ),
        ],
        help="Ask WeChat harmless questions; print where the simulator differs.",
    )


def _check(
    appid: str, secret: str | None, kind: str, at: str, ca_file: Path | None
) -> None:
    at = _base(at)
    if secret is None:
        secret = str(click.prompt("Secret", hide_input=True, err=True))
    asked = differ = 0
    try:
        for outcome in outcomes(kind, appid.strip(), secret.strip(), at, ca_file):
            asked += 1
            question = outcome.question
            if not outcome.differs:
                click.echo(f"same     {question.name}: {question.errcode}")
                continue
            differ += 1
            click.echo(f"differs  {question.name}: {question.method} {question.path}")
            for name, (theirs, ours) in outcome.differs.items():
                click.echo(f"         {name}: {theirs}, in the simulator {ours}")
            click.echo(f"         which has it from {question.source}")
    except SimulatorError as error:
        raise Refusal(str(error)) from None
    click.echo(f"{asked} questions, {differ} answered otherwise than in the simulator")
    if differ:
        raise SystemExit(1)


def _base(at: str) -> str:
    """The address without a path. Refuses one that would show the secret to others."""
    parts = urlsplit(at)
    try:
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Refusal("--at: not an address") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        raise Refusal("--at: https, or http on this machine: the secret goes there")
    if not host or parts.username is not None or parts.path.strip("/") or parts.query:
        raise Refusal(f"--at: an address such as {REAL}, with nothing behind it")
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}" + (f":{port}" if port else "")
