"""Keys and secrets: those that development makes for itself, and those that are none.

Length is no proof of chance (CWE-521, CWE-798): a piece over and over, letters in their
order, or the words of a document that nobody replaced are the first that are tried.
One rule holds for keys, client secrets and the operator's key.
"""

import base64
import os
import re
import secrets
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from wxlogin.config.field_types import keys_in
from wxlogin.config.notation import read_file
from wxlogin.config.settings import Settings
from wxlogin.errors import ConfigurationError

#: Where development keeps the keys that seal.
SEALING_FILE = "encryption_key"
#: What to do about one that is missing or weak.
MAKE_KEY = "make one with: python3 -c 'import secrets; print(secrets.token_hex(32))'"
# Of a random secret in hexadecimal all but a few of the sixteen digits are there.
_DIFFERENT = 12
_LOOKED_AT = 256
_SAMPLES = re.compile(
    r"change.?me|example|sample|your.?(?:client.?)?secret|secret.?here|default"
    r"|password|placeholder|^secret|^dev|^test|\$\{|\{\{|^<.*>$",
    re.IGNORECASE,
)


def development_keys(settings: Settings, folder: Path) -> dict[str, Any]:
    """The keys that development needs and nobody has set, from `folder`."""
    found: dict[str, Any] = {}
    if not settings.secret_key.get_secret_value():
        found["secret_key"] = SecretStr(made_once(folder / "secret_key"))
    if not settings.encryption_keys:
        written = keys_in(made_once(folder / SEALING_FILE))
        found["encryption_keys"] = tuple(SecretStr(one.strip()) for one in written)
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
            file.write(_drawn() + "\n")
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


def _drawn() -> str:
    """32 random bytes in base64; drawn again where chance spells a sample's word."""
    while is_weak(key := base64.b64encode(secrets.token_bytes(32)).decode()):
        pass
    return key


def is_weak(value: str) -> bool:
    """Shorter than 32 characters, of few different ones, or a well-known sample."""
    return len(value) < 32 or len(set(value)) < 10 or is_sample(value)


def is_sample(secret: str) -> bool:
    """A well-known word, or a document's or template's place for a secret?"""
    return bool(_SAMPLES.search(secret))


def is_monotonous(secret: str, *, different: int = _DIFFERENT) -> bool:
    """Few different characters, one piece over and over, or letters in their order?"""
    secret = secret[:_LOOKED_AT]
    periods = range(1, len(secret) // 2 + 1)
    repeated = any(secret[period:] == secret[:-period] for period in periods)
    return repeated or _is_staircase(secret) or len(set(secret)) < different


def _is_staircase(secret: str) -> bool:
    pairs = list(pairwise(secret))
    steps = sum(abs(ord(after) - ord(before)) == 1 for before, after in pairs)
    return 2 * steps > len(pairs)
