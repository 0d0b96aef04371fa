"""What a customer's link and a first visit have in common: a code, a label, and looks.

Code: nobody is connected by one side alone. The browser takes a one-time code to the
site; the site's server answers it with its word, which of its customers that is; and
what this browser finishes with is a token that no other one has seen. The same word
again gives the same token. Times are seconds since 1970.

Label: what a customer knows their account at a site by, for a page that names it.
Whoever follows somebody else's link, or finishes what a thief began, notices it by
this name alone, so a site has to give one. Only printable characters, so nothing
turns the line around or hides in it, and something that the eye sees: customers may
have chosen their name at the site themselves.

Looks: how often one of the two was looked at, and when first. What is looked at from
two places was perhaps read by somebody else on its way; the site, which knows its own
pages, can tell (finding L14).
"""

import secrets
import time
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime

from wxlogin.config import Site
from wxlogin.db import now
from wxlogin.errors import BadRequest
from wxlogin.service import shelf
from wxlogin.tickets.shelf import Kept, Shelf

#: Seconds the browser has to come back with its token.
TOKEN_SECONDS = 300
#: As long as an e-mail address can be (RFC 3696, erratum 1690).
LONGEST = 254
# Letters and a symbol by their category, and as blank as a space on the page.
_UNSEEN = frozenset("\u115f\u1160\u2800\u3164\uffa0")
# Looks at the same moment get in each other's way; one of them is always counted.
_TRIES = 5


@dataclass(frozen=True)
class Code(Kept):
    """A code for the site `client_id`. `about` is the key of the link or first visit;
    `external_id` and `label` are the site's word, empty before it came."""

    about: str
    client_id: str
    ends: float
    token: str
    external_id: str = ""
    label: str = ""


@dataclass(frozen=True)
class Word:
    """The site's word, as its token finds it."""

    code: str
    about: str
    external_id: str
    label: str
    ends: float


@dataclass(frozen=True)
class Onward:
    """Where the browser goes on. `secret` is what its session cookie holds from now
    on; None where that stays as it is."""

    next_url: str
    secret: str | None = None


class Codes:
    """The codes of one way, good for `seconds`, and the tokens behind them."""

    def __init__(self, name: str, *, seconds: int) -> None:
        self._seconds = seconds
        self._codes = shelf(f"{name}_code", Code, seconds=seconds)
        self._words = shelf(f"{name}_continue", Word, seconds=TOKEN_SECONDS)

    def new(self, about: str, client_id: str) -> str:
        """A code for the site, about what has this key."""
        ends = time.time() + self._seconds
        token = secrets.token_urlsafe(16)
        return self._codes.put(Code(about, client_id, ends, token))

    def find(self, site: Site, code: str) -> Code | None:
        """The code, if it is this site's and in time."""
        found = self._codes.get(code)
        if found is None or found.client_id != site.client_id:
            return None
        return found if time.time() <= found.ends else None

    def say(self, code: Code, *, external_id: str, label: str) -> Code | None:
        """The code with this word, or with one that was faster; None: it is gone."""
        said = replace(code, external_id=external_id, label=label)
        left = max(1, code.ends - time.time())
        return self._codes.swap(said, seconds=left) or self._codes.get(code.key)

    def confirm(self, code: Code) -> str:
        """The token that finishes what the site has said."""
        word = Word(
            code=code.key,
            about=code.about,
            external_id=code.external_id,
            label=code.label,
            ends=time.time() + TOKEN_SECONDS,
        )
        # There already where the same word came before.
        self._words.add(code.token, word)
        return code.token

    def said(self, token: str) -> Word | None:
        """The site's word behind this token, in time."""
        word = self._words.get(token)
        return word if word and time.time() <= word.ends else None

    def void(self, code: str, token: str = "") -> None:
        """Nothing comes of this code any more, nor of its token if that is named."""
        self._codes.take(code)
        if token:
            self._words.take(token)


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
class Looks(Kept):
    """`times` looked at, and when `first`, in UTC; None for never."""

    times: int = 0
    first: datetime | None = None


def count_look(looks: Shelf[Looks], key: str) -> Looks:
    """One look more; how many there were with it."""
    seen = Looks(1, now())
    for _ in range(_TRIES):
        if looks.add(key, seen):
            return seen
        if (found := looks.get(key)) is None:
            continue
        seen = replace(found, times=found.times + 1)
        if looks.swap(seen):
            return seen
    return seen
