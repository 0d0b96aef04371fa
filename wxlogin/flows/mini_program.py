"""A code of wx.login becomes a session of a mini program.

The token is an HMAC over app, code and attempt (`session_secrets`), so the program's
own retry (flows/program_code.py) gets the very same token: whichever of two answers a
phone keeps, it is good (security row 58). The database holds its hash.

WeChat is asked without an access token, and names no profile: who the person is, and
the session key, which is kept for what the program brings later (accounts/session_keys)
and never leaves this server (security row 57).

An unknown person gets an account at once. Where the app says `two_phase`, or the site
asks first, nothing is written: the answer waits (flows/first_visit.py), however often
the person comes, and its key is a token for the person's word alone.
"""

from dataclasses import dataclass, replace

from wxlogin import service
from wxlogin.config import App
from wxlogin.errors import LoginCodeNeeded, UnknownPerson
from wxlogin.flows import first_visit, program_code
from wxlogin.flows.first_visit import Waiting
from wxlogin.flows.program_code import ProgramCode, ProgramSignIn, signed_in_by
from wxlogin.flows.redirect.attempt import Purpose
from wxlogin.flows.signing_in import Answer, live_session, person_of, sign_in_as
from wxlogin.security.signing import session_secrets
from wxlogin.service import running
from wxlogin.tickets.once import Turn
from wxlogin.wechat.identifiers import is_phone_code

#: Seconds for which an unknown person's answer waits.
WAIT_SECONDS = 600


@dataclass(frozen=True)
class _Turn(Turn):
    """What a code led to; its proof is the hash of the attempt that brought it."""

    #: Key of an answer that waits; empty where there is a session.
    waiting: str = ""


_codes = service.once("mini_code", _Turn, seconds=program_code.KEEP_SECONDS)


def sign_in_with_code(given: ProgramCode) -> ProgramSignIn | Waiting:
    """The session for this code, or the answer that waits for the person's word.

    Raises LoginCodeNeeded for a code of the phone number's button, without asking
    WeChat; what `program_code.spend`, `WeChat.code2session`, `first_visit.hold` and
    `sign_in_as` raise.
    """
    if is_phone_code(given.code):
        raise LoginCodeNeeded("this is a code for a phone number, not of wx.login")
    return program_code.spend(_codes, given, _Turn(), first=_first, again=_again)


def _first(turn: _Turn, given: ProgramCode) -> ProgramSignIn | Waiting:
    answer, token = _ask_who(given.app, given.code), _tokens(given)[0]
    purpose = Purpose(given.client_id)
    creates = first_visit.creates(purpose) and not given.app.two_phase
    try:
        sign_in_as(answer, secret=token, trace=given.trace, create=creates)
    except UnknownPerson:
        key = first_visit.hold(
            answer,
            purpose=purpose,
            next_url="",
            door=given.trace.door,
            seconds=WAIT_SECONDS,
        )
        _codes.done(replace(turn, waiting=key))
        return first_visit.require(key)
    _codes.done(turn)
    return signed_in_by(token)


def _again(turn: _Turn, given: ProgramCode) -> ProgramSignIn | Waiting:
    """The same answer once more."""
    if turn.waiting:
        return first_visit.require(turn.waiting)
    token = next(filter(live_session, _tokens(given)), None)
    if token is None:
        raise program_code.session_over(given.app)
    return signed_in_by(token)


def _ask_who(app: App, code: str) -> Answer:
    wechat = running().wechat
    found = wechat.code2session(app, code, deadline=wechat.deadline())
    person = person_of(app, found.openid, found.unionid, None)
    return Answer(person, known=None, grant=None, session_key=found.session_key)


def _tokens(given: ProgramCode) -> list[str]:
    """The token of this code, newest SECRET_KEY first."""
    appid, attempt = given.app.appid, given.attempt
    return session_secrets(
        running().settings, "mini_program", appid, given.code, attempt
    )
