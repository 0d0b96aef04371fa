"""A code of WeChat's that a program brings, and the program's own retry.

A program has no cookie; what binds the code to it is a nonce of its own, the `attempt`.
HTTP libraries on phones repeat a POST by themselves, and people tap twice: the same
code with the same attempt within a minute is the program's own retry, and WeChat is not
asked again. The same code with another attempt, or with none, is refused (security row
58).
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from sqlalchemy.orm import Session

from wxlogin.accounts.resolve import Resolution
from wxlogin.accounts.sessions import Trace, Visitor
from wxlogin.accounts.sign_in import Hook
from wxlogin.config import App
from wxlogin.db import now
from wxlogin.errors import (
    CodeInvalid,
    RegistrationClosed,
    SignInNeeded,
    UnknownPerson,
    WxloginError,
)
from wxlogin.flows.signing_in import live_session
from wxlogin.service import running
from wxlogin.sites import members, terms
from wxlogin.sites.terms import Entry
from wxlogin.tickets.once import Claim, Once, Turn
from wxlogin.wechat import endpoints
from wxlogin.wechat.errors import never_left

# While a code may live we must know that it was spent.
KEEP_SECONDS = endpoints.CODE_SECONDS + 60
# How long the program's own retry is taken for one.
RETRY_SECONDS = 60

R = TypeVar("R", bound=Turn)
A = TypeVar("A")


@dataclass(frozen=True)
class ProgramCode:
    """What a program sent, for which app, and from where.

    `attempt` may be empty: then no retry is known. `client_id` names the site that the
    program is of, if any.
    """

    app: App
    code: str = field(repr=False)
    attempt: str = field(repr=False)
    trace: Trace
    client_id: str = ""

    @property
    def key(self) -> str:
        """By which the code is known again."""
        return _digest(f"{self.app.appid}\x1f{self.code}")

    @property
    def proof(self) -> str:
        return _digest(self.attempt) if self.attempt else ""


@dataclass(frozen=True)
class ProgramSignIn:
    """A session for a program: `token` goes into the Authorization header."""

    token: str = field(repr=False)
    visitor: Visitor


def spend(
    codes: Once[R],
    given: ProgramCode,
    mine: R,
    *,
    first: Callable[[R, ProgramCode], A],
    again: Callable[[R, ProgramCode], A],
) -> A:
    """What the code leads to: `first` asks WeChat and settles the turn that it is
    given, `again` answers the program's own retry from the turn that was.

    Raises CodeInvalid for a code that was sent before, LoginPending where its first
    call takes too long, and what the two raise.
    """
    found = codes.claim(given.key, replace(mine, proof=given.proof))
    if isinstance(found, Claim):
        try:
            return first(found.turn, given)
        except WxloginError as error:
            if never_left(error):
                codes.free(given.key)
            else:
                codes.open(found.turn)
            raise
    if found is None or not found.repeats(given.proof, within=RETRY_SECONDS):
        raise CodeInvalid("this code was sent before", app=given.app.name)
    return again(found, given)


def entering(app: App) -> Hook | None:
    """What a sign-in in a program of a site's does besides: the site knows the person
    from now on. None for a program that is of no site.

    In the transaction it raises UnknownPerson for whom has yet to agree to the site's
    terms, and RegistrationClosed where the site takes nobody new.
    """
    site = running().settings.site_of(app.site or "")
    if site is None:
        return None

    def enter(session: Session, resolution: Resolution) -> None:
        found = terms.entry_in(session, site, resolution.user_id)
        if found is Entry.terms:
            raise UnknownPerson("the site's terms are yet to be agreed to")
        if found is Entry.closed:
            raise RegistrationClosed("the site takes nobody new", client=app.site)
        client_id = site.client_id or ""
        members.join(session, client_id, resolution.user_id, at=now())

    return enter


def signed_in_by(token: str) -> ProgramSignIn:
    """The session of this token. Raises SignInNeeded where there is none."""
    visitor = live_session(token)
    if visitor is None:
        raise SignInNeeded("the session ended as it began")
    return ProgramSignIn(token, visitor)


def session_over(app: App) -> CodeInvalid:
    """For a retry whose session was signed out or deleted meanwhile: only a new code
    begins again."""
    return CodeInvalid("the session of this code is over", app=app.name)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
