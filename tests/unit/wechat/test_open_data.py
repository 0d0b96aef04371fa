"""Open data: vectors that can be read, and many of the same that must not be."""

import base64
import hashlib
import json
import statistics
import time
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

from wxlogin.errors import OpenDataInvalid
from wxlogin.wechat import open_data
from wxlogin.wechat.open_data import (
    Envelope,
    Expected,
    PhoneNumber,
    SignedData,
    envelope,
    is_signed,
    phone_of,
    read_phone,
    read_user_info,
)

APPID = "wx0000000000000a03"
OPENID = "o9W6iQCWBbYAzOzR06oyGRUfsWhI"
AT = 1700000000
KEY = "4Mhn8IM6WGTk+g4X/5CnWA=="
IV = "IOmfvKI+E21K9mZG1fWyYQ=="
# A profile of 256 bytes: its padding is a whole block.
PROFILE = (
    "lcRbsKWVI7uToRcp0xeRMUz1p9LPs2v0PoPxkP3pN0K4zQ+q6gljjRLmqVcyGTAJ4LcATzh9kuQQmv"
    "ljUkn3Y9/bBH515kwyLYfxu9xV/iWzmyfGW+LEqedInXRY2ho9U94vp4Qp4kDTLMTT33RwpzQ9LfhU"
    "HRhcN3Md6DjxXF4loZprssCUxzEYZE/jwktC+X3fNjPu65BCLQ8mrhocipj9rvyvZ+LzvVEx/lIrhc"
    "3pNhVIT0RGZBbXPF+VH8kT/2b8mj/DqrJko83IlmlGk1PaVT8fFircEhTolOcLd8FmOWnY4RPLA6vn"
    "F2etYO7t+Co+8B/jx8aflva1ILN/RuVXelyC5IQgrrtgpAGk34M="
)
# A phone number.
PHONE = (
    "rz9Cfx2prKHDhlmUD5F6/NznqAtc4AhNu4PQxDr6dkyCfq6KHzeTdHfpNnGEbSgAYiI+ml5LlOSMOu"
    "Sr8yR1WVRflQ0FxRE5usrCsYHn+vdjGBPsqzM8S1ITXJ/jwSG8k5C4UoWr1BdbhAwEgyOWBN/M6eC6"
    "awMPt0dSGygHoq03of1DQo6nne1s7x/jpPXvQNSJ677lvrD/hw6iTHPQzg=="
)
RAW = (
    r'{"nickName":"小明😀 A\/B","gender":0,"language":"","city":"","province":"",'
    r'"country":"","avatarUrl":"https:\/\/thirdwx.qlogo.cn\/mmopen\/vi_32\/case\/132",'
    r'"is_demote":true}'
)
SIGNATURE = "1df431f7a8f76d5736e1aab2cb968cba89c75532"

