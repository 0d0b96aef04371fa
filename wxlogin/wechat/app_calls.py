"""The calls that an app's server makes in the app's own name.

`app_token` asks for the app's access token; all others take one, in the query. How it
is kept, shared and renewed is flows/credentials.py's matter.

- stable_token gives everybody who asks the same token until five minutes before its
  end, and knows nothing of the tokens of /cgi-bin/token. `force_refresh` is never sent:
  it ends the token of all other workers at once, and is rationed
  (developers.weixin.qq.com/doc/service/api/base/api_getstableaccesstoken).
- A mini program's code is a picture; an error is JSON, with the same status and now and
  then with the header of a picture (developers.weixin.qq.com/miniprogram/dev/server/
  API/qrcode-link/qr-code/api_getunlimitedqrcode).
- The code of the phone number's button stands in the body. With the openid beside it
  WeChat sees to it that it is this person's (developers.weixin.qq.com/miniprogram/dev/
  server/API/user-info/phone-number/api_getphonenumber).
- A session key is proved by the HMAC-SHA256 of nothing, keyed with its text as it came
  (developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_checksessionkey).
- What people write is judged in version 2 of both calls, which want to know whose it
  is; of a picture the verdict is pushed later (developers.weixin.qq.com/miniprogram/
  dev/server/API/sec-center/sec-check/api_msgseccheck and …/api_mediacheckasync).
"""

import hmac
import re
from dataclasses import dataclass
from enum import StrEnum

from wxlogin.errors import OpenDataInvalid, WeChatMisconfigured
from wxlogin.net.deadline import Deadline
from wxlogin.wechat.answers import (
    Answer,
    AppToken,
    garbled,
    parse_app_token,
)
from wxlogin.wechat.client import WeChat, with_secret
from wxlogin.wechat.errors import Call, errcode_of
from wxlogin.wechat.open_data import PhoneNumber, phone_of
from wxlogin.wechat.question import AppCredentials, Question

# What WeChat lets stand in a scene; `%` is none of it, so nothing can be encoded.
_SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@._~-]{1,32}")
#: Pixels of a code's side; 280 to 1280 are possible, and this is what WeChat draws.
CODE_SIDE = 430
#: The version of a program that everybody has; the others are `trial` and `develop`.
RELEASED = "release"
# The session key is dead, or is not the one that is alive.
_KEY_IS_OVER = frozenset({87007, 87009})
# Of version 2; and the scene of a name or picture, "资料".
_VERSION, _PROFILE = 2, 1
_PICTURE = 2


class Verdict(StrEnum):
    """What WeChat advises about a text."""

    fine = "pass"
    #: A human being should look at it.
    review = "review"
    risky = "risky"


_VERDICTS = frozenset(Verdict)


@dataclass(frozen=True, slots=True)
class ProgramCode:
    """What a mini program's code opens: `page` with `scene`, in this version.

    `scene` has at most 32 characters, `page` neither a leading slash nor a query.
    """

    scene: str
    page: str
    env_version: str = RELEASED

    def __post_init__(self) -> None:
        if not is_scene(self.scene):
            raise ValueError("no scene: 1 to 32 letters, digits and a few signs")

    @property
    def fields(self) -> dict[str, object]:
        """A page that is not released yet can only be opened without the check; of a
        released program the check tells of a misspelled one."""
        return {
            "scene": self.scene,
            "page": self.page,
            "check_path": self.env_version == RELEASED,
            "env_version": self.env_version,
            "width": CODE_SIDE,
        }


def is_scene(text: str) -> bool:
    """May this stand in a mini program's code?"""
    return _SCENE.fullmatch(text) is not None


def app_token(wechat: WeChat, app: AppCredentials, *, deadline: Deadline) -> AppToken:
    """The app's access token, the same for all who ask.

    Raises `WeChatMisconfigured` where WeChat refuses appid, secret or our address,
    `WeChatBusy` and `WeChatUnavailable`. Source: POST /cgi-bin/stable_token.
    """

    def ask(secret: str) -> AppToken:
        body = {
            "grant_type": "client_credential",
            "appid": app.appid,
            "secret": secret,
        }
        question = Question(Call.APP_TOKEN, app, {}, body)
        return wechat.ask(question, parse_app_token, deadline)

    return with_secret(app, ask)


