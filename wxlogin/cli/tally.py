"""What an import did: counts, and the first lines of each kind."""

from collections import Counter, defaultdict
from typing import Any

import click

from wxlogin.cli.printing import facts, plain
from wxlogin.transfer import Aside, Outcome, Result

#: So many lines of each kind are told; `--report` has them all.
TOLD = 20
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
