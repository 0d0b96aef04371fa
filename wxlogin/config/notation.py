"""What stands in a file of settings: text, JSON and TOML, with the place of a mistake.

Files are wxlogin.toml, and what `WXLOGIN_<NAME>_FILE` names. The readers' own words
are kept ("Expecting ',' delimiter"): they speak of the notation, which is the
operator's, and repeat no value.
"""

import codecs
import json
import os
import re
import stat
import tomllib
from pathlib import Path
from typing import Any

from wxlogin.config.written import character
from wxlogin.errors import ConfigurationError

# More than any list of sites takes; a disk image named by mistake is not read in.
_BYTES = 1024 * 1024
# Longest first: UTF-32 begins as UTF-16 does.
_FOREIGN_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


def read_file(path: Path, *, secret: bool) -> str:
    """What stands in a file, without a byte order mark.

    Raises ConfigurationError that names the file, where it is missing, not ours to
    read, no text in UTF-8 or too large; with `secret` also where every user of the
    machine may read or change it.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise ConfigurationError(f"{path} is a folder; name the file in it")
        if not stat.S_ISREG(mode):
            raise ConfigurationError(f"{path} is no regular file")
        with path.open("rb") as file:
            raw = file.read(_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {reason(error)}") from None
    except ValueError:  # a NUL in the name
        raise ConfigurationError("that is no name of a file") from None
    if secret:
        require_private(path, mode)
    return _decoded(path, raw)


def require_private(path: Path, mode: int) -> None:
    """Raises ConfigurationError where every user may read or change the file; on
    Windows, where the mode of every file says so, never."""
    if mode & (stat.S_IROTH | stat.S_IWOTH) and os.name == "posix":
        verb = "read" if mode & stat.S_IROTH else "change"
        raise ConfigurationError(
            f"every user of this machine may {verb} {path}; run chmod 600 on it"
        )


def reason(error: OSError) -> str:
    """Why a file cannot be read, in words for an operator."""
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, PermissionError):
        return "the user that runs wxlogin may not read it"
    return error.strerror or "the system says no"


def _decoded(path: Path, raw: bytes) -> str:
    if len(raw) > _BYTES:
        raise ConfigurationError(f"{path} is larger than a megabyte")
    for mark, name in _FOREIGN_MARKS.items():
        if raw.startswith(mark):
            raise ConfigurationError(f"{path} is saved as {name}; save it as UTF-8")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(
            f"{path} is no text in UTF-8 (line {line}); save it as UTF-8"
        ) from None
    if "\0" in text:
        raise ConfigurationError(f"{path} is no text: there are NUL bytes in it")
    return text


def read_json(where: str, text: str) -> Any:
    """What the text says. Raises ConfigurationError that begins with `where`."""
    try:
        return json.loads(text, object_pairs_hook=_without_doubles)
    except json.JSONDecodeError as error:
        at = f"line {error.lineno}, column {error.colno}: {error.msg}"
        why = at + _odd(text, error.pos)
    except _Doubled as error:
        why = str(error)
    except (ValueError, RecursionError):
        why = "a number is too long, or a list too deep"
    raise ConfigurationError(f"{where} is not valid JSON: {why}")


def read_toml(path: Path, text: str) -> dict[str, Any]:
    """What the file at `path` says. Raises ConfigurationError that names it."""
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigurationError(f"{path} is no TOML: too many brackets") from None
    except ValueError as error:
        plain = text.replace("\r\n", "\n")
        odd = _odd(plain, _place_in_toml(plain, str(error)))
        raise ConfigurationError(f"{path} is no TOML: {error}{odd}") from None


def line_in_toml(text: str, name: str) -> int | None:
    """The line on which a name of the uppermost table stands first; None where it is
    spelled in an uncommon way. What stands below a table comes behind it."""
    found = re.search(rf"(?m)^[ \t]*(?:\[{{1,2}})?[ \t]*{name}[ \t]*[].=]", text)
    return None if found is None else text.count("\n", 0, found.start()) + 1


class _Doubled(ValueError):
    pass


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if doubled := [name for name in names if names.count(name) > 1]:
        raise _Doubled(f"{doubled[0]} stands there twice in one table")
    return dict(pairs)


def _odd(text: str, place: int) -> str:
    """What a word processor or a Chinese keyboard left at the place of a mistake."""
    char = text[place : place + 1]
    return "" if not char or char.isascii() else f" ({character(char)})"


def _place_in_toml(text: str, told: str) -> int:
    found = re.search(r"at line (\d+), column (\d+)", told)
    if found is None:
        return len(text)
    line, column = int(found[1]), int(found[2])
    before = text.split("\n")[: line - 1]
    return sum(len(one) + 1 for one in before) + column - 1
