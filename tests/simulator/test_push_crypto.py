"""Who signs a push, and what is inside: Tencent's vectors and some of strangers."""

import json
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import pytest

from wxlogin.simulator.world.push_crypto import seal, signature, unseal

VECTORS = json.loads(Path(__file__).with_name("push_vectors.json").read_text("utf-8"))
SEALED = [pytest.param(each, id=each["from"]) for each in VECTORS["sealed"]]


def sealed(vector: dict[str, Any], **changes: str) -> str:
    given = vector | changes
    return seal(
        given["message"].encode(),
        given["aes_key"],
        given["appid"],
        given["random"].encode(),
    )


@pytest.mark.parametrize(("token", "timestamp", "nonce", "wanted"), VECTORS["signed"])
def test_signatures(token: str, timestamp: str, nonce: str, wanted: str) -> None:
    assert signature(token, timestamp, nonce) == wanted
    assert signature(nonce, token, timestamp) == wanted


@pytest.mark.parametrize("vector", SEALED)
def test_what_is_sealed(vector: dict[str, Any]) -> None:
    encrypt = sealed(vector)
    assert encrypt == vector.get("encrypt", encrypt)
    assert len(b64decode(encrypt)) % 32 == 0
    message, appid = unseal(encrypt, vector["aes_key"])
    assert (message.decode(), appid) == (vector["message"], vector["appid"])


@pytest.mark.parametrize(
    "vector", [v for v in SEALED if "msg_signature" in v.values[0]]
)
def test_what_is_signed(vector: dict[str, Any]) -> None:
    parts = vector["token"], vector["timestamp"], vector["nonce"]
    assert signature(*parts, sealed(vector)) == vector["msg_signature"]


def test_idle_bits_of_a_key_are_no_bits_of_it() -> None:
    vector = VECTORS["sealed"][5]
    key = vector["aes_key"]
    written_anew = b64encode(b64decode(key + "=")).decode().rstrip("=")
    assert written_anew != key
    assert sealed(vector, aes_key=written_anew) == sealed(vector)


def test_sixteen_fresh_bytes_each_time() -> None:
    one, two = (seal(b"m", VECTORS["sealed"][0]["aes_key"], "wx") for _ in "ab")
    assert one != two


@pytest.mark.parametrize("encrypt", ["", "x", "AAAA", "A" * 44, "é", "A B="])
def test_what_cannot_be_read(encrypt: str) -> None:
    with pytest.raises(ValueError):
        unseal(encrypt, "A" * 43)


def test_another_key_reads_nothing() -> None:
    vector = VECTORS["sealed"][0]
    with pytest.raises(ValueError):
        unseal(vector["encrypt"], "B" * 43)
