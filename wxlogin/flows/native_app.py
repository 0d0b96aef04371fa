"""A code that a native app got from WeChat's SDK becomes a session.

The app has no cookie; what binds the code to it is a nonce of its own, the
`attempt`. HTTP libraries on phones repeat a POST by themselves: the same code with
the same attempt within a minute gives a new token and ends the first, WeChat is not
asked again; the same code with another attempt, or with none, is refused (security
row 58). The app's own appid and secret are used, so a code of another app is
WeChat's 40029 (row 42).
"""

import hashlib
import secrets
from dataclasses import dataclass, replace

from wxlogin import service
from wxlogin.accounts.person import Person
from wxlogin.accounts.sessions import Trace, Visitor
from wxlogin.config import App
from wxlogin.errors import (
    CodeInvalid,
    LoginPending,
    SignInNeeded,
    UnknownPerson,
    WxloginError,
)
from wxlogin.flows import first_visit
from wxlogin.flows.first_visit import Waiting
from wxlogin.flows.redirect.attempt import Purpose, Wish
from wxlogin.flows.signing_in import (
    Answer,
    ask_who,
    live_session,
    sign_in_as,
)
from wxlogin.tickets.once import Claim, Turn
from wxlogin.wechat import endpoints
from wxlogin.wechat.errors import never_left

# While a code may live we must know that it was spent.
KEEP_SECONDS = endpoints.CODE_SECONDS + 60
# How long the client's own retry is taken for one.
RETRY_SECONDS = 60


@dataclass(frozen=True)
class AppSignIn:
    """A session for a program: `token` goes into the Authorization header."""

    token: str
    visitor: Visitor


@dataclass(frozen=True)
class _Turn(Turn):
    """What a code led to; its proof is the hash of the attempt that brought it."""

    openid: str = ""
    unionid: str | None = None
    token: str = ""
    #: Key of an answer that waits for the person's word (flows/first_visit.py).
    waiting: str = ""


_codes = service.once("app_code", _Turn, seconds=KEEP_SECONDS)


def sign_in_with_code(
    app: App, *, code: str, attempt: str, trace: Trace, client_id: str = ""
) -> AppSignIn | Waiting:
    """The session for this code. `attempt` may be empty: then no retry is known.

    `client_id` names the site the app is of. An unknown person who must be asked
    first is Waiting, and nothing is written. Raises CodeInvalid for a code that was
    sent before, LoginPending where its first call takes too long, and what `ask_who`
    and `sign_in_as` raise.
    """
    key = hashlib.sha256(f"{app.appid}\x1f{code}".encode()).hexdigest()
    proof = _hash(attempt)
    found = _codes.claim(key, _Turn(proof=proof))
    if isinstance(found, Claim):
        try:
            answer = ask_who(app, code=code)
            wish = Wish(next="", purpose=Purpose(client_id))
            return _first(found.turn, answer, wish, trace)
        except WxloginError as error:
            if never_left(error):
                _codes.free(key)
            else:
                _codes.open(found.turn)
            raise
    if found is None or not found.repeats(proof, within=RETRY_SECONDS):
        raise CodeInvalid("this code was sent before", app=app.name)
    return _again(app, found, trace=trace)


def _first(
    turn: _Turn, answer: Answer, wish: Wish, trace: Trace
) -> AppSignIn | Waiting:
    person, token = answer.person, _new_token()
    creates = first_visit.creates(wish.purpose)
    try:
        signed_in = _open(answer, trace, token=token, create=creates)
    except UnknownPerson:
        key = first_visit.hold(answer, wish, door=trace.door)
        _codes.done(replace(turn, waiting=key))
        return first_visit.require(key)
    _codes.done(
        replace(turn, openid=person.openid, unionid=person.unionid, token=token)
    )
    return signed_in


def _again(app: App, turn: _Turn, *, trace: Trace) -> AppSignIn | Waiting:
    """The answer to the client's own retry."""
    if turn.waiting:
        return first_visit.require(turn.waiting)
    if live_session(turn.token) is None:
        # Signed out or deleted meanwhile: only a new code begins again.
        raise CodeInvalid("the session of this code is over", app=app.name)
    person = Person(
        app.appid, app.kind.value, turn.openid, app.open_platform, turn.unionid
    )
    answer, token = Answer(person, known=None, grant=None), _new_token()
    # The record comes first: of two retries at once only one opens a session.
    if not _codes.swap(replace(turn, token=token)):
        raise LoginPending("another retry of this call is being answered")
    former = replace(trace, former_secret=turn.token)
    return _open(answer, former, token=token)


def _new_token() -> str:
    return secrets.token_urlsafe(32)


def _open(
    answer: Answer, trace: Trace, *, token: str, create: bool = True
) -> AppSignIn:
    sign_in_as(answer, secret=token, trace=trace, create=create)
    return signed_in_by(token)


def signed_in_by(token: str) -> AppSignIn:
    """The session of this token. Raises SignInNeeded where there is none."""
    visitor = live_session(token)
    if visitor is None:
        raise SignInNeeded("the session ended as it began")
    return AppSignIn(token, visitor)


def _hash(attempt: str) -> str:
    return hashlib.sha256(attempt.encode()).hexdigest() if attempt else ""
