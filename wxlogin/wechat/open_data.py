"""What a mini program brings from WeChat's client, signed or encrypted.

Sources: developers.weixin.qq.com/miniprogram/dev/framework/open-ability/signature.html
and …/open-ability/deprecatedGetPhoneNumber.html.

- `signature` is the SHA-1 of rawData's bytes, as they came, and the session key's text,
  in small hex letters. JSON that was written anew has other bytes.
- `encryptedData` is AES-128-CBC with PKCS#7 padding; key, iv and data are base64.

Nobody but the client's owner has seen this data, and CBC proves nothing: a flipped bit
of the iv flips that bit of the first block, so its sender chooses the first letters of
the openId. Hence the rules (security rows 59, 60 and 62):

- Who the person is was said by WeChat's server; the openId in here must be the same.
- The watermark names our appid and a time within five minutes of now.
- A phone number stands in there twice, in two blocks, and both must agree.
- A unionId in here is a hint. It is named only where the rest of the profile is what
  was signed: no key of ours signs encryptedData, and who makes up the block of a
  unionId makes rubbish of the block before it. Whether such a one counts is the
  caller's question.
- Each reader takes its own shape only. What is wrong is one error without a reason:
  who learns which check failed learns to decrypt. Nothing is repaired but a `+` that
  became a blank in a form.

Which key encrypted is the client's secret: the one that was good when it was called.
So the keys of the last logins are tried, and where none fits the program logs in again.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NoReturn, TypeVar

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

from wxlogin.errors import OpenDataInvalid
from wxlogin.wechat.answers import Answer, UserInfo, parse_userinfo, read_object

#: How far the watermark may be from our clock, either way: slow phones, wrong clocks.
FRESH_SECONDS = 300
# A profile takes 600 characters, a phone number 200; this is room enough.
TEXT_LIMIT = 8192
_BLOCK = 16

_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
# The country whose numbers WeChat writes without their code.
_HOME = "86"
_COUNTRY = re.compile(r"[1-9][0-9]{0,3}")
_NUMBER = re.compile(r"[0-9]{4,15}")
# What stands in the encrypted profile beside the signed one.
_SEALED_ONLY = {"openId", "unionId", "watermark"}
_PLACE = {"city", "province", "country"}
_PROFILE = {"nickName", "gender", "language", "avatarUrl", *_PLACE}

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Envelope:
    """Encrypted data as the client gives it, decoded."""

    data: bytes = field(repr=False)
    iv: bytes = field(repr=False)

    @property
    def digest(self) -> str:
        """By which the same data is known again, in whatever spelling it comes."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class SignedData:
    """What `wx.getUserInfo` gives: a text with its signature, and the same sealed."""

    raw_data: str = field(repr=False)
    signature: str = field(repr=False)
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class Expected:
    """For which program the data must be, and of when: `at` is seconds since 1970.

    `plain_origin` is a simulator's, whose pictures are http.
    """

    appid: str
    at: float
    plain_origin: str = ""


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A number in two parts, both digits only: `86` and `13800138000`.

    People add numbers by hand, and WeChat does not check each of them anew: it says
    where a person wants to be called, not who that is.
    """

    country_code: str
    number: str

    @property
    def whole(self) -> str:
        """As WeChat writes it: a foreign one begins with `+` and the country's code."""
        return (
            self.number
            if self.country_code == _HOME
            else f"+{self.country_code}{self.number}"
        )


def envelope(encrypted_data: str, iv: str) -> Envelope:
    """Decodes both texts. Raises OpenDataInvalid."""
    opened = Envelope(_decode(encrypted_data), _decode(iv))
    if len(opened.iv) != _BLOCK or not opened.data or len(opened.data) % _BLOCK:
        _refuse()
    return opened


def is_signed(raw_data: str, signature: str, session_key: str) -> bool:
    """Is this the signature of these very bytes, by this key's text?"""
    text = (raw_data + session_key).encode("utf-8", "surrogatepass")
    # SHA-1 is WeChat's choice.
    right = hashlib.sha1(text, usedforsecurity=False).hexdigest()
    return hmac.compare_digest(
        right.encode(), signature.encode("utf-8", "surrogatepass")
    )


