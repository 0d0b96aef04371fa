"""What became of a line of an import."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """In the order in which they are told."""

    #: A user was made.
    new = "new"
    #: Everything on the line was there before.
    known = "known"
    #: A user who was there before gained something.
    linked = "linked"
    #: The line contradicts what is there; nothing was changed.
    conflict = "conflict"
    #: An earlier line of the same file is about the same user.
    duplicate = "duplicate"
    #: The line cannot be read, or could never match anybody.
    refused = "refused"

    @property
    def taken(self) -> bool:
        """Is what the line says in the database now?"""
        return self in (Outcome.new, Outcome.known, Outcome.linked)


@dataclass(frozen=True)
class Result:
    """One line of a file. `reason` is a sentence for the operator, without ids of
    WeChat's; `uid` is the user's, where there is one already."""

    line: int
    outcome: Outcome
    reason: str = ""
    uid: str | None = None
    external_id: str | None = None
    #: For a duplicate: the line that came first.
    earlier_line: int | None = None
    #: The line is taken, but for a picture at an address that we never fetch from.
    picture_elsewhere: bool = False
