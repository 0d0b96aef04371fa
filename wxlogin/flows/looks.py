"""How often a one-time code was looked at, and when first.

A code that is looked at from two places was perhaps read by somebody else on its
way; the site, which knows its own pages, can tell (finding L14).
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from wxlogin.db import now
from wxlogin.service import running

# Looks at the same moment get in each other's way; one of them is always counted.
_TRIES = 5


@dataclass(frozen=True)
class Looks:
    """`times` looked at, and when `first`, in UTC; None for never."""

    times: int = 0
    first: datetime | None = None


def count(kind: str, code: str, *, ttl: float) -> Looks:
    """One look more; how many there were with it. Kept for `ttl` seconds."""
    store, kind = running().tickets, _kind(kind)
    seen = Looks(1, now())
    for _ in range(_TRIES):
        if store.add(kind, code, _text(seen), ttl=ttl):
            return seen
        if (found := store.get(kind, code)) is None:
            continue
        seen = _more(_looks(found.value))
        if store.swap(kind, code, found.version, _text(seen), ttl=ttl):
            return seen
    return seen


def so_far(kind: str, code: str) -> Looks:
    """The looks there were."""
    found = running().tickets.get(_kind(kind), code)
    return _looks(found.value) if found else Looks()


def _kind(kind: str) -> str:
    return f"{kind}_looks"


def _more(looks: Looks) -> Looks:
    return Looks(looks.times + 1, looks.first)


def _text(looks: Looks) -> str:
    return json.dumps([looks.times, looks.first.timestamp() if looks.first else 0])


def _looks(text: str) -> Looks:
    times, first = json.loads(text)
    return Looks(times, datetime.fromtimestamp(first, UTC))