# Tencent's own sample (…/framework/open-ability/signature.html).
OFFICIAL_KEY = "tiihtNczf5v6AKRyjwEUhQ=="
OFFICIAL_IV = "r7BXXKkLb8qrSNn05n0qiA=="
OFFICIAL = (
    "CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4oTO"
    "b1WT7fJlAC+oNPdbB+3hVbJSRgv+4lGOETKUQz6OYStslQ142dNCuabNPGBzlooOmB231qMM85d2/f"
    "V6ChevvXvQP8Hkue1poOFtnEtpyxVLW1zAo6/1Xx1COxFvrc2d7UL/lmHInNlxuacJXwu0fjpXfz/Y"
    "qYzBIBzD6WUfTIF9GRHpOn/Hz7saL8xz+W//FRAUid1OksQaQx4CMs8LOddcQhULW4ucetDf96JcR3"
    "g0gfRK4PC7E/r7Z6xNrXd2UIeorGj5Ef7b1pJAYB6Y5anaHqZ9J6nKEBvB4DnNLIVWSgARns/8wR2S"
    "iRS7MNACwTyrGvt9ts8p12PKFdlqYTopNHR1Vf7XjfhQlVsAJdNiKdYmYVoKlaRv85IfVunYzO0IKX"
    "syl7JCUjCpoG20f0a04COwfneQAGGwd5oa+T8yO5hzuyDb/XcxxmK01EpqOyuxINew=="
)
# The same in the shape of today, and a phone number; key 00 to 0f, iv 10 to 1f.
TODAYS_KEY = "AAECAwQFBgcICQoLDA0ODw=="
TODAYS_IV = "EBESExQVFhcYGRobHB0eHw=="
TODAYS = (
    "7Y6RCNJBsAa+Q2la4HEEZ2URZZSBqWX5Wp+qWtG9WVwqnYigc1MiXno4zyLrqgit+q+9ou4RSQ4jmb"
    "Y3rYviRQ/5naN2TZrW/pJGWlX5UlFCRXKdv0vt0ufzTcBXb2802R2KtbeaDfX1pS3RwUlEkfys25q+"
    "7ZPK2ngbtmL8vhS0+Y17Ktwxn16GnBP1xmHgADSNyicApCxsnmf/ob8ajSjMPO/6McUZxlVw3tGort"
    "KacYCBP95iY4NUAEns2xXBv+aazsUtUxVEouTqRxa2pIrAU+qb2WRnG7lBa8WafbdfvPaO19WIHd8N"
    "vDWo0UIOXkeYIFww4tpAQvXELbIBg8n7TP3UqplIFvwSdgVg1lCL8Dc+I+vSO5vh7oc3iGokrjkVPZ"
    "+4y+D5aCmcaXU/EyT7vnrN+eKOFj2zpeCfDuBlZcwGOIPpELp2KaFMRl5fivuNGZqUt5H7u9L8LWp3"
    "UpQ1IuMOUOOOU2aQsrtZeO1Q8kzdZTEdg4uDByF/wBjmwA4ImNJdY5pA8D9nnyJzxA=="
)
TODAYS_PHONE = (
    "aLhedzo+Z6es5zW+YHo9susiHnaEYeAkbZXA6vB3xXwsEHApbzM53NsvIVPS8sbzE9Tu3cKoosCIaJ"
    "9ReH9c7q8xI4AFlJ8HTHrrdVC0WzSFVEG+Q/SUBzVOfvRAiCzg9pRwA0o1X/SBOShf2kiL8wNfdlkW"
    "Y+I9rsvJLhx38KPligMy/5ajh2WA9GMad7QPJ4mOrRhNln1eQPztHyRiSA=="
)

EXPECTED = Expected(APPID, AT)


def sha1(data):
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


def signed(raw, key=KEY):
    return sha1((raw + key).encode())


def user_info(
    data=PROFILE, iv=IV, *, keys=(KEY,), expected=EXPECTED, openid=OPENID, raw=RAW
):
    """What is read, by a program that signs as it should."""
    return read_user_info(
        SignedData(raw, signed(raw, keys[-1]), envelope(data, iv)),
        keys,
        expected,
        openid=openid,
    )


def phone(data=PHONE, iv=IV, *, keys=(KEY,), expected=EXPECTED):
    return read_phone(envelope(data, iv), keys, expected)


def encrypt(plain, *, key=KEY, padded=False):
    """`plain` as WeChat would seal it, an object or a text or bytes."""
    if isinstance(plain, dict):
        plain = json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
    if isinstance(plain, str):
        plain = plain.encode()
    if not padded:
        padder = PKCS7(128).padder()
        plain = padder.update(plain) + padder.finalize()
    mode = CBC(base64.b64decode(IV))
    encryptor = Cipher(AES128(base64.b64decode(key)), mode).encryptor()
    return base64.b64encode(encryptor.update(plain) + encryptor.finalize()).decode()


