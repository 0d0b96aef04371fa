"""What a command prints: plain, aligned text for the operator's terminal, JSON for
scripts (`--json`)."""

import json
import re
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime
from typing import Any

import click

_STAND_IN = "backslashreplace"
# Controls that JSON leaves as they are, and what turns the direction of writing.
_OBEYED = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")

#: `--json`, of every command that prints data.
json_option = click.option("--json", "as_json", is_flag=True, help="For scripts.")


def print_json(value: Any) -> None:
    """Prints one value: dataclasses by their fields, moments as ISO 8601 in UTC."""
    # What the terminal has no character for is JSON's escape, not ours.
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    escaped = encoding != "utf8"
    text = json.dumps(value, ensure_ascii=escaped, indent=2, default=_as_json_has_it)
    # Nor is anything in it that a terminal would obey: only texts hold such characters.
    click.echo(_OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def _as_json_has_it(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return value.isoformat() if isinstance(value, datetime) else str(value)


def show_everything() -> None:
    """From now on what the terminal has no character for is printed as its number.

    `小明😀` is `\\u5c0f\\u660e\\U0001f600` on an ASCII terminal: a name never ends a
    command half way, and can still be told from another one.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=_STAND_IN)


def facts(pairs: Iterable[tuple[str, str]]) -> None:
    """Prints names and values, one pair a line."""
    listed = list(pairs)
    width = max(len(name) for name, _ in listed) + 2
    for name, value in listed:
        click.echo(f"{name:{width}}{plain(value)}")


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Prints columns as wide as what stands in them, two blanks between."""
    lines = [list(headings), *([plain(cell) for cell in row] for row in rows)]
    columns = range(len(headings))
    widths = [max(_width(line[column]) for line in lines) for column in columns]
    for line in lines:
        cells = (
            cell + " " * (width - _width(cell))
            for cell, width in zip(line, widths, strict=True)
        )
        click.echo("  ".join(cells).rstrip())


def moment(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC") if at else "never"


def plain(text: str) -> str:
    """The text without anything that a terminal would obey: names come from outside."""
    visible = "".join(_visible(char) for char in text) or "-"
    # As the terminal will show it, so that columns are as wide as they look.
    terminal = sys.stdout.encoding or "utf-8"
    return visible.encode(terminal, _STAND_IN).decode(terminal)


def _visible(char: str) -> str:
    # Joiners hold an emoji together; other format characters turn lines around.
    harmless = char == "\u200d" or unicodedata.category(char)[0] != "C"
    return char if harmless else ascii(char)[1:-1]


def _width(text: str) -> int:
    """Columns on a terminal: Chinese takes two, an accent none."""
    return sum(
        0
        if unicodedata.category(char) in ("Mn", "Me", "Cf")
        else 1 + (unicodedata.east_asian_width(char) in "WF")
        for char in text
    )
