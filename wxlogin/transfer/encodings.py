"""Files that are something else than they are taken for, named for what they are.

`Unusable` says so before anything is read, with the command or the menu that makes a
usable file of it. Looked at are the first bytes only; what is wrong further on refuses
its line.
"""

import codecs

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