MARK = {"timestamp": AT, "appid": APPID}
PERSON = {"openId": OPENID, "nickName": "小明", "watermark": MARK}
NUMBER = {
    "phoneNumber": "13800138000",
    "purePhoneNumber": "13800138000",
    "countryCode": "86",
    "watermark": MARK,
}


def refused(read, *args, **kwargs):
    """The refusal, which is the same for every reason."""
    with pytest.raises(OpenDataInvalid) as caught:
        read(*args, **kwargs)
    error = caught.value
    assert (error.code, error.status, error.facts) == ("open_data_invalid", 400, {})
    assert str(error) == "open data is not good, or of another session key"
    assert error.__suppress_context__
    return True


def test_tencents_own_sample():
    found = read_user_info(
        SignedData("", signed("", OFFICIAL_KEY), envelope(OFFICIAL, OFFICIAL_IV)),
        [OFFICIAL_KEY],
        Expected("wx4f4bc4dec97d474b", 1477314187),
        openid="oGZUI0egBJY1zhBYw2KhdUfwVJJE",
    )
    assert found.nickname == "Band"
    assert found.language == "zh_CN"
    assert found.avatar.startswith("https://wx.qlogo.cn/mmopen/vi_32/aSKcBBPpibyKN")
    assert not found.is_placeholder


def test_the_sample_with_one_letter_of_the_iv_changed():
    """It decrypts, with right padding and watermark, and names another openId."""
    assert refused(
        read_user_info,
        SignedData(
            "",
            signed("", OFFICIAL_KEY),
            envelope(OFFICIAL, OFFICIAL_IV.replace("5n0q", "5n2q")),
        ),
        [OFFICIAL_KEY],
        Expected("wx4f4bc4dec97d474b", 1477314187),
        openid="oGZUI0egBJY1zhBYw2KhdUfwVJJE",
    )


def test_a_profile_of_today_is_a_placeholder():
    found = user_info(
        TODAYS,
        TODAYS_IV,
        keys=[TODAYS_KEY],
        expected=Expected("wx0123456789abcdef", AT),
        openid="oSIM0000000000000000000000001",
    )
    assert (found.nickname, found.avatar) == ("微信用户", None)
    assert found.is_placeholder


def test_a_phone_number_of_today():
    expected = Expected("wx0123456789abcdef", AT)
    found = phone(TODAYS_PHONE, TODAYS_IV, keys=[TODAYS_KEY], expected=expected)
    assert found == PhoneNumber("86", "13800138000")


SEALED = {
    "openId": OPENID,
    "nickName": "小明",
    "gender": 0,
    "city": "",
    "avatarUrl": "https://thirdwx.qlogo.cn/mmopen/vi_32/case/132",
    "unionId": "oVictim0000000000000000000000",
    "watermark": MARK,
}


def raw_of(sealed, **changes):
    ours = {"openId", "unionId", "watermark"}
    text = {key: value for key, value in sealed.items() if key not in ours}
    return json.dumps(text | changes)


def test_a_unionid_is_named_where_the_profile_is_the_signed_one():
    """security row 63"""
    found = user_info(encrypt(SEALED), raw=raw_of(SEALED, is_demote=True))
    assert found.unionid == SEALED["unionId"]


@pytest.mark.parametrize(
    ("sealed", "changes"),
    [
        ({}, {"nickName": "小红"}),
        ({}, {"city": "x"}),
        ({}, {"avatarUrl": "https://thirdwx.qlogo.cn/mmopen/vi_32/other/132"}),
        ({}, {"country": "CN"}),
        ({"is_demote": True}, {"is_demote": False}),
    ],
)
def test_a_unionid_beside_another_profile_is_none(sealed, changes):
    """security row 63: its sender made up a block"""
    found = user_info(encrypt(SEALED | sealed), raw=raw_of(SEALED | sealed, **changes))
    assert found.unionid is None


