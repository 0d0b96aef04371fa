"""What the commands of the simulator share: their options, and their refusals."""

from pathlib import Path
from typing import Any

import click

from .authority import Authority, default_file
from .refusals import SimulatorError
from .world import World, load_world


class Refusal(click.ClickException):
    """Ends the command with its sentence, behind the name of the program."""

    exit_code = 1

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self._program = click.get_current_context().find_root().command.name

    def show(self, file: Any = None) -> None:
        click.echo(f"{self._program}: {self.message}", err=True)


def worldly() -> list[click.Parameter]:
    """Options of every command that has a world."""
    return [
        click.Option(
            ["--config"],
            type=click.Path(path_type=Path),
            help="TOML with [[apps]], [[people]].",
        ),
        click.Option(
            ["--hold"],
            default=25.0,
            show_default=True,
            help="Seconds a long poll is held.",
        ),
        click.Option(
            ["--ca-file"],
            type=click.Path(path_type=Path),
            help="The certificate of its authority, which is made where it is missing; "
            "default ~/.local/share/wechat-simulator/ca.pem. The key lies beside it.",
        ),
    ]


def world_of(config: Path | None) -> World:
    """The world of a file, or the built-in one. Raises Refusal."""
    try:
        return load_world(config) if config else World.demo()
    except OSError as error:
        raise Refusal(f"{config}: {error.strerror}") from None
    except SimulatorError as error:
        raise Refusal(str(error)) from None


def authority_in(file: Path | None, names: tuple[str, ...] = ()) -> Authority:
    """The authority that is kept in `file`. Raises Refusal."""
    file = file or default_file()
    try:
        return Authority.kept(file, names)
    except OSError as error:
        raise Refusal(f"{error.filename or file}: {error.strerror}") from None
    except SimulatorError as error:
        raise Refusal(str(error)) from None
