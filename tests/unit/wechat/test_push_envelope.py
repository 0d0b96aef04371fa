"""How pushes are signed and sealed: vectors of Tencent's and ours, and each of them
with something broken."""

import base64
from dataclasses import replace

import pytest
from wechatpy.crypto import WeChatCrypto

from wxlogin.errors import PushRefused
from wxlogin.wechat import push_envelope
from wxlogin.wechat.push_envelope import (
    PushKeys,
    Signed,
    is_sealed_by,
    is_signed,
    seal,
    unseal,
)

KEY = "kHRMV8BNtxvOXvu3aYe2BnhVjw9Hg45d4W4PJeSYpLv"
KEYS = PushKeys("wx0000000000000a02", "simCaseToken2025A", KEY)
SIGNED = Signed("1700000000", "1234567890")
MESSAGE = (
    b"<xml><ToUserName><![CDATA[gh_0123456789ab]]></ToUserName><FromUserName>"
    b"<![CDATA[ousmv0Tz_2eG1mSkMdPfaai-bQxS]]></FromUserName><CreateTime>1700000000"
    b"</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[subscribe]]>"
    b"</Event><EventKey><![CDATA[]]></EventKey></xml>"
)
# Tencent's own: all letters of the key are A.
TENCENTS = PushKeys("wxba5fad812f8e6fb9", "AAAAA", "A" * 43)
TENCENTS_TEXT = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyu"
    "s8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlC"
    "Tj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50"
    "F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
)
TENCENTS_MESSAGE = (
    b'{"ToUserName":"gh_97417a04a28d","FromUserName":"o9AgO5Kd5ggOC-bXrbNODIiE3bGY",'
    b'"CreateTime":1714112445,"MsgType":"event","Event":"debug_demo",'
    b'"debug_str":"hello world"}'
)


@pytest.mark.parametrize(
    ("token", "timestamp", "nonce", "signature"),
    [
        (
            "AAAAA",
            "1714036504",
            "1514711492",
            "f464b24fc39322e44b38aa78f5edd27bd1441696",
        ),
        (
            "AAAAA",
            "1714037059",
            "486452656",
            "899cf89e464efb63f54ddac96b0a0a235f53aa78",
        ),
        (
            "AAAAA",
            "1714112445",
            "415670741",
            "6c5c811b55cc85e0e1b54100749188c20beb3f5d",
        ),
        # By letters and not by numbers; the token is not always last.
        ("Zz9abc", "1700000000", "99", "1a058dbeae4166e6de6832d0346822ef739a4c90"),
        (
            "0abc",
            "1700000000",
            "1234567890",
            "d6997bd06cb192de5c51dd710c1d3a98bebb8a33",
        ),
    ],
)
def test_the_signature_is_over_the_sorted_texts(
    token: str, timestamp: str, nonce: str, signature: str
) -> None:
    keys = PushKeys("wx0000000000000a02", token)
    assert is_signed(keys, Signed(timestamp, nonce), signature)
    assert not is_signed(keys, Signed(timestamp, nonce), signature.upper())
    assert not is_signed(keys, Signed(timestamp, nonce + "0"), signature)
    assert not is_signed(keys, Signed(timestamp, nonce), "")


def test_tencents_own_push_is_read() -> None:
    signed = Signed("1714112445", "415670741")
    signature = "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3"
    assert is_sealed_by(TENCENTS, signed, TENCENTS_TEXT, signature)
    assert not is_sealed_by(TENCENTS, signed, TENCENTS_TEXT[:-1], signature)
    assert unseal(TENCENTS, TENCENTS_TEXT) == TENCENTS_MESSAGE


@pytest.mark.parametrize("size", range(1, 66))
def test_what_is_sealed_is_read_whatever_its_length(size: int) -> None:
    # The padding is up to 32 bytes, and a whole block of them where nothing is missing.
    message = "小".encode()[:1] * size
    assert unseal(KEYS, seal(KEYS, message, nonce="1", at=1).encrypt) == message


