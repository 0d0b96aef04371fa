"""What a mini program brings from WeChat's client, and whose it is.

The checks of the data itself are in wechat/open_data.py. Here is what they are made
against, and how often:

- The person is the one of the bearer token, which our server got by a code of the
  program; the unionid in the data is dropped, unless the app's entry in APPS says
  `trust_open_data_unionid` (security rows 60 and 63).
- Data that was good is good in that session only, for as long as its watermark is
  (security row 61); sent again there it is answered alike.
- Five data that are not good, and the session hears "wait" until it logs in again or
  gets a new session key (security row 62). Honest programs do that anyway: the refusal
  says so. The same data counts once.
"""

import hashlib
import time
from dataclasses import dataclass, field, replace

from wxlogin import service
from wxlogin.config import App
from wxlogin.errors import OpenDataInvalid, TooManyRequests
from wxlogin.service import running
from wxlogin.tickets.shelf import Kept
from wxlogin.wechat import open_data
from wxlogin.wechat.answers import UserInfo
from wxlogin.wechat.open_data import (
    FRESH_SECONDS,
    Envelope,
    Expected,
    PhoneNumber,
    SignedData,
)

#: How many different data of one session may fail.
FAILURES = 5
# The watermark may be as far ahead as behind.
_KEEP_SECONDS = 2 * FRESH_SECONDS + 60


@dataclass(frozen=True)
class Sender:
    """Who sends: a person in a program, by which token, with the last session keys."""

    app: App
    openid: str
    token: str = field(repr=False)
    keys: tuple[str, ...] = field(repr=False)

    @property
    def key(self) -> str:
        """By which the sender is known in the ticket store."""
        return _digest(self.token)


@dataclass(frozen=True)
class Given:
    """The four texts of `wx.getUserInfo`, as they came."""

    raw_data: str = field(repr=False)
    signature: str = field(repr=False)
    encrypted_data: str = field(repr=False)
    iv: str = field(repr=False)

    @property
    def digest(self) -> str:
        texts = (self.raw_data, self.signature, self.encrypted_data, self.iv)
        return _digest("\x1f".join(texts))


@dataclass(frozen=True)
class _Failed(Kept):
    """Digests of what was refused."""

    data: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Used:
    """Whose data this was."""

    by: str


_failed = service.shelf("open_data_failed", _Failed, seconds=_KEEP_SECONDS)
_used = service.shelf("open_data_used", _Used, seconds=_KEEP_SECONDS)


def read_user_info(sender: Sender, given: Given) -> UserInfo:
    """The profile that WeChat's client gave for this person; with a unionid only where
    the app trusts it.

    Raises OpenDataInvalid, and TooManyRequests after too many of these.
    """
    _require_patience(sender)
    try:
        sealed = open_data.envelope(given.encrypted_data, given.iv)
        data = SignedData(given.raw_data, given.signature, sealed)
        plain = running().wechat.hosts.plain
        expected = Expected(sender.app.appid, time.time(), plain)
        openid = sender.openid
        info = open_data.read_user_info(data, sender.keys, expected, openid=openid)
        _require_first_use(sender, sealed)
    except OpenDataInvalid:
        _count(sender, given.digest)
        raise
    return info if sender.app.trust_open_data_unionid else replace(info, unionid=None)


def read_phone(sender: Sender, encrypted_data: str, iv: str) -> PhoneNumber:
    """The phone number that WeChat's client gave for this person, in its old form.

    Raises as `read_user_info`.
    """
    _require_patience(sender)
    try:
        sealed = open_data.envelope(encrypted_data, iv)
        expected = Expected(sender.app.appid, time.time())
        number = open_data.read_phone(sealed, sender.keys, expected)
        _require_first_use(sender, sealed)
    except OpenDataInvalid:
        _count(sender, _digest(f"{encrypted_data}\x1f{iv}"))
        raise
    return number


def forgive(sender: Sender) -> None:
    """The sender has a new session key; what failed before does not count."""
    _failed.take(sender.key)


def _require_first_use(sender: Sender, sealed: Envelope) -> None:
    key = sealed.digest
    if _used.add(key, _Used(sender.key)):
        return
    before = _used.get(key)
    if before is not None and before.by != sender.key:
        raise OpenDataInvalid("this data was used in another session")


def _require_patience(sender: Sender) -> None:
    """Raises TooManyRequests where nothing more is read in this session."""
    found = _failed.get(sender.key)
    if found is not None and len(found.data) >= FAILURES:
        raise TooManyRequests(
            "too much open data was not good: log in again", limit="open-data"
        )


def _count(sender: Sender, data: str) -> None:
    """Notes that this data failed, once."""
    found = _failed.get(sender.key)
    if found is None:
        if _failed.add(sender.key, _Failed(data=(data,))):
            return
        found = _failed.get(sender.key)
    while found is not None and data not in found.data:
        if _failed.swap(replace(found, data=(*found.data, data)[-FAILURES:])):
            return
        found = _failed.get(sender.key)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
