"""Secrets that live in files: read with care, made once in development."""

import base64
import os
import secrets
import stat
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from wxlogin.config.settings import Settings
from wxlogin.errors import ConfigurationError


def read_secret_file(name: str, path: Path) -> str:
    """The secret in a file, without the line end. `name` is for the message.

    Raises ConfigurationError where the file is missing, empty, or readable by
    every user of the machine.
    """
    try:
        mode = path.stat().st_mode
        text = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError(f"{name}: {path} cannot be read") from None
    if mode & stat.S_IROTH:
        raise ConfigurationError(
            f"{name}: every user of this machine may read {path}; run chmod 600 on it"
        )
    if not text:
        raise ConfigurationError(f"{name}: {path} is empty")
    return text


def development_keys(settings: Settings, folder: Path) -> dict[str, Any]:
    """The keys that development needs and nobody has set, from `folder`."""
    found: dict[str, Any] = {}
    if not settings.secret_key.get_secret_value():
        found["secret_key"] = SecretStr(made_once(folder / "secret_key"))
    if not settings.encryption_keys:
        found["encryption_keys"] = (SecretStr(made_once(folder / "encryption_key")),)
    return found


def made_once(path: Path) -> str:
    """The key in `path`; the first process that asks makes it.

    A link is made only where none is, so of several processes that start
    together one wins and all read the same key.
    """
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(base64.b64encode(secrets.token_bytes(32)).decode() + "\n")
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return read_secret_file(path.name, path)