def read_user_info(
    data: SignedData, keys: Iterable[str], expected: Expected, *, openid: str
) -> UserInfo:
    """The profile that was signed and encrypted by one of these session keys.

    `openid` is what WeChat's server called the person who sent it. The unionid is None
    where the sealed profile is not the signed one. Nothing is decrypted without the
    right signature. Raises OpenDataInvalid.
    """
    signers = [key for key in keys if is_signed(data.raw_data, data.signature, key)]

    def read(plain: Answer) -> UserInfo:
        if plain.get("openId") != openid or "nickName" not in plain:
            _refuse()
        return parse_userinfo(
            {
                "openid": openid,
                "nickname": plain["nickName"],
                "headimgurl": plain.get("avatarUrl"),
                "language": plain.get("language"),
                "unionid": plain.get("unionId") if _is_signed(plain, data) else None,
            },
            plain_origin=expected.plain_origin,
        )

    return _first(data.envelope, signers, expected, read)


def _is_signed(plain: Answer, data: SignedData) -> bool:
    """Is the profile in there the one whose text was signed, and nothing besides?"""
    signed = read_object(data.raw_data) or {}
    here = plain.keys() - _SEALED_ONLY
    return here <= signed.keys() and all(
        plain.get(key) == signed[key] for key in here | (signed.keys() & _PROFILE)
    )


def read_phone(
    sealed: Envelope, keys: Sequence[str], expected: Expected
) -> PhoneNumber:
    """The number that was encrypted by one of these session keys: the old form, in
    which no openId stands, so its keys are those of the person who sent it.

    Raises OpenDataInvalid.
    """
    return _first(sealed, keys, expected, phone_of)


def phone_of(data: Answer) -> PhoneNumber:
    """The number in an object of WeChat's that holds it twice: with the area code,
    where it is a foreign one, and without. Raises OpenDataInvalid.

    The area code comes as a text or a number.
    """
    code, pure, whole = (
        data.get(key) for key in ("countryCode", "purePhoneNumber", "phoneNumber")
    )
    if isinstance(code, int) and not isinstance(code, bool):
        code = str(code)
    if not isinstance(code, str) or not _COUNTRY.fullmatch(code):
        _refuse()
    if not isinstance(pure, str) or not _NUMBER.fullmatch(pure):
        _refuse()
    if whole not in (pure, code + pure, f"+{code}{pure}"):
        _refuse()
    return PhoneNumber(code, pure)


def _first(
    sealed: Envelope,
    keys: Iterable[str],
    expected: Expected,
    read: Callable[[Answer], Read],
) -> Read:
    """What the first of these keys reads."""
    for key in keys:
        try:
            return read(_open(sealed, key, expected))
        except OpenDataInvalid:
            continue
    _refuse()


def _open(sealed: Envelope, session_key: str, expected: Expected) -> Answer:
    """The object in there, with the right watermark."""
    data = read_object(_decrypt(sealed, session_key))
    if data is None:
        _refuse()
    mark = data.get("watermark")
    if not isinstance(mark, dict) or mark.get("appid") != expected.appid:
        _refuse()
    made = mark.get("timestamp")
    if not isinstance(made, int) or abs(expected.at - made) > FRESH_SECONDS:
        _refuse()
    return data


def _decrypt(sealed: Envelope, session_key: str) -> str:
    key = _decode(session_key)
    if len(key) != _BLOCK:
        _refuse()
    decryptor = Cipher(AES128(key), CBC(sealed.iv)).decryptor()
    padded = decryptor.update(sealed.data) + decryptor.finalize()
    unpadder = PKCS7(AES128.block_size).unpadder()
    try:
        return (unpadder.update(padded) + unpadder.finalize()).decode()
    except ValueError:
        _refuse()


def _decode(text: str) -> bytes:
    """Base64 in the one spelling that clients use."""
    if " " in text and "+" not in text:
        # A form's decoder made blanks of them.
        text = text.replace(" ", "+")
    if len(text) > TEXT_LIMIT or not _BASE64.fullmatch(text):
        _refuse()
    return base64.b64decode(text)


def _refuse() -> NoReturn:
    # Without the error that led here: it may quote what was decrypted.
    raise OpenDataInvalid("open data is not good, or of another session key") from None