def program_code(
    wechat: WeChat,
    app: AppCredentials,
    token: str,
    wanted: ProgramCode,
    *,
    deadline: Deadline,
) -> bytes:
    """The picture of a mini program's code, not looked at yet.

    Raises `AppTokenStale`, `WeChatMisconfigured` for a page that is not there (41030)
    among others, `WeChatBusy` past five thousand a minute, `WeChatUnavailable`.
    Source: POST /wxa/getwxacodeunlimit.
    """
    query = {"access_token": token}
    question = Question(Call.PROGRAM_CODE, app, query, wanted.fields)
    return wechat.ask_picture(question, deadline)


def phone_number(
    wechat: WeChat,
    app: AppCredentials,
    token: str,
    code: str,
    *,
    openid: str,
    deadline: Deadline,
) -> PhoneNumber:
    """The number behind a code of the phone number's button, pressed by this person.

    Each success is paid for. Raises `PhoneCodeInvalid`, and as `program_code`; where
    the answer holds two different numbers, `WeChatUnavailable`.
    Source: POST /wxa/business/getuserphonenumber.
    """

    def parse(data: Answer) -> PhoneNumber:
        info = data.get("phone_info")
        if not isinstance(info, dict) or not _is_of(app, info):
            raise garbled("phone_info")
        try:
            return phone_of(info)
        except OpenDataInvalid:
            raise garbled("phone_info") from None

    body = {"code": code, "openid": openid}
    question = Question(Call.PHONE_NUMBER, app, {"access_token": token}, body)
    return wechat.ask(question, parse, deadline)


def _is_of(app: AppCredentials, info: Answer) -> bool:
    mark = info.get("watermark")
    return isinstance(mark, dict) and mark.get("appid") == app.appid


def is_key_alive(
    wechat: WeChat,
    app: AppCredentials,
    token: str,
    session_key: str,
    *,
    openid: str,
    deadline: Deadline,
) -> bool:
    """Is this the session key of the person that WeChat holds for good?

    Raises as `program_code`. Source: GET /wxa/checksession.
    """
    query = {
        "access_token": token,
        "openid": openid,
        "signature": key_proof(session_key),
        "sig_method": "hmac_sha256",
    }
    try:
        wechat.ask(Question(Call.CHECK_SESSION, app, query), dict, deadline)
    except WeChatMisconfigured as error:
        if errcode_of(error) in _KEY_IS_OVER:
            return False
        raise
    return True


def key_proof(session_key: str) -> str:
    """What proves this session key without showing it."""
    return hmac.new(session_key.encode(), b"", "sha256").hexdigest()


def judge_text(
    wechat: WeChat,
    app: AppCredentials,
    token: str,
    text: str,
    *,
    openid: str,
    deadline: Deadline,
) -> Verdict:
    """What WeChat advises about a text of this person's profile.

    The person must have been in the program within two hours. What is none of the
    known words counts as `review`. Raises as `program_code`.
    Source: POST /wxa/msg_sec_check.
    """

    def parse(data: Answer) -> Verdict:
        result = data.get("result")
        if not isinstance(result, dict):
            raise garbled("result")
        advice = result.get("suggest")
        if isinstance(advice, str) and advice in _VERDICTS:
            return Verdict(advice)
        return Verdict.review

    body = {
        "version": _VERSION,
        "openid": openid,
        "scene": _PROFILE,
        "content": text,
        "nickname": text,
    }
    question = Question(Call.CHECK_TEXT, app, {"access_token": token}, body)
    return wechat.ask(question, parse, deadline)


def submit_picture(
    wechat: WeChat,
    app: AppCredentials,
    token: str,
    url: str,
    *,
    openid: str,
    deadline: Deadline,
) -> str:
    """Has the picture at this address judged; the id by which the verdict is known that
    WeChat pushes to the program's message address within half an hour.

    Raises as `program_code`. Source: POST /wxa/media_check_async.
    """

    def parse(data: Answer) -> str:
        trace = data.get("trace_id")
        if not isinstance(trace, str) or not trace:
            raise garbled("trace_id")
        return trace

    body = {
        "media_url": url,
        "media_type": _PICTURE,
        "version": _VERSION,
        "scene": _PROFILE,
        "openid": openid,
    }
    question = Question(Call.CHECK_MEDIA, app, {"access_token": token}, body)
    return wechat.ask(question, parse, deadline)