@pytest.mark.parametrize("raw", ["", "[]", "null", "{}", "not json", '{"nickName"'])
def test_a_unionid_beside_no_profile_is_none(raw):
    assert user_info(encrypt(SEALED), raw=raw).unionid is None


def test_a_padding_of_a_whole_block():
    assert user_info().nickname == "微信用户"
    assert user_info().avatar == "https://thirdwx.qlogo.cn/mmopen/vi_32/case/132"


PUBLISHED = (
    "HyVFkGl5F5OQWJZZaNzBBg==",
    '{"nickName":"Band","gender":1,"language":"zh_CN","city":"Guangzhou",'
    '"province":"Guangdong","country":"CN","avatarUrl":"http://wx.qlogo.cn/mmopen/'
    "vi_32/1vZvI39NWFQ9XM4LtQpFrQJ1xlgZxx3w7bQxKARol6503Iuswjjn6nIGBiaycAjAtpujxyzYs"
    'rztuuICqIM5ibXQ/0"}',
    "75e81ceda165f4ffa64f4068af58c64b8f54b88c",
)
COMPUTED = (
    TODAYS_KEY,
    '{"nickName":"微信用户","gender":0,"language":"","city":"","province":"",'
    '"country":"","avatarUrl":"https://thirdwx.qlogo.cn/mmopen/vi_32/POgEwh4mIHO4nibH'
    '0KlMECNjjGxQUq24ZEaGT4poC6icRiccVGKSyXwibcPq4BWmiaIGuG1icwxaQX6grC9VemZoJ8rg/132"}',
    "8f1378d30ff82d9943c27485da7a5ba3f043c9d0",
)


@pytest.mark.parametrize(
    ("key", "raw", "signature"),
    [PUBLISHED, COMPUTED, (KEY, RAW, SIGNATURE)],
    ids=["published", "computed", "backslashes"],
)
def test_a_signature_is_of_the_bytes_as_they_came(key, raw, signature):
    """security row 59"""
    assert is_signed(raw, signature, key)
    assert not is_signed(raw[:-1] + " }", signature, key)
    assert not is_signed(raw, signature, "x" + key[1:])


ANEW = json.dumps(json.loads(RAW), ensure_ascii=False, separators=(",", ":"))
ESCAPED = json.dumps(json.loads(RAW), separators=(",", ":"))


@pytest.mark.parametrize(
    ("raw", "signature"),
    [
        (ANEW, SIGNATURE),
        (ESCAPED, SIGNATURE),
        (RAW.replace("\\/", "/"), SIGNATURE),
        (RAW, SIGNATURE.upper()),
        (RAW, f" {SIGNATURE}"),
        (RAW, f"{SIGNATURE}\n"),
        (RAW, SIGNATURE[:39]),
        (RAW, ""),
        (RAW, "ｌ" + SIGNATURE[1:]),
        (RAW, "\ud83d"),
        ("\ud83d", SIGNATURE),
        # Signed by the decoded key, as many libraries did, and by the one of another.
        (RAW, sha1(RAW.encode() + base64.b64decode(KEY))),
        (RAW, sha1((RAW + TODAYS_KEY).encode())),
        (RAW, sha1((KEY + RAW).encode())),
    ],
)
def test_what_is_no_signature_of_it(raw, signature):
    """security row 59"""
    assert not is_signed(raw, signature, KEY)


def test_the_texts_that_look_the_same_have_signatures_of_their_own():
    assert signed(ANEW).startswith("2a1a20bc")
    assert signed(ESCAPED).startswith("4d9b8539")
    assert is_signed(ANEW, signed(ANEW), KEY)


def test_nothing_is_decrypted_without_the_right_signature(monkeypatch):
    """security row 59"""
    opened = []
    decrypt = open_data._decrypt
    monkeypatch.setattr(
        open_data, "_decrypt", lambda *args: opened.append(1) or decrypt(*args)
    )
    data = SignedData(RAW, SIGNATURE, envelope(PROFILE, IV))
    for bad in (replace(data, raw_data=RAW + " "), replace(data, signature="0" * 40)):
        assert refused(read_user_info, bad, [KEY], EXPECTED, openid=OPENID)
    assert opened == []
    read_user_info(data, [TODAYS_KEY, KEY], EXPECTED, openid=OPENID)
    assert opened == [1]


