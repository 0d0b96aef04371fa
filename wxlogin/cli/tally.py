"""How far an import is, and what it did: counts, the first lines of each kind."""

import sys
import time
from collections import Counter, defaultdict
from typing import Any, BinaryIO

import click

from wxlogin.cli.printing import facts, plain
from wxlogin.transfer import Aside, Outcome, Result

#: So many lines of each kind are told; `--report` has them all.
TOLD = 20
# Seconds; often enough to see that it goes on.
_EVERY = 0.25
_CLEAR = "\r\x1b[K"
_WORDS = {
    Outcome.new: "new",
    Outcome.known: "known already",
    Outcome.linked: "linked to a user",
    Outcome.conflict: "conflicts",
    Outcome.duplicate: "duplicates",
    Outcome.refused: "refused",
}
_ASIDE = {
    Aside.header: "header",
    Aside.blank: "blank",
    Aside.further: "further lines of a row",
    Aside.unread: "not read",
}


class Tally:
    """Counts results and keeps the first of each kind.

    Together with what was set aside the counts are all lines of the file.
    """

    def __init__(self) -> None:
        #: Lines that say nothing of anybody; set when the file is through.
        self.aside: Counter[Aside] = Counter()
        self._elsewhere = 0
        self._counts: Counter[Outcome] = Counter()
        self._first: dict[Outcome, list[Result]] = defaultdict(list)

    def add(self, result: Result) -> None:
        self._counts[result.outcome] += 1
        self._elsewhere += result.picture_elsewhere
        if self._counts[result.outcome] <= TOLD:
            self._first[result.outcome].append(result)

    @property
    def total(self) -> int:
        return self._counts.total()

    @property
    def all_taken(self) -> bool:
        return all(outcome.taken for outcome in +self._counts)

    def counts(self) -> dict[str, Any]:
        return {outcome.value: self._counts[outcome] for outcome in Outcome}

    def tell(self, *, dry_run: bool) -> None:
        """Prints the report."""
        if dry_run:
            click.echo("A dry run: nothing was written.")
        counts = [(word, str(self._counts[one])) for one, word in _WORDS.items()]
        seen = [one for one in _ASIDE if self.aside[one]]
        counts += [(_ASIDE[one], str(self.aside[one])) for one in seen]
        counts.append(("lines in all", str(self.total + self.aside.total())))
        facts(counts)
        if self._elsewhere:
            click.echo(
                f"\n{self._elsewhere} have a picture that is not at WeChat's hosts; it "
                "is never fetched, and WeChat's takes its place at a sign-in."
            )
        for outcome, word in _WORDS.items():
            if self._first[outcome]:
                self._tell_lines(outcome, word)

    def _tell_lines(self, outcome: Outcome, word: str) -> None:
        first = self._first[outcome]
        more = self._counts[outcome] - len(first)
        rest = f" and {more} more" if more else ""
        if not any(one.reason for one in first):
            numbers = ", ".join(str(one.line) for one in first)
            click.echo(f"\n{word}: lines {numbers}{rest}")
            return
        click.echo(f"\n{word}:")
        for one in first:
            click.echo(f"  line {one.line}: {plain(one.reason)}")
        if more:
            click.echo(f" {rest}")


class Progress:
    """How far a command is: one line on a terminal, nothing in a pipe.

    The line is rewritten four times a second. `size` and `source`: how much there is to
    read, and what it is read from, to tell how long it will take; or `show` is told of
    how many. `what` is counted. With `every` a pipe gets a line, too, for each so many
    that are done.
    """

    def __init__(
        self,
        size: int | None = None,
        source: BinaryIO | None = None,
        *,
        what: str = "lines",
        every: int = 0,
    ) -> None:
        self._size = size
        self._source = source
        self._what, self._every = what, every
        self._first: int | None = None
        self._told = 0
        self._begun = self._shown = time.monotonic()
        self._on = sys.stderr.isatty()

    def show(self, done: int, of: int | None = None) -> None:
        at = time.monotonic()
        if self._first is None:
            # What an earlier run did, beside a part of what this one did.
            self._first = self._told = done if self._every else 0
        if self._on and at - self._shown >= _EVERY:
            self._shown = at
            self._write(f"{_CLEAR}{self._text(done, of, at - self._begun)}")
        elif not self._on and self._every and done - self._told >= self._every:
            self._told = done
            self._write(f"{self._text(done, of, at - self._begun)}\n")

    def clear(self) -> None:
        if self._on:
            self._write(_CLEAR)

    def _text(self, done: int, of: int | None, seconds: float) -> str:
        so_far = f"{done:,} of {of:,}" if of else f"{done:,}"
        pace = (done - (self._first or 0)) / seconds
        text = f"{so_far} {self._what}, {pace:,.0f} a second"
        part = done / of if of else self._part()
        if not part or not pace:
            return text
        left = (of - done) / pace if of else seconds / part - seconds
        return f"{text}, {part:.0%}, {left // 60:.0f}:{left % 60:02.0f} left"

    def _part(self) -> float:
        if not self._size or self._source is None:
            return 0.0
        return min(self._source.tell() / self._size, 1.0)

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()
