"""Open data, as a phone hands it to a mini program: signed text, encrypted text.

- `signature` is the hex SHA-1 of rawData's bytes and the session_key's base64 text.
- `encryptedData` is AES-128-CBC with PKCS#7 under the 16 bytes of the key; both it and
  the iv are base64 (developers.weixin.qq.com/miniprogram/dev/framework/open-ability/
  signature.html). The JSON is compact and not escaped.
- Since November 2022 everybody's profile is 微信用户 with a grey picture; only the ids
  in the encrypted part are a person's own (developers.weixin.qq.com/community/develop/
  doc/00022c683e8a80b29bed2142b56c01).
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from hashlib import sha1
from secrets import token_bytes
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from . import ids
from .parties import Person

_GREY = f"https://thirdwx.qlogo.cn/mmopen/vi_32/{ids.DEFAULT_AVATAR}/132"


def anonymous() -> dict[str, Any]:
    """The profile that everybody has today."""
    return _profile("微信用户", "", _GREY)


def legacy(person: Person, origin: str) -> dict[str, Any]:
    """A person's own profile, as old versions of programs still see it."""
    return _profile(person.nickname, person.language, person.headimgurl(origin))


def _profile(nickname: str, language: str, avatar: str) -> dict[str, Any]:
    where = {"city": "", "province": "", "country": ""}
    return {
        "nickName": nickname,
        "gender": 0,
        "language": language,
        **where,
        "avatarUrl": avatar,
    }


def phone_number(person: Person, country_code: object) -> dict[str, Any]:
    """The number; only a foreign one is written with its country's code."""
    abroad = person.country_code != "86"
    prefix = f"+{person.country_code}" if abroad else ""
    return {
        "phoneNumber": prefix + person.phone,
        "purePhoneNumber": person.phone,
        "countryCode": country_code,
    }


def watermark(appid: str, now: float) -> dict[str, Any]:
    """What every piece of open data ends with."""
    return {"watermark": {"timestamp": int(now), "appid": appid}}


def compact(value: Mapping[str, Any]) -> str:
    """JSON without blanks, in raw characters; half a character stays an escape."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace").decode()


def signature(raw_data: str, session_key: str) -> str:
    """40 lower-case hex digits over the text and the key's own text."""
    # WeChat's choice, not ours, and keyed by what follows it.
    return sha1((raw_data + session_key).encode(), usedforsecurity=False).hexdigest()


def encrypted(plain: str, session_key: str, iv: bytes | None = None) -> dict[str, str]:
    """{encryptedData, iv}, with a fresh iv unless one is given."""
    iv = iv or token_bytes(16)
    padder = PKCS7(128).padder()
    padded = padder.update(plain.encode()) + padder.finalize()
    aes = Cipher(algorithms.AES128(b64decode(session_key)), modes.CBC(iv)).encryptor()
    data = aes.update(padded) + aes.finalize()
    return {"encryptedData": b64encode(data).decode(), "iv": b64encode(iv).decode()}
