"""The calls that an app makes in its own name: what is sent, and what is read."""

import json
from urllib.parse import urlsplit

import pytest

from tests.support.broken_wechat import says
from wxlogin.errors import (
    PhoneCodeInvalid,
    WeChatBusy,
    WeChatMisconfigured,
    WeChatUnavailable,
)
from wxlogin.wechat import app_calls
from wxlogin.wechat.app_calls import ProgramCode, Verdict
from wxlogin.wechat.errors import AppTokenStale, visitor_sentence

OPENID = "oExample0123456789_abcdefG-H"
#: Vector H of the strangers' cases, and one of the protocol's own.
KEY = "4Mhn8IM6WGTk+g4X/5CnWA=="
PROOF = "c82f3004f6e55454afc620ecc2df838919b7dc7262ed6e410bb620f5ec1b306e"
JPEG = b"\xff\xd8\xff\xe0 and so on"
PHONE = {"phoneNumber": "13800138000", "purePhoneNumber": "13800138000"}


def refusal(errcode, errmsg="text rid: 653f6a60-70851a2e-4e50da8d", extra=""):
    return says({"errcode": errcode, "errmsg": errmsg}, extra=extra)


@pytest.fixture
def asks(wechat, app):
    """`asks("app_token")`: one of the calls, with the token MARKERtoken."""

    def ask(name, *args, **more):
        token = () if name == "app_token" else ("MARKERtoken",)
        call = getattr(app_calls, name)
        return call(wechat, app, *token, *args, deadline=wechat.deadline(), **more)

    return ask


def number_of(asks, **info):
    return asks("phone_number", "ab" * 32, openid=OPENID)


def phone_info(appid="wx0000000000000a01", **info):
    info = {**PHONE, "countryCode": "86", **info}
    info["watermark"] = {"timestamp": 1700000000, "appid": appid}
    return says({"errcode": 0, "errmsg": "ok", "phone_info": info})


# -- what is sent --


def test_the_token_is_asked_for_with_json_and_never_forced(asks, server):
    server.will(says({"access_token": "68_token", "expires_in": 345}))
    found = asks("app_token")
    assert (found.value, found.expires_in) == ("68_token", 345)
    assert server.targets == ["/cgi-bin/stable_token"]
    assert json.loads(server.bodies[0]) == {
        "grant_type": "client_credential",
        "appid": "wx0000000000000a01",
        "secret": "MARKERsecret",
    }
    assert "68_token" not in repr(found)


def test_a_code_to_scan(asks, server):
    server.will(says(JPEG))
    wanted = ProgramCode("s-_~.!", "pages/scan/scan")
    assert asks("program_code", wanted) == JPEG
    assert server.targets == ["/wxa/getwxacodeunlimit?access_token=MARKERtoken"]
    assert json.loads(server.bodies[0]) == {
        "scene": "s-_~.!",
        "page": "pages/scan/scan",
        "check_path": True,
        "env_version": "release",
        "width": 430,
    }


@pytest.mark.parametrize("env", ["trial", "develop"])
def test_a_page_that_is_not_released_is_not_looked_for(asks, server, env):
    server.will(says(JPEG))
    asks("program_code", ProgramCode("a", "pages/scan/scan", env))
    body = json.loads(server.bodies[0])
    assert (body["check_path"], body["env_version"]) == (False, env)


@pytest.mark.parametrize("scene", ["", "a" * 33, "a%20", "订单", "a b", "a\n", "a\x00"])
def test_a_scene_that_wechat_refuses_is_never_sent(scene):
    with pytest.raises(ValueError, match="scene"):
        ProgramCode(scene, "pages/scan/scan")


def test_every_letter_that_wechat_takes():
    for scene in ("0" * 32, "!#$&'()*+,/:;=?@", "-._~azAZ09"):
        assert ProgramCode(scene, "").fields["scene"] == scene


def test_the_phones_code_stands_in_the_body_with_the_openid(asks, server):
    server.will(phone_info())
    found = number_of(asks)
    assert (found.country_code, found.number) == ("86", "13800138000")
    (target,) = server.targets
    assert target == "/wxa/business/getuserphonenumber?access_token=MARKERtoken"
    assert json.loads(server.bodies[0]) == {"code": "ab" * 32, "openid": OPENID}


