"""Signing purposes, one salt each, and the `state` of a login.

state = base32 without padding of a signed, time-stamped text

    nonce (22) ‖ app index (2) ‖ flow (1) ‖ restart digit (1)

so that it holds only [A-Z2-7] and stays within WeChat's narrow rule (letters
and digits, at most 128 bytes). It is valid for ten minutes and accepted only in
the spelling it was sent in: base32 and base64 decode several spellings to the
same bytes (security rows 1, 3, 5, 6).
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import (
    BadSignature,
    SignatureExpired,
    TimestampSigner,
    URLSafeTimedSerializer,
)

from wxlogin.config import Settings
from wxlogin.errors import StateExpired, StateInvalid

# Seconds between the start of a login and its return. WeChat's codes live
# five to ten minutes, so a longer state would only help a thief.
STATE_SECONDS = 600

# Clocks are put back, and those of two servers differ (fault F10): so many seconds a
# signature may be of a moment that has not come yet.
SKEW_SECONDS = 600

_STATE_SALT = "wxlogin state"
_ATTEMPT_SALT = "wxlogin attempt"
_SESSION_SALT = b"wxlogin session secret"
_REFRESH_SALT = b"wxlogin refresh token"
_FOLLOW_SALT = b"wxlogin code to follow"
_SHAPE = re.compile(r"[A-Z2-7]{60,128}")
_PAYLOAD = re.compile(r"([\w-]{22})([0-9a-z]{2})([a-z])([01])", re.ASCII)


class PatientSigner(TimestampSigner):
    """Takes what was signed a little later than now for signed now."""

    def unsign(
        self,
        signed_value: Any,
        max_age: int | None = None,
        return_timestamp: Any = False,
    ) -> Any:
        value, at = super().unsign(signed_value, return_timestamp=True)
        age = self.get_timestamp() - at.timestamp()
        if max_age is not None and not -SKEW_SECONDS <= age <= max_age:
            raise SignatureExpired("too old, or not yet", payload=value, date_signed=at)
        return (value, at) if return_timestamp else value


class PatientSessions(SecureCookieSessionInterface):
    """Flask's session cookie, signed likewise: a clock that is put back by a second
    would otherwise sign out whoever came last."""

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        serializer = super().get_signing_serializer(app)
        if serializer is not None:
            serializer.signer = PatientSigner
        return serializer


@dataclass(frozen=True)
class State:
    """What a genuine state says. `restarted` marks the one second try."""

    nonce: str
    app_index: int
    flow: str
    restarted: bool = False


def new_nonce() -> str:
    """128 random bits as 22 characters."""
    return secrets.token_urlsafe(16)


def sign_state(settings: Settings, state: State) -> str:
    """The state as it travels through WeChat: 60 to 128 of [A-Z2-7]."""
    index = f"{state.app_index:02x}"
    text = f"{state.nonce}{index}{state.flow}{int(state.restarted)}"
    signed = _state_signer(settings).sign(text)
    return base64.b32encode(signed).decode().rstrip("=")


def read_state(settings: Settings, text: str) -> State:
    """The state in `text`. Raises StateInvalid or StateExpired."""
    signed = _exact_base32(text)
    try:
        payload = _state_signer(settings).unsign(signed, max_age=STATE_SECONDS)
    except SignatureExpired:
        raise StateExpired("the state is older than ten minutes") from None
    except BadSignature:
        raise StateInvalid("the state is not signed by us") from None
    if not (parts := _PAYLOAD.fullmatch(payload.decode("ascii", "replace"))):
        raise StateInvalid("the state is not of this version")
    nonce, index, flow, restarted = parts.groups()
    return State(nonce, int(index, 16), flow, restarted == "1")


def attempt_serializer(settings: Settings) -> URLSafeTimedSerializer:
    """Signs the cookie of one attempt."""
    return URLSafeTimedSerializer(
        signing_keys(settings),
        salt=_ATTEMPT_SALT,
        signer=PatientSigner,
        signer_kwargs={"digest_method": hashlib.sha256},
    )


def session_secrets(settings: Settings, *parts: str) -> list[str]:
    """The session secret that belongs to these parts, newest key first.

    Any worker can make it again from nonce, code and the attempt cookie's
    secret, while the database holds only its hash (design of the idempotent
    callback). The first one is for new sessions.
    """
    return _derived(settings, _SESSION_SALT, "\x1f".join(parts))


def refresh_successors(settings: Settings, token: str) -> list[str]:
    """What follows this refresh token, newest key first, 43 characters each.

    A client that presents the same token twice within the grace gets the same
    successor, while the database holds only hashes.
    """
    return _derived(settings, _REFRESH_SALT, token)


def follow_scene(settings: Settings, appid: str, user_id: int) -> str:
    """What stands in the code by which this user is to follow this account, 22
    characters: always the same, so a day's code is made once."""
    return _derived(settings, _FOLLOW_SALT, f"{appid}\x1f{user_id}")[0][:22]


def _derived(settings: Settings, salt: bytes, text: str) -> list[str]:
    keys = reversed(signing_keys(settings))
    digests = [
        hmac.digest(key.encode(), salt + text.encode(), "sha256") for key in keys
    ]
    return [base64.urlsafe_b64encode(digest).decode().rstrip("=") for digest in digests]


def signing_keys(settings: Settings) -> list[str]:
    """Oldest first, as itsdangerous wants them: the last one signs."""
    old = [key.get_secret_value() for key in settings.secret_key_fallbacks]
    return [*reversed(old), settings.secret_key.get_secret_value()]


def _state_signer(settings: Settings) -> TimestampSigner:
    return PatientSigner(
        signing_keys(settings), salt=_STATE_SALT, digest_method=hashlib.sha256
    )


def _exact_base32(text: str) -> bytes:
    if not _SHAPE.fullmatch(text):
        raise StateInvalid("the state has a foreign shape")
    try:
        signed = base64.b32decode(text + "=" * (-len(text) % 8))
    except binascii.Error:
        raise StateInvalid("the state has a foreign shape") from None
    exact = base64.b32encode(signed).decode().rstrip("=") == text
    # Time stamp and signature are base64 inside.
    if not exact or not all(map(_is_exact_base64, signed.split(b".")[1:])):
        raise StateInvalid("the state is spelled differently")
    return signed


def _is_exact_base64(text: bytes) -> bool:
    """The last letter of a base64 text has unused bits; they must be zero."""
    try:
        raw = base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except binascii.Error:
        return False
    return base64.urlsafe_b64encode(raw).rstrip(b"=") == text
