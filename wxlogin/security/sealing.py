"""Values that the database must hold but not know: AES-256-GCM.

    key id (4 bytes) ‖ nonce (12) ‖ ciphertext and tag

The ciphertext is bound to table, column and a row key made in Python, so a
value copied to another place does not open there. The first key writes; all
keys read, each found by its id (security rows 35 and 36).
"""

import base64
import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from wxlogin.config import Settings
from wxlogin.errors import WxloginError

_ID_BYTES = 4
_NONCE_BYTES = 12


class SealBroken(WxloginError):
    """The value was changed, moved, or sealed with a key that is gone."""

    code = "seal_broken"


class Sealer:
    """Seals and opens with a ring of 32-byte keys, the first of which writes."""

    def __init__(self, keys: list[bytes]) -> None:
        if not keys:
            raise ValueError("a sealer needs a key")
        self._ring = {_key_id(key): AESGCM(key) for key in keys}
        self._first = _key_id(keys[0])

    def seal(self, plain: str, *, table: str, column: str, row: str) -> bytes:
        """`plain` as bytes that only `unseal` with the same place can open."""
        nonce = os.urandom(_NONCE_BYTES)
        place = _place(table, column, row)
        secret = self._ring[self._first].encrypt(nonce, plain.encode(), place)
        return self._first + nonce + secret

    def unseal(self, sealed: bytes, *, table: str, column: str, row: str) -> str:
        """The text that was sealed. Raises SealBroken, and never says more."""
        key = self._ring.get(sealed[:_ID_BYTES])
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
        return sealed[:_ID_BYTES] == self._first


def sealer_for(settings: Settings) -> Sealer:
    keys = [key.get_secret_value() for key in settings.encryption_keys]
    return Sealer([base64.b64decode(key) for key in keys])


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"wxlogin key id" + key).digest()[:_ID_BYTES]


def _place(table: str, column: str, row: str) -> bytes:
    return "\x1f".join((table, column, row)).encode()
