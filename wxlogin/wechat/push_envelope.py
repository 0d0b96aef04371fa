"""How WeChat signs and seals what it pushes, and how an answer is sealed.

Source: developers.weixin.qq.com/doc/oplatform/developers/dev/push/encryption.md; the
padding and the key's idle bits are told in docs/wechat.md.

- `signature` is the SHA-1 of token, timestamp and nonce, sorted by their bytes and
  joined. It covers neither the body nor the rest of the address: who has seen one has
  it for ever. `msg_signature` covers the sealed text, too.
- A sealed text is AES-256-CBC under the EncodingAESKey with its first 16 bytes as iv,
  padded to blocks of 32: 16 random bytes, the length in four, the message, the appid.
- The key is 43 letters of base64. Its last letter carries two bits that mean nothing,
  and WeChat sets them; so it is decoded, never compared or written anew.

Whatever is wrong with a sealed text is one error without a reason (security row 83):
the signature is checked before anything is decrypted, all bytes of the padding are, and
the appid at the end must be the app's.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

from wxlogin.errors import PushRefused, PushUnopened

_RANDOM = 16
_LENGTH = 4
_CIPHER_BLOCK = 16
_PADDING_BITS = 32 * 8
# For the log. What is signed and cannot be read is sealed with another key, as a rule.
_UNREADABLE = "the sealed text cannot be read: the aes_key may not be the console's"


@dataclass(frozen=True, slots=True)
class Signed:
    """What stands in the address of a push, beside its signatures."""

    timestamp: str
    nonce: str


@dataclass(frozen=True)
class Delivery:
    """One delivery of a push, as it came."""

    signed: Signed
    signature: str = field(repr=False)
    msg_signature: str = field(repr=False)
    #: `aes` where the body is sealed.
    encrypt_type: str
    body: bytes = field(repr=False)
    #: The whole query, as it came.
    query: str = field(default="", repr=False)

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True, slots=True)
class PushKeys:
    """What an app shares with WeChat for its pushes (config/apps.py)."""

    appid: str
    token: str = field(repr=False)
    #: The EncodingAESKey, 43 letters; None where pushes are not sealed.
    aes_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SealedReply:
    """An answer for WeChat alone, and what WeChat checks it by."""

    encrypt: str
    signature: str
    timestamp: int
    nonce: str


def signature(keys: PushKeys, signed: Signed) -> str:
    """What `is_signed` wants."""
    return _digest(keys.token, signed.timestamp, signed.nonce)


def is_signed(keys: PushKeys, signed: Signed, signature: str) -> bool:
    """Is this `signature` made with the app's token?"""
    return _equal(_digest(keys.token, signed.timestamp, signed.nonce), signature)


def is_sealed_by(
    keys: PushKeys, signed: Signed, encrypt: str, msg_signature: str
) -> bool:
    """Is this `msg_signature` made with the app's token over this sealed text?"""
    expected = _digest(keys.token, signed.timestamp, signed.nonce, encrypt)
    return _equal(expected, msg_signature)


def unseal(keys: PushKeys, encrypt: str) -> bytes:
    """The message in a sealed text. Raises PushUnopened, whatever is wrong."""
    full = _decrypted(_key(keys), encrypt)
    start = _RANDOM + _LENGTH
    length = int.from_bytes(full[_RANDOM:start], "big")
    end = start + length
    # An empty message is nothing that WeChat says.
    if not 0 < length <= len(full) - start:
        raise PushUnopened("the sealed text has no message")
    if not hmac.compare_digest(full[end:], keys.appid.encode()):
        raise PushUnopened("the sealed text is for another app")
    return full[start:end]


def seal(
    keys: PushKeys, message: bytes, *, nonce: str, at: int, front: bytes = b""
) -> SealedReply:
    """The message sealed for WeChat; `at` is seconds since 1970, `nonce` the push's.

    `front` takes the place of chance: see `front_of`.
    """
    length = len(message).to_bytes(_LENGTH, "big")
    front = front or secrets.token_bytes(_RANDOM)
    full = front + length + message + keys.appid.encode()
    padder = PKCS7(_PADDING_BITS).padder()
    padded = padder.update(full) + padder.finalize()
    encryptor = _cipher(_key(keys)).encryptor()
    encrypt = base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()
    signature = _digest(keys.token, str(at), nonce, encrypt)
    return SealedReply(encrypt, signature, at, nonce)


def front_of(keys: PushKeys, message: bytes, *, nonce: str) -> bytes:
    """The 16 bytes in front of a message, so that the same one is sealed alike for a
    push that comes again; who has no key takes them for chance."""
    text = f"{nonce}\x1f".encode("utf-8", "surrogatepass") + message
    return hmac.digest(_key(keys), text, "sha256")[:_RANDOM]


def _key(keys: PushKeys) -> bytes:
    if keys.aes_key is None:
        raise PushRefused("the app has no aes_key")
    return base64.b64decode(keys.aes_key + "=")


def _decrypted(key: bytes, encrypt: str) -> bytes:
    try:
        data = base64.b64decode(encrypt, validate=True)
        if not data or len(data) % _CIPHER_BLOCK:
            raise PushUnopened("the sealed text is cut")
        decryptor = _cipher(key).decryptor()
        padded = decryptor.update(data) + decryptor.finalize()
        unpadder = PKCS7(_PADDING_BITS).unpadder()
        return unpadder.update(padded) + unpadder.finalize()
    except (binascii.Error, ValueError) as error:
        # Its words would tell what was wrong.
        raise PushUnopened(_UNREADABLE) from error


def _cipher(key: bytes) -> Cipher[CBC]:
    return Cipher(AES256(key), CBC(key[:_CIPHER_BLOCK]))


def _digest(*texts: str) -> str:
    joined = b"".join(sorted(text.encode("utf-8", "surrogatepass") for text in texts))
    # SHA-1 is what the protocol says.
    return hashlib.sha1(joined, usedforsecurity=False).hexdigest()


def _equal(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))
