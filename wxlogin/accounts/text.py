"""Text that every database can hold.

PostgreSQL refuses NUL, a lone surrogate breaks two drivers, and a column has an
end (security row 93). Names arrive cleaned; this is what keeps a login alive
should one not be.
"""

import re
import unicodedata

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_JOINER = "\u200d"


def storable(text: object, limit: int) -> str:
    """`text` without what no database holds, at most `limit` code points long.

    It is cut where a character a person sees ends: not before an accent, a skin
    tone or the next member of a joined emoji. What is no string counts as empty.
    """
    if not isinstance(text, str):
        return ""
    clean = _UNSTORABLE.sub("", text)
    if len(clean) <= limit:
        return clean
    end = limit
    while end and _continues(clean, end):
        end -= 1
    # One character that is longer than the limit has to be cut somewhere.
    return clean[: end or limit]


def _continues(text: str, at: int) -> bool:
    """Does the code point at `at` belong to the character before it?"""
    mark = text[at]
    joined = _JOINER in (mark, text[at - 1])
    skin_tone = "\U0001f3fb" <= mark <= "\U0001f3ff"
    return joined or skin_tone or unicodedata.category(mark) in ("Mn", "Me", "Mc")
