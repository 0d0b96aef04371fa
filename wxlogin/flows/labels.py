"""What a customer knows their account at a site by, for a page that names it.

Whoever follows somebody else's link, or finishes what a thief began, notices it by
this name alone, so a site has to give one. Only printable characters, so nothing
turns the line around or hides in it, and something that the eye sees: customers may
have chosen their name at the site themselves.
"""

import unicodedata

from wxlogin.errors import BadRequest

#: As long as an e-mail address can be (RFC 3696, erratum 1690).
LONGEST = 254
# Letters and a symbol by their category, and as blank as a space on the page.
_UNSEEN = frozenset("\u115f\u1160\u2800\u3164\uffa0")


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
