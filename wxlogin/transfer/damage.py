"""What spreadsheets and other programs have made of an id, or of a whole file.

A table that Excel has had open looks whole and leads nowhere: long numbers are
rounded to fifteen digits, zeros in front are gone, codes have become dates. Such a
cell is no customer's id any more, and nobody can tell whose it was; so it is refused
with what has happened to it, which is seen on the id alone.

Files that are something else than they are taken for are named for what they are.
`Unusable` says so before anything is read, with the command or the menu that makes a
usable file of it. Looked at are the first bytes only; what is wrong further on refuses
its line.
"""

import codecs
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


#: So many bytes are looked at.
HEAD = 1 << 16


class Unusable(Exception):
    """The file cannot be used at all; the text says what to mend."""


_SAVE = "save it as CSV UTF-8"
_UNPACK = "unpack it first"
_DUMP = "a database dump: select what docs/import-export.md lists into a CSV file"
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\xd0\xcf\x11\xe0", f"an old Excel workbook (.xls): {_SAVE}"),
    (b"\x1f\x8b", f"packed by gzip: {_UNPACK}"),
    (b"BZh", f"packed by bzip2: {_UNPACK}"),
    (b"\xfd7zXZ", f"packed by xz: {_UNPACK}"),
    (b"\x28\xb5\x2f\xfd", f"packed by zstd: {_UNPACK}"),
    (b"7z\xbc\xaf", f"packed by 7-Zip: {_UNPACK}"),
    (b"Rar!", f"packed by RAR: {_UNPACK}"),
    (b"SQLite format 3\0", f"a SQLite database, {_DUMP}"),
    (b"PGDMP", _DUMP),
    (b"%PDF", "a PDF"),
)
_DUMPS = (b"-- mysql dump", b"-- mariadb dump", b"-- postgresql", b"insert into")
_ICONV = "convert it: iconv -f {0} -t UTF-8 FILE > NEW"


def require_text(head: bytes) -> None:
    """Raises Unusable for a beginning of a file that is no text in UTF-8 of people."""
    found = _kind(head) or _encoding(head)
    if found:
        raise Unusable(f"this is {found}")


def _kind(head: bytes) -> str | None:
    for magic, what in _MAGIC:
        if head.startswith(magic):
            return what
    if head.startswith(b"PK"):
        return _archive(head)
    start = head.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    if start.startswith(_DUMPS):
        return _DUMP
    if start.startswith(b"<"):
        return f"a web page or XML, perhaps called .xls: open it and {_SAVE}"
    return None


def _archive(head: bytes) -> str:
    if b"opendocument" in head[:200]:
        return f"a LibreOffice document: {_SAVE}"
    if b"xl/" in head or b"[Content_Types].xml" in head:
        return f"an Excel workbook: {_SAVE}"
    return f"a ZIP archive: {_UNPACK}"


def _encoding(head: bytes) -> str | None:
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "UTF-32: " + _ICONV.format("UTF-32")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "UTF-16: " + _ICONV.format("UTF-16")
    if wide := _wide(head):
        return f"{wide}: " + _ICONV.format(wide)
    return "GBK or GB 18030: " + _ICONV.format("GB18030") if _is_gbk(head) else None


def _wide(head: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark: of ASCII every second byte, or three, is NUL."""
    part = head[:400]
    if len(part) < 4 or part.count(0) * 3 < len(part):
        return None
    width = "32" if part.count(0) * 3 > len(part) * 2 else "16"
    return f"UTF-{width}{'BE' if part[0] == 0 else 'LE'}"


def _is_gbk(head: bytes) -> bool:
    """No line beyond ASCII is UTF-8, and all of them are GB 18030."""
    # The last line may be cut in the middle of a letter.
    lines = head.splitlines()
    lines = lines[:-1] if len(head) >= HEAD and len(lines) > 1 else lines
    strange = [line for line in lines if not line.isascii()]
    return (
        bool(strange)
        and not any(_decodes(line, "utf-8") for line in strange)
        and all(_decodes(line, "gb18030") for line in strange)
    )


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        return "\ufffd" not in line.decode(encoding)
    except UnicodeDecodeError:
        return False
