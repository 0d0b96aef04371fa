"""What `resolve` answers."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What a sign-in did to the accounts; the rows of the table in `resolve`."""

    created = "created"
    added = "added"
    known = "known"
    backfilled = "backfilled"
    merged = "merged"
    conflict = "conflict"


@dataclass(frozen=True)
class Resolution:
    """The user a person is.

    `merged_uid` is the uid of the account that was merged away just now, if any.
    """

    user_id: int
    uid: str
    identity_id: int
    outcome: Outcome
    merged_uid: str | None = None


@dataclass(frozen=True)
class Unknown:
    """Nobody knows this person, and nothing was written."""
