"""The cryptography of pushes: who signs what, and the safe mode's cipher.

- `signature` is the hex SHA-1 of token, timestamp and nonce, sorted byte by byte and
  joined; `msg_signature` is the same with the Encrypt text among them (developers.
  weixin.qq.com/miniprogram/dev/framework/server-ability/message-push.html).
- Encrypt is base64 of AES-256-CBC under the 32 bytes of EncodingAESKey, the iv being
  their first 16. The plain text is 16 random bytes, the message's length in bytes (4,
  the highest first), the message, the appid; it is padded by PKCS#7 to whole blocks of
  32, and never not at all.
- The last of the key's 43 characters carries two idle bits, which real keys use.
"""

import struct
from base64 import b64decode, b64encode
from hashlib import sha1
from secrets import token_bytes

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

_BLOCK_BITS = 32 * 8
# The random bytes and the length before the message.
_HEAD = 20


def signature(*parts: str) -> str:
    """40 lower-case hex digits over token, timestamp, nonce, and maybe Encrypt."""
    joined = b"".join(sorted(part.encode() for part in parts))
    # WeChat's choice, not ours; the token among the parts keys it.
    return sha1(joined, usedforsecurity=False).hexdigest()


def seal(message: bytes, aes_key: str, appid: str, random: bytes | None = None) -> str:
    """The Encrypt text; `random` are its 16 bytes, fresh ones unless given."""
    head = (random or token_bytes(16)) + struct.pack(">I", len(message))
    padder = PKCS7(_BLOCK_BITS).padder()
    padded = padder.update(head + message + appid.encode()) + padder.finalize()
    cipher = _cipher(aes_key).encryptor()
    return b64encode(cipher.update(padded) + cipher.finalize()).decode()


def unseal(encrypt: str, aes_key: str) -> tuple[bytes, str]:
    """The message and the appid behind it. Raises ValueError for anything else."""
    cipher = _cipher(aes_key).decryptor()
    padded = cipher.update(b64decode(encrypt, validate=True)) + cipher.finalize()
    unpadder = PKCS7(_BLOCK_BITS).unpadder()
    plain = unpadder.update(padded) + unpadder.finalize()
    if len(plain) < _HEAD:
        raise ValueError("nothing is in it")
    (length,) = struct.unpack(">I", plain[16:_HEAD])
    if length > len(plain) - _HEAD:
        raise ValueError("the length is wrong")
    end = _HEAD + length
    return plain[_HEAD:end], plain[end:].decode()


def _cipher(aes_key: str) -> Cipher[modes.CBC]:
    key = b64decode(aes_key + "=")
    return Cipher(algorithms.AES256(key), modes.CBC(key[:16]))