def test_signatures_are_compared_in_constant_time(monkeypatch):
    """security row 59"""
    compared = []
    monkeypatch.setattr(
        open_data.hmac, "compare_digest", lambda *pair: compared.append(pair) or False
    )
    assert not is_signed(RAW, SIGNATURE, KEY)
    assert compared == [(SIGNATURE.encode(), SIGNATURE.encode())]


@pytest.mark.parametrize("spoil", ["PROFILE", "IV"])
@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("+", ""),
        lambda text: text.replace("+", "-").replace("/", "_"),
        lambda text: text.rstrip("="),
        lambda text: text.replace("+", "%2B"),
        lambda text: base64.b64encode(text.encode()).decode(),
        lambda text: "\n".join([text[:20], text[20:]]),
        lambda text: text + "\n",
        lambda text: "ｌ" + text[1:],
        lambda text: "\ud83d" + text[1:],
        lambda text: text + " ",
        lambda text: "",
        lambda text: text[:-4],
        lambda text: text + "=",
    ],
)
def test_base64_that_was_damaged_on_its_way(spoil, change):
    """security row 62"""
    data, iv = PROFILE, IV
    if spoil == "PROFILE":
        data = change(data)
    else:
        iv = change(iv)
    assert (data, iv) == (PROFILE, IV) or refused(user_info, data, iv)


def test_blanks_of_a_form_become_plus_again():
    assert user_info(PROFILE.replace("+", " "), IV.replace("+", " ")) == user_info()
    assert refused(user_info, PROFILE.replace("+", " ", 1))


@pytest.mark.parametrize("length", [0, 15, 17, 24, 32])
def test_an_iv_is_sixteen_bytes(length):
    """security row 62"""
    iv = base64.b64encode(bytes(length)).decode()
    assert refused(user_info, PROFILE, iv)
    assert refused(phone, PHONE, iv)


@pytest.mark.parametrize("length", [0, 15, 17, 16, 70_000, 70_016])
def test_data_is_whole_blocks_and_not_too_many(length):
    """security row 62"""
    data = base64.b64encode(bytes(length)).decode()
    assert refused(user_info, data)
    assert refused(phone, data)


def test_iv_and_data_exchanged():
    assert refused(user_info, IV, PROFILE)


@pytest.mark.parametrize(
    "plain",
    [
        b"\x10" * 16,
        b"\x00" * 16,
        b'{"openId":"x"}\x01\x02',
        b'{"a":1}' + b" " * 8 + b"\x11",
        b"",
    ],
    ids=["all padding", "zero", "uneven", "too long", "nothing"],
)
def test_padding_is_checked(plain):
    """security row 62"""
    assert refused(phone, encrypt(plain, padded=True))


@pytest.mark.parametrize(
    "plain",
    [
        b"",
        b"\xff\xfe",
        "[]",
        "null",
        "{",
        b'{"openId":"\xff"}',
        json.dumps(NUMBER)[:-1] + ',"purePhoneNumber":"1"}',
        "[" * 3000,
        '{"timestamp":' + "9" * 5000 + "}",
    ],
)
def test_what_is_no_object(plain):
    """security row 62"""
    assert refused(phone, encrypt(plain))
    assert refused(user_info, encrypt(plain))


def test_a_name_that_is_no_utf8():
    """security row 60: WeChat's text is whole, so this one was tampered with."""
    plain = json.dumps(PERSON | {"nickName": "MARK"}).encode()
    assert user_info(encrypt(plain)).nickname == "MARK"
    assert refused(user_info, encrypt(plain.replace(b"MARK", b"MAR\xff")))


