"""Authorization codes: good for a minute, once (security row 113).

RFC 6749 sections 4.1.2 and 10.5. A code is a ticket that outlives its use:

    open → claimed → done(authorization) → replayed

Of any number of redemptions one changes `open` to `claimed`, and only that one gets
tokens. A code that comes again within ten minutes has leaked: it is refused, and what
it had issued is dead. Where the second one comes while the first is still at work, the
first finds its code `replayed` and ends what it has just issued.

What a redeemed code becomes is a sign-in at a site, with its tokens.
The row `Authorization` hangs on the session it was given in. It ends with it, and
then no token of it opens anything; the session's row is locked while it is written,
so a sign-out at the same moment comes before or after it, never between.
"""

import hmac
import re
import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from sqlalchemy.orm import Session

from wxlogin.accounts.models import Authorization, User
from wxlogin.accounts.models import Session as SessionRow
from wxlogin.accounts.sessions import ALIVE
from wxlogin.db import transaction
from wxlogin.db.statements import insert, run
from wxlogin.observability import get_logger
from wxlogin.oidc import access_tokens
from wxlogin.oidc.messages import invalid_grant
from wxlogin.oidc.refresh_tokens import FAMILY_LENGTH
from wxlogin.service import shelf
from wxlogin.tickets.shelf import Kept

#: How long a code can be redeemed.
LIFETIME = timedelta(seconds=60)
# How long it is remembered, counted anew from its first use.
_REMEMBERED = 600
#: Sign-ins at one site that a session keeps; the oldest goes first.
MOST_AT_ONCE = 20
_LOCK = (
    sa.select(SessionRow.ends_at)
    .join(User, User.id == SessionRow.user_id)
    .where(
        SessionRow.id == sa.bindparam("session_id"),
        SessionRow.user_id == sa.bindparam("user_id"),
        *ALIVE,
    )
    .with_for_update(read=True, of=SessionRow)
)
_KNOWN = (
    sa.select(Authorization.id, Authorization.sid)
    .where(
        Authorization.session_id == sa.bindparam("session_id"),
        Authorization.client_id == sa.bindparam("client_id"),
    )
    .order_by(Authorization.id.desc())
)
_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")


class Status(StrEnum):
    """How far a code has come."""

    open = "open"
    claimed = "claimed"
    done = "done"
    replayed = "replayed"


@dataclass(frozen=True)
class Code(Kept):
    """What a code stands for. Its `key` is the code itself."""

    client_id: str
    redirect_uri: str
    code_challenge: str | None = field(repr=False)
    user_id: int
    session_id: int
    scope: str
    nonce: str | None = field(repr=False)
    #: When the person signed in at WeChat.
    auth_time: datetime
    issued_at: datetime
    status: Status = Status.open
    authorization_id: int | None = None

    def get_redirect_uri(self) -> str:
        """For Authlib, which compares it with the one of the token request."""
        return self.redirect_uri

    def require_verifier(self, verifier: str | None) -> None:
        """Proof of possession (PKCE). Raises `invalid_grant`.

        A verifier for a code that had no challenge is an attack on a client that uses
        PKCE (RFC 9700 section 4.8).
        """
        challenge = self.code_challenge
        if challenge is None and verifier is None:
            return
        if challenge is None:
            raise invalid_grant("This code was asked for without code_challenge.")
        if verifier is None:
            raise invalid_grant("code_verifier is missing.")
        if not _VERIFIER.fullmatch(verifier) or not hmac.compare_digest(
            create_s256_code_challenge(verifier), challenge
        ):
            raise invalid_grant("code_verifier does not match code_challenge.")


_codes = shelf("oidc_code", Code, seconds=_REMEMBERED)


def issue(code: Code) -> str:
    """Makes the code redeemable; returns its text."""
    text = secrets.token_urlsafe(32)
    _codes.add(text, code)
    return text


def find(text: str, *, client_id: str, at: datetime) -> Code:
    """The code, if it is this client's and can still be redeemed.

    Raises `invalid_grant`; for a code that was redeemed before, what it had issued
    ends.
    """
    code = _codes.get(text)
    if code is None:
        raise invalid_grant("This code is unknown, or over for a long time.")
    if code.client_id != client_id:
        raise invalid_grant("This code was given to another client.")
    if code.status is not Status.open:
        replayed(code)
        raise invalid_grant("This code was used before.")
    if at >= code.issued_at + LIFETIME:
        raise invalid_grant("This code is older than a minute.")
    return code


def claim(code: Code) -> Code | None:
    """The code, to the one caller who may issue tokens for it; None to the others,
    who have replayed it."""
    if claimed := _codes.swap(replace(code, status=Status.claimed)):
        return claimed
    if found := _codes.get(code.key):
        replayed(found)
    return None


def finish(code: Code, authorization_id: int) -> bool:
    """Writes down what a claimed code has issued; False where it was replayed."""
    done = replace(code, status=Status.done, authorization_id=authorization_id)
    return _codes.swap(done) is not None


def replayed(code: Code) -> None:
    """A code came again: what it issued, or is about to issue, is dead."""
    get_logger().warning("code replayed", client=code.client_id, security=True)
    found: Code | None = code
    while found is not None and found.status is not Status.replayed:
        if _codes.swap(replace(found, status=Status.replayed)):
            if found.authorization_id is not None:
                access_tokens.end_tokens(found.authorization_id)
            return
        found = _codes.get(found.key)


def redeem(code: Code, *, at: datetime) -> access_tokens.Issued | None:
    """Signs the code's user in at its site; None where the session has ended."""
    refresh = secrets.token_urlsafe(16) + secrets.token_urlsafe(32)

    def work(session: Session) -> access_tokens.Issued | None:
        ends_at = _lock_session(session, code, at=at)
        if ends_at is None:
            return None
        values = {
            "client_id": code.client_id,
            "user_id": code.user_id,
            "session_id": code.session_id,
            "sid": _sid(session, code),
            "scope": code.scope,
            "auth_time": code.auth_time,
            "created_at": at,
            "ends_at": ends_at,
            "family_hash": access_tokens.hash_token(refresh[:FAMILY_LENGTH]),
            "refresh_hash": access_tokens.hash_token(refresh),
        }
        row = Authorization(id=insert(session, Authorization, values), **values)
        return access_tokens.issue(
            session, row, code.scope, refresh, nonce=code.nonce, at=at
        )

    return transaction(work)


def _lock_session(session: Session, code: Code, *, at: datetime) -> datetime | None:
    """When the session ends that the code was given in; None if it has."""
    facts = {"session_id": code.session_id, "user_id": code.user_id}
    return session.scalar(_LOCK, {**facts, **access_tokens.alive_at(at)})


def _sid(session: Session, code: Code) -> str:
    """The session as this site knows it: the same at each of its sign-ins.

    Of these only the newest stay; a page that renews itself by signing in again and
    again would pile them up.
    """
    facts = {"session_id": code.session_id, "client_id": code.client_id}
    known = session.execute(_KNOWN, facts).all()
    if old := [row.id for row in known[MOST_AT_ONCE - 1 :]]:
        run(session, sa.delete(Authorization).where(Authorization.id.in_(old)))
    return known[0].sid if known else secrets.token_urlsafe(16)