def test_a_session_key_is_proved_and_not_shown(asks, server):
    server.will(says({"errcode": 0, "errmsg": "ok"}))
    assert asks("is_key_alive", KEY, openid=OPENID) is True
    (query,) = server.queries()
    assert list(query) == ["access_token", "openid", "signature", "sig_method"]
    assert query["signature"] == PROOF
    assert query["sig_method"] == "hmac_sha256"
    assert server.bodies == [b""]


def test_the_protocols_own_proof():
    assert app_calls.key_proof("o0q0otL8aEzpcZL/FT9WsQ==") == (
        "46e043c5525c2d817c44be603d30837a808a1d930d038f6fdc3e62a201fed128"
    )


def test_what_is_judged_goes_out_as_it_is_written(asks, server):
    """`\\uXXXX` in the place of letters is refused by some calls (40033)."""
    server.will(says({"errcode": 0, "result": {"suggest": "pass", "label": 100}}))
    assert asks("judge_text", "小明😀", openid=OPENID) is Verdict.fine
    assert "小明😀".encode() in server.bodies[0]
    body = json.loads(server.bodies[0])
    assert (body["version"], body["scene"]) == (2, 1)
    assert body["openid"] == OPENID


def test_half_a_character_is_no_reason_to_fail(asks, server):
    server.will(says({"errcode": 0, "result": {"suggest": "pass"}}))
    assert asks("judge_text", "a\ud83db", openid=OPENID) is Verdict.fine
    assert json.loads(server.bodies[0])["content"] == "a?b"


def test_a_picture_is_judged_later(asks, server):
    server.will(says({"errcode": 0, "errmsg": "ok", "trace_id": "67890"}))
    url = "https://login.shop.example/avatars/x.jpg"
    assert asks("submit_picture", url, openid=OPENID) == "67890"
    body = json.loads(server.bodies[0])
    assert (body["media_url"], body["media_type"], body["version"]) == (url, 2, 2)


# -- what is read --


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "image/jpeg"])
def test_an_error_in_a_pictures_clothes(asks, server, kind):
    """The header says nothing: the content decides."""
    server.will(refusal(41030, extra=f"Content-Type: {kind}\r\n"))
    with pytest.raises(WeChatMisconfigured) as caught:
        asks("program_code", ProgramCode("a", "pages/no"))
    assert caught.value.facts["errcode"] == 41030
    assert "scan_page" in caught.value.operator


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"errcode":0}', b" \n{", b"\xef\xbb\xbf{}"]
)
def test_what_is_neither_a_picture_nor_an_error(asks, server, body):
    server.will(says(body))
    with pytest.raises(WeChatUnavailable) as caught:
        asks("program_code", ProgramCode("a", ""))
    assert caught.value.facts["fault"] == "garbage"
    assert caught.value.facts["call"] == "program_code"


@pytest.mark.parametrize("errcode", [87007, 87009])
def test_a_session_key_that_is_over(asks, server, errcode):
    server.will(refusal(errcode))
    assert asks("is_key_alive", KEY, openid=OPENID) is False


@pytest.mark.parametrize("code", ["852", 852])
@pytest.mark.parametrize("whole", ["+85291234567", "85291234567", "91234567"])
def test_a_number_in_each_of_its_shapes(asks, server, code, whole):
    info = {"phoneNumber": whole, "purePhoneNumber": "91234567", "countryCode": code}
    server.will(phone_info(**info, is_new="a key more"))
    found = number_of(asks)
    assert (found.country_code, found.number) == ("852", "91234567")


@pytest.mark.parametrize(
    "answer",
    [
        phone_info(phoneNumber="13800138001"),
        phone_info(purePhoneNumber=None),
        phone_info(countryCode=True),
        phone_info(appid="wx0000000000000a03"),
        says({"errcode": 0, "phone_info": {**PHONE, "countryCode": "86"}}),
        says({"errcode": 0, "phone_info": "13800138000"}),
        says({"errcode": 0}),
    ],
)
def test_a_number_that_does_not_add_up(asks, server, answer):
    server.will(answer)
    with pytest.raises(WeChatUnavailable) as caught:
        number_of(asks)
    assert caught.value.facts["missing"] == "phone_info"