@pytest.mark.parametrize(
    "mark",
    [
        None,
        [],
        "text",
        {},
        {"timestamp": AT},
        {"appid": APPID},
        MARK | {"appid": "wx0000000000000a04"},
        MARK | {"appid": [APPID]},
        MARK | {"timestamp": str(AT)},
        MARK | {"timestamp": float(AT)},
        MARK | {"timestamp": None},
        MARK | {"timestamp": True},
        MARK | {"timestamp": AT - 301},
        MARK | {"timestamp": AT + 301},
    ],
)
def test_the_watermark_is_ours_and_fresh(mark):
    """security row 60"""
    assert refused(user_info, encrypt(PERSON | {"watermark": mark}))
    assert refused(phone, encrypt(NUMBER | {"watermark": mark}))


@pytest.mark.parametrize("away", [-300, 300])
def test_five_minutes_are_fresh(away):
    mark = MARK | {"timestamp": AT + away}
    assert user_info(encrypt(PERSON | {"watermark": mark})).nickname == "小明"
    assert phone(encrypt(NUMBER | {"watermark": mark}))


@pytest.mark.parametrize("openid", [None, "", "oX", [OPENID], OPENID.lower(), 5])
def test_the_openid_is_the_one_of_the_login(openid):
    """security row 60"""
    assert refused(user_info, encrypt(PERSON | {"openId": openid}))


def test_another_persons_data():
    """security row 60"""
    assert refused(user_info, openid="oGZUI0egBJY1zhBYw2KhdUfwVJJE")


def test_a_number_whose_first_key_was_changed_by_the_iv():
    """All of it is right but one letter of a name, in the block that an iv reaches."""
    assert phone() == PhoneNumber("86", "13800138000")
    assert refused(phone, PHONE, "IOmfvKI+E21K9mZG1PWyYQ==")


def test_each_reader_takes_its_own_shape():
    """A profile is no phone number, and the other way about."""
    assert refused(phone, PROFILE)
    assert refused(user_info, PHONE)


def test_the_key_that_fits_is_found_among_the_last_ones():
    """security row 65"""
    assert user_info(keys=[TODAYS_KEY, OFFICIAL_KEY, KEY]).openid == OPENID
    assert phone(keys=[TODAYS_KEY, KEY, OFFICIAL_KEY])
    assert refused(phone, keys=[TODAYS_KEY, OFFICIAL_KEY])
    assert refused(phone, keys=[])


@pytest.mark.parametrize("key", ["", "MARKER", "AAECAwQF", TODAYS_KEY * 2, "ｌ" * 24])
def test_a_session_key_that_is_none(key):
    assert refused(phone, keys=[key])


@pytest.mark.parametrize(
    ("country", "pure", "whole", "number"),
    [
        (86, "13800138000", "13800138000", ("86", "13800138000")),
        ("86", "13800138000", "13800138000", ("86", "13800138000")),
        ("86", "13800138000", "+8613800138000", ("86", "13800138000")),
        ("852", "91234567", "+85291234567", ("852", "91234567")),
        (852, "91234567", "85291234567", ("852", "91234567")),
    ],
)
def test_a_phone_number_has_one_shape(country, pure, whole, number):
    told = {"countryCode": country, "purePhoneNumber": pure, "phoneNumber": whole}
    assert phone_of(told | {"more": {}}) == PhoneNumber(*number)


WIDE = "１３８００１３８０００"


