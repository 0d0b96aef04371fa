"""Files of people that a command writes: nobody else may read them."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click

#: Standard output, in the place of a file's name.
STANDARD = "-"


@contextmanager
def private(file: str) -> Iterator[TextIO]:
    """A file that nobody else may read; whole, or not there at all.

    Raises UsageError where it cannot be made.
    """
    if file == STANDARD:
        if isinstance(sys.stdout, io.TextIOWrapper):
            # Whatever the terminal's language is: an import reads UTF-8.
            sys.stdout.reconfigure(encoding="utf-8", newline="")
        yield sys.stdout
        return
    part = f"{file}.part"
    try:
        # One that was left behind may be open to others.
        Path(part).unlink(missing_ok=True)
        number = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise click.UsageError(f"{part} cannot be made: {error.strerror}") from None
    try:
        with open(number, "w", encoding="utf-8", newline="") as opened:
            yield opened
        os.replace(part, file)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
