"""What an import did: counts, and the first lines of each kind."""

from collections import Counter, defaultdict
from typing import Any

import click

from wxlogin.accounts.transfer import Outcome, Result
from wxlogin.cli.printing import facts, plain

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


class Tally:
    """Counts results and keeps the first of each kind."""

    def __init__(self) -> None:
        self._counts: Counter[Outcome] = Counter()
        self._first: dict[Outcome, list[Result]] = defaultdict(list)

    def add(self, result: Result) -> None:
        self._counts[result.outcome] += 1
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
        facts((word, str(self._counts[one])) for one, word in _WORDS.items())
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
