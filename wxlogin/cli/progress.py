"""How far a long command is: one line on a terminal, nothing in a pipe."""

import sys
import time
from typing import BinaryIO

# Seconds; often enough to see that it goes on.
_EVERY = 0.25
_CLEAR = "\r\x1b[K"


class Progress:
    """Rewrites its line four times a second. `size` and `source`: how much there is to
    read, and what it is read from, to tell how long it will take."""

    def __init__(self, size: int | None = None, source: BinaryIO | None = None) -> None:
        self._size = size
        self._source = source
        self._begun = self._shown = time.monotonic()
        self._on = sys.stderr.isatty()

    def show(self, done: int) -> None:
        at = time.monotonic()
        if self._on and at - self._shown >= _EVERY:
            self._shown = at
            self._write(f"{_CLEAR}{self._text(done, at - self._begun)}")

    def clear(self) -> None:
        if self._on:
            self._write(_CLEAR)

    def _text(self, done: int, seconds: float) -> str:
        text = f"{done:,} lines, {done / seconds:,.0f} a second"
        part = self._part()
        if not part:
            return text
        left = seconds / part - seconds
        return f"{text}, {part:.0%}, {left // 60:.0f}:{left % 60:02.0f} left"

    def _part(self) -> float:
        if not self._size or self._source is None:
            return 0.0
        return min(self._source.tell() / self._size, 1.0)

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()
