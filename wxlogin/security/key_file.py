"""The file that ENCRYPTION_KEYS are read from, which a running service looks at again.

So keys change without a restart: whoever writes a new key in front of the file is heard
by every process that reads it, at once where it meets a value of that key, and within
LOOK_SECONDS else (security row 36).
"""

import base64
import os
import secrets
from pathlib import Path

from wxlogin.config.field_types import keys_in

#: How often a process looks whether the file has changed.
LOOK_SECONDS = 30.0
KEY_BYTES = 32


class KeyFile:
    """One key in each line, or commas between; the first one writes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int, int] | None = None

    def changed(self) -> list[bytes] | None:
        """Its keys, if it was written since the last look; None where it was not, or
        does not hold keys: half of a file is none."""
        stamp = _stamp(self.path)
        if stamp is None or stamp == self._seen:
            return None
        self._seen = stamp
        try:
            return self.keys()
        except (OSError, ValueError):
            return None

    def keys(self) -> list[bytes]:
        """Raises OSError, and ValueError where it holds anything else than keys."""
        written = keys_in(self.path.read_text("utf-8-sig"))
        keys = [base64.b64decode(one.strip(), validate=True) for one in written]
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise ValueError("no keys")
        return keys

    @property
    def written_at(self) -> float:
        """When it was written last, in seconds since 1970."""
        return self.path.stat().st_mtime

    def write(self, keys: list[bytes]) -> None:
        """Puts these in its place, whole or not at all, for whom it was readable
        before. Raises OSError."""
        before = self.path.stat()
        draft = self.path.with_name(f".{self.path.name}.{secrets.token_hex(8)}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "w") as file:
                file.write("".join(f"{base64.b64encode(k).decode()}\n" for k in keys))
                file.flush()
                if os.name == "posix":
                    # Also where root runs the command.
                    os.fchown(handle, before.st_uid, before.st_gid)
                    os.fchmod(handle, before.st_mode & 0o777)
                os.fsync(handle)
            os.replace(draft, self.path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise


def new_key() -> bytes:
    return secrets.token_bytes(KEY_BYTES)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
