"""What a customer's link and a bind code have in common: a label, and looks at them.

Label: what a customer knows their account at a site by, for a page that names it.
Whoever follows somebody else's link, or finishes what a thief began, notices it by
this name alone, so a site has to give one. Only printable characters, so nothing
turns the line around or hides in it, and something that the eye sees: customers may
have chosen their name at the site themselves.

Looks: how often one of the two was looked at, and when first. What is looked at from
two places was perhaps read by somebody else on its way; the site, which knows its own
pages, can tell (finding L14).
"""

import json
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime

from wxlogin.db import now
from wxlogin.errors import BadRequest
from wxlogin.service import running

#: As long as an e-mail address can be (RFC 3696, erratum 1690).
LONGEST = 254
# Letters and a symbol by their category, and as blank as a space on the page.
_UNSEEN = frozenset("\u115f\u1160\u2800\u3164\uffa0")
# Looks at the same moment get in each other's way; one of them is always counted.
_TRIES = 5


def require_label(text: str) -> str:
    """The label without blanks at its ends. Raises BadRequest for what is none."""
    label = text.strip()
    if not 0 < len(label) <= LONGEST or not label.isprintable():
        raise BadRequest(f"a label is 1 to {LONGEST} printable characters")
    if _UNSEEN.intersection(label) or all(map(_is_mark, label)):
        raise BadRequest("a label has characters that nobody sees")
    return label


def _is_mark(one: str) -> bool:
    """Does it only change the character before it?"""
    return unicodedata.category(one).startswith("M")


@dataclass(frozen=True)
class Looks:
    """`times` looked at, and when `first`, in UTC; None for never."""

    times: int = 0
    first: datetime | None = None


def count_look(kind: str, code: str, *, ttl: float) -> Looks:
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


def looks_so_far(kind: str, code: str) -> Looks:
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
