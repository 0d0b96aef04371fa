"""The phone number that a person gives to a mini program.

A claim, and no more: people may add a number by hand in WeChat, and the quick button
does not check it anew (developers.weixin.qq.com/miniprogram/dev/framework/
open-ability/getPhoneNumber.html). It is handed to the program; accounts are never known
or joined by it. It is kept, sealed, only where the app says `keep_phone`.

Two ways lead here. The button's code is exchanged by our server, once: what comes is
paid for, so a code that may have reached WeChat is not sent again. The old encrypted
form holds no openid; it belongs to whoever has the session key, and both of its numbers
must agree (wechat/open_data.py).
"""

import hashlib
from dataclasses import dataclass

from wxlogin import service
from wxlogin.accounts import phones
from wxlogin.db import now, transaction
from wxlogin.errors import PhoneCodeInvalid, PhoneCodeNeeded, WxloginError
from wxlogin.flows import open_data
from wxlogin.flows.credentials import with_token
from wxlogin.flows.mini_program import Holder
from wxlogin.flows.open_data import Sender
from wxlogin.service import running
from wxlogin.wechat import app_calls
from wxlogin.wechat.endpoints import DYNAMIC_CODE_SECONDS
from wxlogin.wechat.errors import AppTokenStale, Call, errcode_of
from wxlogin.wechat.identifiers import is_login_code
from wxlogin.wechat.open_data import PhoneNumber

# WeChat is busy, and a code may be spent all the same.
_BUSY = -1


@dataclass(frozen=True)
class _Sent:
    """A code that was sent here."""


_codes = service.shelf("phone_code", _Sent, seconds=DYNAMIC_CODE_SECONDS + 60)


@dataclass(frozen=True)
class Claim:
    """The number, and whether it is on record now."""

    number: PhoneNumber
    kept: bool


def by_code(holder: Holder, code: str) -> Claim:
    """The number behind the code of the phone number's button.

    Raises PhoneCodeNeeded for a code of wx.login, without asking WeChat;
    PhoneCodeInvalid for one that was sent before, or that WeChat does not take of this
    person; and what `with_token` raises. After those the same code may be sent again,
    unless it may have reached WeChat.
    """
    if is_login_code(code):
        raise PhoneCodeNeeded("this is a code of wx.login, not for a phone number")
    sender = holder.sender
    key = hashlib.sha256(f"{sender.app.appid}\x1f{code}".encode()).hexdigest()
    if not _codes.add(key, _Sent()):
        raise PhoneCodeInvalid("this code was sent before", app=sender.app.name)
    try:
        number = _ask(sender, code)
    except WxloginError as error:
        if _is_unspent(error):
            _codes.take(key)
        raise
    return _keep(holder, number)


def by_data(holder: Holder, encrypted_data: str, iv: str) -> Claim:
    """The number in the button's encrypted data.

    Raises as `open_data.read_phone`.
    """
    return _keep(holder, open_data.read_phone(holder.sender, encrypted_data, iv))


def _ask(sender: Sender, code: str) -> PhoneNumber:
    wechat, app = running().wechat, sender.app
    deadline = wechat.deadline()
    return with_token(
        app,
        lambda token: app_calls.phone_number(
            wechat, app, token, code, openid=sender.openid, deadline=deadline
        ),
        deadline=deadline,
        asks=Call.PHONE_NUMBER,
    )


def _is_unspent(error: WxloginError) -> bool:
    """Is the code as good as before? WeChat has not had it, or has said why it did
    not look at it."""
    if isinstance(error, PhoneCodeInvalid):
        return False
    had = error.facts.get("call") == Call.PHONE_NUMBER and error.facts.get("sent")
    refused = errcode_of(error) not in (None, _BUSY)
    return not had or refused or isinstance(error, AppTokenStale)


def _keep(holder: Holder, number: PhoneNumber) -> Claim:
    """A stranger has no account that it could be kept for."""
    if not holder.sender.app.keep_phone or holder.signed_in is None:
        return Claim(number, kept=False)
    identity_id = holder.identity_id
    transaction(
        lambda session: phones.store(
            session, identity_id, number, sealer=running().sealer, at=now()
        )
    )
    return Claim(number, kept=True)
