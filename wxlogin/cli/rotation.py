"""`wxlogin rotate-keys`: another key seals, while the service runs.

The steps, each of which may be stopped anywhere and run again:

1. A new key is written in front of the file of ENCRYPTION_KEYS. Every process reads it
   there by itself (`security.key_file`); both keys open.
2. All that lasts is sealed again, in batches.
3. An hour later `--finish` does 2 once more, for what a process sealed before it had
   read the file, and takes the old keys out. What lived for minutes is over by then.
"""

import time

import click
from flask.cli import with_appcontext

from wxlogin.accounts import grants, phones, session_keys
from wxlogin.accounts.resealing import Resealed
from wxlogin.oidc import key_rotation
from wxlogin.security.key_file import KeyFile, new_key
from wxlogin.security.sealing import Sealer
from wxlogin.service import running

#: After so many seconds nothing is left that lasts minutes, and every process has
#: looked at the file.
FINISH_SECONDS = 3600

_ELSEWHERE = (
    "ENCRYPTION_KEYS do not stand in a file of their own, so this command cannot write "
    "them. Put a new key (openssl rand -base64 32) behind the others and restart every "
    "process; put it in front and restart again; run wxlogin keys reseal; an hour "
    "later take the old one out. Or name a file by WXLOGIN_ENCRYPTION_KEYS_FILE."
)
# What to do without the key that sealed them.
_SIGN_IN_AGAIN = "leave them: those people sign in again when it matters."
_LOG_IN = "leave them: those programs log in again when it matters."
_ASK_AGAIN = "leave them: those people give theirs again when it matters."
_MAKE_NEW = "make new ones with: wxlogin keys rotate --now"


@click.command(
    "rotate-keys",
    help="A new key for what is sealed in the database, while the service runs: in "
    "front of the file of ENCRYPTION_KEYS, then everything is sealed with it. Stopped "
    "anywhere, it goes on when it is run again. An hour later: --finish.",
)
@click.option(
    "--finish",
    is_flag=True,
    help="Take the old keys out, once nothing is sealed with them.",
)
@click.option(
    "--now",
    is_flag=True,
    help="With --finish: without the hour. Who is in the middle of signing in begins "
    "again.",
)
@click.pass_context
@with_appcontext
def rotate_keys(context: click.Context, finish: bool, now: bool) -> None:
    file = _file()
    if finish:
        context.exit(_finished(file, at_once=now))
    if len(file.keys()) > 1:
        click.echo("Going on: the new key is in front of the file.")
    else:
        _write(file, [new_key(), *file.keys()])
        click.echo(f"A new key is in front of {file.path}; the old one opens.")
    running().sealer.look()
    if not reseal(running().sealer):
        context.exit(1)
    click.echo("In an hour: wxlogin rotate-keys --finish")


def reseal(sealer: Sealer) -> bool:
    """Seals everything with the first key and says how much that was; False where
    something opens with none of the keys."""
    done: tuple[tuple[str, Resealed, str], ...] = (
        ("grants", grants.reseal_all(sealer), _SIGN_IN_AGAIN),
        ("session keys of mini programs", session_keys.reseal_all(sealer), _LOG_IN),
        ("phone numbers", phones.reseal_all(sealer), _ASK_AGAIN),
        ("signing keys", key_rotation.reseal(sealer), _MAKE_NEW),
    )
    for what, found, _ in done:
        click.echo(f"{found.resealed} {what} were sealed with the first key.")
    for what, found, advice in done:
        if found.broken:
            click.echo(
                f"{found.broken} {what} open with none of the keys. Put the missing "
                f"key back, or {advice}",
                err=True,
            )
    return not any(found.broken for _, found, _ in done)


def _finished(file: KeyFile, *, at_once: bool) -> int:
    keys = file.keys()
    if len(keys) == 1:
        click.echo("There is one key, and nothing to finish.")
        return 0
    left = file.written_at + FINISH_SECONDS - time.time()
    if left > 0 and not at_once:
        minutes = int(left // 60) + 1
        click.echo(
            f"The new key is not there for an hour yet: run this again in {minutes} "
            "minutes, or with --now.",
            err=True,
        )
        return 1
    if not reseal(running().sealer):
        return 1
    _write(file, keys[:1])
    click.echo(f"{len(keys) - 1} old keys are out of {file.path}. Rotated.")
    return 0


def _file() -> KeyFile:
    path = running().settings.sealing_file
    if path is None:
        raise click.UsageError(_ELSEWHERE)
    return KeyFile(path)


def _write(file: KeyFile, keys: list[bytes]) -> None:
    try:
        file.write(keys)
    except OSError as error:
        raise click.UsageError(
            f"{file.path} cannot be written ({error.strerror}). {_ELSEWHERE}"
        ) from None
