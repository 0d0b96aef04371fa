"""Plain, aligned text for the operator's terminal."""

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime

import click


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
    return "".join(_visible(char) for char in text) or "-"


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
