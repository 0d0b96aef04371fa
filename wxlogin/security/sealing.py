"""Values that the database must hold but not know: AES-256-GCM.

    key id (4 bytes) ‖ nonce (12) ‖ ciphertext and tag

The ciphertext is bound to table, column and a row key made in Python, so a
value copied to another place does not open there. The first key writes; all
keys read, each found by its id (security rows 35 and 36).
"""

import base64
import hashlib
import os
from time import monotonic

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from wxlogin.config import Settings
from wxlogin.errors import WxloginError
from wxlogin.security.key_file import LOOK_SECONDS, KeyFile

_ID_BYTES = 4
_NONCE_BYTES = 12


class SealBroken(WxloginError):
    """The value was changed, moved, or sealed with a key that is gone."""

    code = "seal_broken"


class Sealer:
    """Seals and opens with a ring of 32-byte keys, the first of which writes.

    With a `file` it looks there for others: now and then, and where it meets a value of
    a key that it does not have.
    """

    def __init__(self, keys: list[bytes], *, file: KeyFile | None = None) -> None:
        if not keys:
            raise ValueError("a sealer needs a key")
        self._ring = _Ring(keys)
        self._file = file
        self._look_at = monotonic() + LOOK_SECONDS

    def look(self) -> None:
        """Takes the keys of the file, if it was written since the last look."""
        self._look_at = monotonic() + LOOK_SECONDS
        if self._file and (keys := self._file.changed()):
            self._ring = _Ring(keys)

    def seal(self, plain: str, *, table: str, column: str, row: str) -> bytes:
        """`plain` as bytes that only `unseal` with the same place can open."""
        if self._file and monotonic() > self._look_at:
            self.look()
        ring, nonce = self._ring, os.urandom(_NONCE_BYTES)
        place = _place(table, column, row)
        secret = ring.keys[ring.first].encrypt(nonce, plain.encode(), place)
        return ring.first + nonce + secret

    def unseal(self, sealed: bytes, *, table: str, column: str, row: str) -> str:
        """The text that was sealed. Raises SealBroken, and never says more."""
        key = self._ring.keys.get(sealed[:_ID_BYTES])
        if key is None and self._file:
            self.look()
            key = self._ring.keys.get(sealed[:_ID_BYTES])
        if key is None:
            raise SealBroken("sealed with an unknown key", table=table, column=column)
        nonce = sealed[_ID_BYTES : _ID_BYTES + _NONCE_BYTES]
        secret = sealed[_ID_BYTES + _NONCE_BYTES :]
        try:
            return key.decrypt(nonce, secret, _place(table, column, row)).decode()
        except (InvalidTag, ValueError):
            raise SealBroken("does not open", table=table, column=column) from None

    def is_current(self, sealed: bytes) -> bool:
        """Was it sealed with the key that writes now?"""
        return sealed[:_ID_BYTES] == self._ring.first


def sealer_for(settings: Settings) -> Sealer:
    keys = [key.get_secret_value() for key in settings.encryption_keys]
    file = KeyFile(settings.sealing_file) if settings.sealing_file else None
    return Sealer([base64.b64decode(key) for key in keys], file=file)


class _Ring:
    """Keys by their ids, and the id of the one that writes; replaced as a whole."""

    def __init__(self, keys: list[bytes]) -> None:
        self.keys = {_key_id(key): AESGCM(key) for key in keys}
        self.first = _key_id(keys[0])


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"wxlogin key id" + key).digest()[:_ID_BYTES]


def _place(table: str, column: str, row: str) -> bytes:
    return "\x1f".join((table, column, row)).encode()
