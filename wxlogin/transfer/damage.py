"""What a spreadsheet makes of an id, seen on the id alone.

A table that Excel has had open looks whole and leads nowhere: long numbers are
rounded to fifteen digits, zeros in front are gone, codes have become dates. Such a
cell is no customer's id any more, and nobody can tell whose it was; so it is refused
with what has happened to it.
"""

import re

_MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_KINDS = (
    (r'=\s*".*"|=[A-Za-z]+\(.*\)', "a formula: write what it stands for"),
    # A text by force; ours stands before = + - @ alone and is off by now.
    (r"['`‘’′＇]\d.*", "a number with a spreadsheet's apostrophe in front"),
    (
        r"[+-]?\d{1,15}(?:[.,]\d*)?[eE][+-]?\d{1,3}",
        "a number that a spreadsheet has rounded (1.2E+17)",
    ),
    (
        r"\d{1,3}(?:[, \u00a0\u202f'’]\d{3})+(?:[.,]\d+)?|\d{1,3}(?:\.\d{3}){2,}",
        "a number with separators between its digits",
    ),
    (r"\d+[.,]0+", "a number with a fraction, made by a spreadsheet or a program"),
    # Excel says it in the language of its user, LibreOffice by number.
    (r"#[^\s#]+[!?]|#(?:REF|NAME|VALUE|NUM|NULL|DIV/0|SPILL|CALC)", "a cell's error"),
    (r"#+|#GETTING_DATA|#?Err:\d{3}", "a cell's error"),
    (
        rf"\d{{1,2}}[- ]{_MONTH}(?:[- ]\d{{2,4}})?|{_MONTH}[- ]\d{{1,4}}"
        r"|\d{4}([/-])\d{1,2}\1\d{1,2}(?:[ T].*)?|\d{1,2}/\d{1,2}(?:/\d{2,4})?"
        r"|(?:\d{4}年)?\d{1,2}月(?:\d{1,2}[日号])?|\d{4}年",
        "a date, into which a spreadsheet turns codes",
    ),
)
_PATTERNS = tuple((re.compile(one, re.IGNORECASE), why) for one, why in _KINDS)
# A spreadsheet keeps fifteen digits of a number and writes zeros for the rest.
_ROUNDED = re.compile(r"\d{15}0+")


def damage(text: str) -> str | None:
    """What has happened to this id; None where nothing can be seen."""
    for pattern, why in _PATTERNS:
        if pattern.fullmatch(text):
            return why
    return None


class Digits:
    """Numbers of more than fifteen digits, one after the other.

    One in ten ends in zero by chance. Where all do, a spreadsheet rounded them.
    """

    def __init__(self) -> None:
        self._whole = False

    def rounded(self, text: str) -> bool:
        """May this one be rounded, by all that was seen so far?"""
        if len(text) < 16 or not text.isdecimal():
            return False
        self._whole = self._whole or _ROUNDED.fullmatch(text) is None
        return not self._whole
