"""A code that a native app got from WeChat's SDK becomes a session.

The app's own retry (flows/program_code.py) gets a new token and ends the first. The
app's own appid and secret are used, so a code of another app is WeChat's 40029
(security row 42).
"""

import secrets
from dataclasses import dataclass, replace

from wxlogin import metrics, service
from wxlogin.accounts.person import Person
from wxlogin.accounts.sessions import Trace
from wxlogin.accounts.sign_in import Hook
from wxlogin.errors import LoginPending, SignInNeeded, UnknownPerson
from wxlogin.flows import first_visit, program_code
from wxlogin.flows.first_visit import Waiting
from wxlogin.flows.program_code import ProgramCode, ProgramSignIn, signed_in_by
from wxlogin.flows.redirect.attempt import Purpose, Wish
from wxlogin.flows.signing_in import Answer, ask_who, live_session, sign_in_as
from wxlogin.tickets.once import Turn


@dataclass(frozen=True)
class _Turn(Turn):
    """What a code led to; its proof is the hash of the attempt that brought it."""

    openid: str = ""
    unionid: str | None = None
    token: str = ""
    #: Key of an answer that waits for the person's word (flows/first_visit.py).
    waiting: str = ""


_codes = service.once("app_code", _Turn, seconds=program_code.KEEP_SECONDS)


def sign_in_with_code(given: ProgramCode) -> ProgramSignIn | Waiting:
    """The session for this code.

    An unknown person who must be asked first is Waiting, and nothing is written. Raises
    what `program_code.spend`, `ask_who` and `sign_in_as` raise.
    """
    return program_code.spend(_codes, given, _Turn(), first=_first, again=_again)


def _first(turn: _Turn, given: ProgramCode) -> ProgramSignIn | Waiting:
    metrics.LOGINS_BEGUN.at(given.trace.door, given.app.name).inc()
    answer = ask_who(given.app, code=given.code)
    person, token = answer.person, _new_token()
    wish = Wish(next="", purpose=Purpose(given.client_id))
    creates = first_visit.creates(wish.purpose)
    also = program_code.entering(given.app)
    try:
        signed_in = _open(answer, given.trace, token=token, create=creates, also=also)
    except UnknownPerson:
        key = first_visit.hold(answer, wish, door=given.trace.door)
        _codes.done(replace(turn, waiting=key))
        return first_visit.require(key)
    _codes.done(
        replace(turn, openid=person.openid, unionid=person.unionid, token=token)
    )
    return signed_in


def _again(turn: _Turn, given: ProgramCode) -> ProgramSignIn | Waiting:
    """The answer to the client's own retry."""
    app = given.app
    if turn.waiting:
        return first_visit.require(turn.waiting)
    if live_session(turn.token) is None:
        raise program_code.session_over(app)
    person = Person(
        app.appid, app.kind.value, turn.openid, app.open_platform, turn.unionid
    )
    answer, token = Answer(person, known=None, grant=None), _new_token()
    # The record comes first: of two retries at once only one opens a session.
    if not _codes.swap(replace(turn, token=token)):
        raise LoginPending("another retry of this call is being answered")
    former = replace(given.trace, former_secret=turn.token)
    try:
        return _open(answer, former, token=token)
    except SignInNeeded:
        # A retry after this one was faster, and ended what this one began.
        raise LoginPending("another retry of this call was answered") from None


def _new_token() -> str:
    return secrets.token_urlsafe(32)


def _open(
    answer: Answer,
    trace: Trace,
    *,
    token: str,
    create: bool = True,
    also: Hook | None = None,
) -> ProgramSignIn:
    sign_in_as(answer, secret=token, trace=trace, create=create, also=also)
    return signed_in_by(token)
