"""`wxlogin init`: from a few answers to a set-up that the doctor has looked at.

It writes wxlogin.toml and two key files, readable for the owner alone, makes the
database, says what is to be done in Tencent's consoles, and runs the doctor.
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click

from wxlogin.cli.demo import simulator_for
from wxlogin.cli.doctor import is_wrong, print_lines
from wxlogin.cli.files import private
from wxlogin.cli.printing import plain
from wxlogin.cli.questions import Said, fill
from wxlogin.config import Settings, instance_dir, instance_line, load_settings
from wxlogin.config.draft import KEY_FILES, Draft, Owned
from wxlogin.config.secret_keys import made_once
from wxlogin.config.sources import PREFIX, collect
from wxlogin.db.schema import bring_up_to_date
from wxlogin.doctor import examine
from wxlogin.doctor.steps import steps
from wxlogin.errors import ConfigurationError, WxloginError
from wxlogin.factory import build

_HEAD = """\
# Made by `wxlogin init`. What else can stand here: docs/settings.md.
# An environment variable WXLOGIN_<NAME> wins over what stands here.

"""


@click.command(
    "init",
    help="Set wxlogin up: asks what you own at WeChat, for address, database and "
    "sites, writes wxlogin.toml and keys, makes the database, says what to enter in "
    "Tencent's consoles, and runs the doctor. Ends with the doctor's status.",
)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice([one.value for one in Owned]),
    help="What you own; may be repeated.",
)
@click.option(
    "--appid", "appids", multiple=True, help="AppID of each kind, in the same order."
)
@click.option(
    "--secret-file",
    "secret_files",
    multiple=True,
    metavar="FILE",
    help="File with the AppSecret of each kind, in the same order.",
)
@click.option(
    "--bound/--not-bound",
    default=None,
    help="Are account and program in an open-platform account (微信开放平台帐号)?",
)
@click.option("--host", help="Host or address where people and WeChat reach this.")
@click.option("--database", metavar="URL", help="Default: a SQLite file.")
@click.option(
    "--database-file",
    metavar="FILE",
    help="File with that URL, for one with a password.",
)
@click.option(
    "--site",
    "sites",
    multiple=True,
    metavar="[NAME=]URL",
    help="A site that signs people in here, by the address it has them sent back to "
    "(redirect_uri); may be repeated.",
)
@click.option(
    "--proxies",
    type=click.IntRange(0, 10),
    help="Reverse proxies in front; 1 if not given.",
)
@click.option("--yes", is_flag=True, help="Ask nothing: defaults for what is not said.")
@click.option("--force", is_flag=True, help="Write a wxlogin.toml that is there anew.")
def init(kinds: tuple[str, ...], yes: bool, force: bool, **options: Any) -> None:
    folder = instance_dir()
    toml = folder / "wxlogin.toml"
    if os.path.lexists(toml) and not force:
        raise ConfigurationError(
            f"{toml} is there already. Edit it and run `wxlogin doctor`; or say "
            f"--force: it is written anew, and the old one kept as {toml.name}.old"
        )
    click.echo(plain(instance_line()))
    draft = Draft(folder)
    said = Said(tuple(map(Owned, kinds)), asks=_can_ask() and not yes, **options)
    fill(draft, said)
    _write(toml, draft)
    _tell_what_wins(folder, draft)
    settings = load_settings()
    _make_database(settings)
    _tell_steps(settings)
    status = _examine(settings)
    click.echo(f"\nNext: {_next(settings)}")
    sys.exit(status)


def _can_ask() -> bool:
    return sys.stdin.isatty()


def _write(toml: Path, draft: Draft) -> None:
    toml.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in KEY_FILES.values():
        made_once(toml.with_name(name))
    if os.path.lexists(toml):
        _put_aside(toml)
    with private(str(toml)) as file:
        file.write(_HEAD + draft.as_toml())
    click.echo(f"{toml} is written, and keys beside it; nobody else may read them.")
    for site in draft.values.get("sites", ()):
        click.echo(
            f"{site['name']} is the client {site['client_id']}; its client_secret "
            "stands there."
        )


def _put_aside(toml: Path) -> None:
    """Under a name that is free, and readable for the owner alone: there are secrets in
    it that stand nowhere else."""
    with suppress(OSError):
        # One that leads nowhere, or is somebody else's.
        toml.chmod(0o600)
    names = (f"{toml}.old{number or ''}" for number in (0, *range(2, 1000)))
    old = next(name for name in names if not os.path.lexists(name))
    os.replace(toml, old)
    click.echo(f"The one that was there is {old}.")


def _tell_what_wins(folder: Path, draft: Draft) -> None:
    """Variables of this environment that say something else than what was written."""
    written = {*draft.values, *KEY_FILES}
    for name, given in collect(folder, {}).items():
        if name in written and given.place.startswith(PREFIX):
            click.echo(
                f"warning: {given.place} is set here and wins over wxlogin.toml",
                err=True,
            )


def _make_database(settings: Settings) -> None:
    app = build(settings, patient=True)
    try:
        with app.app_context():
            bring_up_to_date()
    except WxloginError as error:
        # The doctor looks at the rest; this is one of its lines, too.
        click.echo(f"The database is not made: {error.operator}", err=True)


def _tell_steps(settings: Settings) -> None:
    found = list(steps(settings))
    if found:
        click.echo("\nIn Tencent's consoles:")
    for number, sentence in enumerate(found, start=1):
        click.echo(f"  {number}. {sentence}")


def _examine(settings: Settings) -> int:
    click.echo("\nwxlogin doctor:")
    with _wechat(settings):
        found = examine()
    print_lines(found)
    return 1 if is_wrong(found) else 0


@contextmanager
def _wechat(settings: Settings) -> Iterator[None]:
    """WeChat to ask: where it is simulated and nobody does so yet, for this look.

    That one is quiet: what it refuses the doctor is told by the doctor.
    """
    try:
        simulator = simulator_for(settings) if settings.simulated else None
    except ConfigurationError:
        # Its port is taken: by itself, or the doctor says by whom.
        simulator = None
    if simulator is None:
        yield
        return
    log = logging.getLogger("wxlogin.simulator")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with simulator:
            yield
    finally:
        log.setLevel(level)


def _next(settings: Settings) -> str:
    if settings.simulated:
        return "wxlogin demo"
    if settings.env == "trial":
        return f"wxlogin run --bind 0.0.0.0:{settings.public.port or 80}"
    return "wxlogin run, behind a proxy that speaks https (docs/going-live.md)"
