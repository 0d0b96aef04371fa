"""Authorization codes: good for a minute, once (security row 113).

RFC 6749 sections 4.1.2 and 10.5. A code is a ticket that outlives its use:

    open → claimed → done(authorization) → replayed

Of any number of redemptions one changes `open` to `claimed`, and only that one gets
tokens. A code that comes again within ten minutes has leaked: it is refused, and what
it had issued is dead. Where the second one comes while the first is still at work, the
first finds its code `replayed` and ends what it has just issued.
"""

import json
import secrets
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from wxlogin.observability import get_logger
from wxlogin.oidc import access
from wxlogin.oidc.refusals import invalid_grant
from wxlogin.service import running
from wxlogin.tickets import Ticket

KIND = "oidc_code"
#: How long a code can be redeemed.
LIFETIME = timedelta(seconds=60)
# How long it is remembered, counted anew from its first use.
_REMEMBERED = 600


@dataclass(frozen=True)
class Code:
    """What a code stands for. `text` is the code itself."""

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
    status: str = "open"
    authorization_id: int | None = None
    text: str = field(default="", repr=False)
    version: int = 0

    def get_redirect_uri(self) -> str:
        """For Authlib, which compares it with the one of the token request."""
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope


def issue(code: Code) -> str:
    """Makes the code redeemable; returns its text."""
    text = secrets.token_urlsafe(32)
    running().tickets.add(KIND, text, _to_text(code), ttl=_REMEMBERED)
    return text


def find(text: str, *, client_id: str, at: datetime) -> Code:
    """The code, if it is this client's and can still be redeemed.

    Raises `invalid_grant`; for a code that was redeemed before, what it had issued
    ends.
    """
    code = _look(text)
    if code is None:
        raise invalid_grant("This code is unknown, or over for a long time.")
    if code.client_id != client_id:
        raise invalid_grant("This code was given to another client.")
    if code.status != "open":
        replayed(code)
        raise invalid_grant("This code was used before.")
    if at >= code.issued_at + LIFETIME:
        raise invalid_grant("This code is older than a minute.")
    return code


def claim(code: Code) -> Code | None:
    """The code, to the one caller who may issue tokens for it; None to the others,
    who have replayed it."""
    claimed = replace(code, status="claimed")
    if _swap(claimed):
        return replace(claimed, version=code.version + 1)
    if found := _look(code.text):
        replayed(found)
    return None


def finish(code: Code, authorization_id: int) -> bool:
    """Writes down what a claimed code has issued; False where it was replayed."""
    return _swap(replace(code, status="done", authorization_id=authorization_id))


def replayed(code: Code) -> None:
    """A code came again: what it issued, or is about to issue, is dead."""
    get_logger().warning("code replayed", client=code.client_id, security=True)
    found: Code | None = code
    while found is not None and found.status != "replayed":
        if _swap(replace(found, status="replayed")):
            if found.authorization_id is not None:
                access.end_tokens(found.authorization_id)
            return
        found = _look(code.text)


def _look(text: str) -> Code | None:
    ticket = running().tickets.get(KIND, text)
    return _of(text, ticket) if ticket else None


def _swap(code: Code) -> bool:
    store = running().tickets
    return store.swap(KIND, code.text, code.version, _to_text(code), ttl=_REMEMBERED)


def _to_text(code: Code) -> str:
    values: dict[str, Any] = asdict(code)
    del values["text"], values["version"]
    return json.dumps(values, default=datetime.isoformat)


def _of(text: str, ticket: Ticket) -> Code:
    values = json.loads(ticket.value)
    for name in ("auth_time", "issued_at"):
        values[name] = datetime.fromisoformat(values[name])
    return Code(**values, text=text, version=ticket.version)
