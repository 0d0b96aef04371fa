"""Numbers that a person types off a page: how they are made, and how they are read.

Six digits, of which the last is a check digit by Damm (H. M. Damm, "Total
anti-symmetrische Quasigruppen", 2004). It finds every single digit that is another one
and every exchange of two that stand side by side. So no two of these numbers are
neighbours, by their making and not by a list of what is on show, and who mistypes one
digit, or exchanges two, has typed none of them (docs/threats.md, security row 79).

People spell numbers as their keyboards do: full-width, in groups, with a word in front
or a full stop behind. A longer run of digits is something else, an order's number say.
"""

import re
import secrets
import unicodedata

#: What refuses, in the place of a number.
NO = "0"

# A quasigroup of order ten that is totally anti-symmetric, as Damm gives it.
_TABLE = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)
# Letters beside a number; who writes more than that says something else.
_MOST_LETTERS = 12
_RUN = re.compile(r"\d(?:[\s-]*\d)*")
_NUMBER, _ANSWER = re.compile(r"[0-9]{6}"), re.compile(r"0|[1-9][0-9]")


def new_number() -> str:
    """Six digits by chance, the last of which fits the others."""
    # Not with a nought in front, which people leave out.
    first = str(10_000 + secrets.randbelow(90_000))
    return f"{first}{_folded(first)}"


def is_number(text: str) -> bool:
    """Could it be one of ours? One of ten that people make up could."""
    return bool(_NUMBER.fullmatch(text)) and _folded(text) == 0


def number_in(message: str) -> str:
    """The six digits of this message, whether they can be ours or not; empty where it
    has other digits too, fewer, or much to say besides."""
    plain = _plain(message)
    runs = _RUN.findall(plain)
    if len(runs) != 1 or len(plain) - len(runs[0]) > _MOST_LETTERS:
        return ""
    digits = re.sub(r"[\s-]", "", runs[0])
    return digits if _NUMBER.fullmatch(digits) else ""


def answer_in(message: str) -> str:
    """Two digits, or NO, where the message is that and nothing else but blanks and
    stops: beside a word they might mean the contrary."""
    bare = "".join(
        one
        for one in _plain(message)
        if not (one.isspace() or unicodedata.category(one).startswith("P"))
    )
    return bare if _ANSWER.fullmatch(bare) else ""


def _plain(message: str) -> str:
    """The message with plain digits, and without what nobody sees."""
    told = unicodedata.normalize("NFKC", message)
    return "".join(one for one in told if unicodedata.category(one) != "Cf").strip()


def _folded(digits: str) -> int:
    """What the table makes of the digits: the check digit, or 0 where it is there."""
    interim = 0
    for digit in digits:
        interim = _TABLE[interim][int(digit)]
    return interim