def test_another_library_reads_what_is_sealed_and_seals_what_is_read() -> None:
    crypto = WeChatCrypto(KEYS.token, KEY, KEYS.appid)
    sealed = seal(KEYS, MESSAGE, nonce="99", at=1700000000)
    text = (
        f"<xml><Encrypt><![CDATA[{sealed.encrypt}]]></Encrypt></xml>"  # a reply's part
    )
    read = crypto.decrypt_message(text, sealed.signature, "1700000000", "99")
    assert read.encode() == MESSAGE

    written = crypto.encrypt_message(MESSAGE.decode(), "99", "1700000000")
    encrypt = written.split("<Encrypt><![CDATA[")[1].split("]]>")[0]
    signature = written.split("<MsgSignature><![CDATA[")[1].split("]]>")[0]
    assert is_sealed_by(KEYS, Signed("1700000000", "99"), encrypt, signature)
    assert unseal(KEYS, encrypt) == MESSAGE


@pytest.mark.parametrize("change", ["letter", "block", "cut", "none", "words", "blank"])
def test_what_is_broken_is_refused_without_a_reason(change: str) -> None:
    text = seal(KEYS, MESSAGE, nonce="1", at=1).encrypt
    flipped = "A" if text[40] != "A" else "B"
    broken = {
        "letter": text[:-40] + flipped + text[-39:],
        "block": base64.b64encode(base64.b64decode(text)[:-16]).decode(),
        "cut": text[:-4],
        "none": "",
        "words": "ｌ" + text[1:],
        "blank": text.replace("A", " "),
    }[change]
    with pytest.raises(PushRefused) as refused:
        unseal(KEYS, broken)
    assert refused.value.code == "push_refused"


@pytest.mark.parametrize(
    "keys",
    [
        replace(KEYS, appid="wx0000000000000a06"),
        replace(KEYS, aes_key="abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"),
        replace(KEYS, aes_key=None),
    ],
)
def test_what_is_sealed_for_another_app_is_refused(keys: PushKeys) -> None:
    text = seal(KEYS, MESSAGE, nonce="1", at=1).encrypt
    with pytest.raises(PushRefused):
        unseal(keys, text)


@pytest.mark.parametrize("more", [0, 32, 64, 192])
def test_all_bytes_of_the_padding_are_looked_at(
    more: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Careless:
        """Of whose padding the last byte alone is right, as for a reader that looks at
        no other."""

        def padder(self) -> "Careless":
            return self

        def update(self, full: bytes) -> bytes:
            size = 32 - len(full) % 32 + more
            assert size > 1
            return full + b"\0" * (size - 1) + bytes([size])

        def finalize(self) -> bytes:
            return b""

    with monkeypatch.context() as careless:
        careless.setattr(push_envelope, "PKCS7", lambda _bits: Careless())
        text = seal(KEYS, MESSAGE, nonce="1", at=1).encrypt
    with pytest.raises(PushRefused):
        unseal(KEYS, text)


@pytest.mark.parametrize("length", [0, 1, len(MESSAGE) + 1, 0xFFFFFFFF])
def test_a_wrong_length_inside_is_refused(
    length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Short(bytes):
        def __len__(self) -> int:
            return length

    text = seal(KEYS, Short(MESSAGE), nonce="1", at=1).encrypt
    with pytest.raises(PushRefused):
        unseal(KEYS, text)


def test_the_idle_bits_of_a_key_mean_nothing() -> None:
    text = seal(KEYS, b"x", nonce="1", at=1).encrypt
    assert unseal(replace(KEYS, aes_key=KEY[:-1] + "s"), text) == b"x"


def test_the_same_randomness_gives_the_known_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("secrets.token_bytes", lambda size: b"0123456789abcdef"[:size])
    sealed = seal(KEYS, MESSAGE, nonce="1234567890", at=1700000000)
    assert sealed.signature == "0c83982240542a8a9e59d3c019b74dd6c7869d63"