@pytest.mark.parametrize(
    ("result", "verdict"),
    [
        ({"suggest": "risky", "label": 20006}, Verdict.risky),
        ({"suggest": "review", "label": "20001"}, Verdict.review),
        ({"suggest": "something new"}, Verdict.review),
        ({"suggest": ["pass"]}, Verdict.review),
        ({}, Verdict.review),
    ],
)
def test_a_verdict(asks, server, result, verdict):
    server.will(says({"errcode": 0, "result": result}))
    assert asks("judge_text", "x", openid=OPENID) is verdict


def test_no_verdict_is_none(asks, server):
    server.will(says({"errcode": 0, "errmsg": "ok"}))
    with pytest.raises(WeChatUnavailable):
        asks("judge_text", "x", openid=OPENID)


# -- what goes wrong --


CALLS = {
    "program_code": ((ProgramCode("a", ""),), {}),
    "phone_number": (("ab" * 32,), {"openid": OPENID}),
    "is_key_alive": ((KEY,), {"openid": OPENID}),
    "judge_text": (("x",), {"openid": OPENID}),
    "submit_picture": (("https://a.example/b",), {"openid": OPENID}),
}


@pytest.mark.parametrize("errcode", [40001, 40014, 42001])
@pytest.mark.parametrize("name", CALLS)
def test_a_token_that_is_over_is_an_error_of_its_own(asks, server, name, errcode):
    args, more = CALLS[name]
    server.will(refusal(errcode))
    with pytest.raises(AppTokenStale) as caught:
        asks(name, *args, **more)
    # Nothing that a person could renew.
    assert "authorization" not in str(visitor_sentence(caught.value))
    assert len(server.targets) == 1


@pytest.mark.parametrize("errcode", [40001, 40013, 40125, 40164, 40243, 89503])
def test_no_token_is_the_operators_matter(asks, server, errcode):
    server.will(refusal(errcode))
    with pytest.raises(WeChatMisconfigured) as caught:
        asks("app_token")
    assert "authorization" not in str(visitor_sentence(caught.value))


@pytest.mark.parametrize("errcode", [40029, 40163, 42003, 40003])
def test_a_phones_code_that_is_no_good(asks, server, errcode):
    server.will(refusal(errcode))
    with pytest.raises(PhoneCodeInvalid) as caught:
        number_of(asks)
    assert visitor_sentence(caught.value) is None


def test_busy_is_asked_once_more(asks, server, pauses):
    server.will(refusal(-1), says({"access_token": "68_t", "expires_in": 7200}))
    assert asks("app_token").value == "68_t"
    assert (len(server.targets), pauses) == (2, [0.5])


def test_too_many_codes_in_a_minute(asks, server):
    server.will(refusal(45009))
    with pytest.raises(WeChatBusy) as caught:
        asks("program_code", ProgramCode("a", ""))
    assert "minute" in str(visitor_sentence(caught.value))


@pytest.mark.parametrize("name", [*CALLS, "app_token"])
def test_no_secret_is_in_an_error(asks, server, app, name):
    """security row 30"""
    args, more = CALLS.get(name, ((), {}))
    sent = "" if name == "app_token" else "MARKERtoken"
    quoted = f"secret {app.secret} token {sent} code {'ab' * 32} {PROOF}"
    server.will(refusal(47001, quoted))
    with pytest.raises(WeChatMisconfigured) as caught:
        asks(name, *args, **more)
    said = f"{caught.value!s} {caught.value.facts}"
    for secret in (app.secret, "MARKERtoken", "ab" * 32, PROOF, KEY):
        assert secret not in said


def test_a_cut_request_for_a_number_is_not_repeated(asks, server):
    """The code may be spent, and a second number would be paid for."""
    server.will(lambda wire: wire.reset())
    with pytest.raises(WeChatUnavailable) as caught:
        number_of(asks)
    assert caught.value.facts["sent"] is True
    assert [urlsplit(target).path for target in server.targets] == [
        "/wxa/business/getuserphonenumber"
    ]
