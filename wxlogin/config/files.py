"""Files that hold settings: wxlogin.toml, and what `WXLOGIN_<NAME>_FILE` names."""

import codecs
import stat
from pathlib import Path

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
    """Raises ConfigurationError where every user may read or change the file."""
    if mode & (stat.S_IROTH | stat.S_IWOTH):
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
