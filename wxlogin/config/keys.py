"""The keys that development makes for itself, once, in the instance folder."""

import base64
import os
import secrets
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from wxlogin.config.files import read_file
from wxlogin.config.settings import Settings
from wxlogin.errors import ConfigurationError


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
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
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
    text = read_file(path, secret=True).strip()
    if not text:
        raise ConfigurationError(f"{path} is empty; remove it, and it is made anew")
    return text