@pytest.mark.parametrize(
    "change",
    [
        {"purePhoneNumber": "13800138001"},
        {"phoneNumber": "13800138001"},
        {"phoneNumber": None},
        {"purePhoneNumber": None},
        {"phoneNumber": 13800138000},
        {"purePhoneNumber": 13800138000, "phoneNumber": 13800138000},
        {"countryCode": None},
        {"countryCode": True},
        {"countryCode": "+86"},
        {"countryCode": "086"},
        {"countryCode": ""},
        {"countryCode": -86},
        {"countryCode": [86]},
        {"purePhoneNumber": "", "phoneNumber": ""},
        {"purePhoneNumber": "1" * 16, "phoneNumber": "1" * 16},
        {
            "purePhoneNumber": "１３８００１３８０００",
            "phoneNumber": "１３８００１３８０００",
        },
        {"purePhoneNumber": "138 0013", "phoneNumber": "138 0013"},
        {"phoneNumber": "+113800138000"},
    ],
)
def test_a_phone_number_whose_two_do_not_agree(change):
    """security row 62"""
    assert refused(phone_of, NUMBER | change)
    assert refused(phone, encrypt(NUMBER | change))


def test_one_flipped_bit_anywhere_is_the_one_refusal():
    """security row 62: never another error, and never what was not sealed."""
    sealed = envelope(PHONE, IV)
    for place in range(8 * len(sealed.data)):
        data = bytearray(sealed.data)
        data[place // 8] ^= 1 << place % 8
        changed = Envelope(bytes(data), sealed.iv)
        # In CBC a flipped bit destroys its block, and only there may it not matter.
        assert refused(read_phone, changed, [KEY], EXPECTED)
    for place in range(8 * 16):
        iv = bytearray(sealed.iv)
        iv[place // 8] ^= 1 << place % 8
        assert refused(read_phone, Envelope(sealed.data, bytes(iv)), [KEY], EXPECTED)


def test_one_flipped_bit_of_a_profile_is_the_one_refusal():
    """security row 62"""
    sealed = envelope(PROFILE, IV)
    data = SignedData(RAW, SIGNATURE, sealed)
    assert read_user_info(data, [KEY], EXPECTED, openid=OPENID)
    parts = {"data": sealed.data, "iv": sealed.iv}
    for name, part in parts.items():
        for place in range(8 * len(part)):
            changed = bytearray(part)
            changed[place // 8] ^= 1 << place % 8
            spoilt = replace(data, envelope=replace(sealed, **{name: bytes(changed)}))
            assert refused(read_user_info, spoilt, [KEY], EXPECTED, openid=OPENID)
    for name in ("raw_data", "signature"):
        text = getattr(data, name)
        for place in range(7 * len(text)):
            letter = chr(ord(text[place // 7]) ^ 1 << place % 7)
            other = text[: place // 7] + letter + text[place // 7 + 1 :]
            spoilt = replace(data, **{name: other})
            assert refused(read_user_info, spoilt, [KEY], EXPECTED, openid=OPENID)


def test_the_reason_cannot_be_measured():
    """security row 62: what one step more costs is lost in the noise of a request."""
    kinds = {
        "padding": envelope(encrypt(b"\x00" * 160, padded=True), IV),
        "json": envelope(encrypt(b"x" * 150), IV),
        "appid": envelope(encrypt(NUMBER | {"watermark": {}}), IV),
        "stale": envelope(encrypt(NUMBER | {"watermark": MARK | {"timestamp": 1}}), IV),
    }
    spent = {name: [] for name in kinds}
    for _ in range(500):
        for name, sealed in kinds.items():
            begun = time.perf_counter()
            refused(read_phone, sealed, [KEY], EXPECTED)
            spent[name].append(time.perf_counter() - begun)
    medians = [statistics.median(times) for times in spent.values()]
    assert max(medians) - min(medians) < 0.0005


def test_the_same_data_is_known_in_every_spelling():
    spellings = {PROFILE, PROFILE.replace("+", " ")}
    assert len({envelope(each, IV).digest for each in spellings}) == 1
    assert envelope(PHONE, IV).digest != envelope(PROFILE, IV).digest


def test_nothing_of_it_is_shown():
    data = SignedData(RAW, SIGNATURE, envelope(PROFILE, IV))
    assert repr(data) == "SignedData(envelope=Envelope())"
