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
import time
from dataclasses import dataclass, replace

from wxlogin import service
from wxlogin.accounts.history import Trace
from wxlogin.accounts.person import Person
from wxlogin.accounts.sessions import Visitor
from wxlogin.config import App, Settings
from wxlogin.errors import (
    CodeInvalid,
    LoginPending,
    SignInNeeded,
    UnknownPerson,
    WxloginError,
)
from wxlogin.flows import first_visit
from wxlogin.flows.first_visit import Waiting
from wxlogin.flows.redirect.attempt import Purpose
from wxlogin.flows.signing_in import (
    Answer,
    ask_who,
    live_session,
    sign_in_as,
)
from wxlogin.tickets.shelf import Kept
from wxlogin.wechat.errors import never_left

# A code lives ten minutes; so long we must know that it was spent.
KEEP_SECONDS = 660
# How long the client's own retry is taken for one.
RETRY_SECONDS = 60
# How long a retry waits for the call it repeats.
WAIT_SECONDS = 3.0


@dataclass(frozen=True)
class AppSignIn:
    """A session for a program: `token` goes into the Authorization header."""

    token: str
    visitor: Visitor


@dataclass(frozen=True)
class _Record(Kept):
    """What is remembered of a code, under its hash. `until` ends the lease."""

    attempt: str
    until: float
    done: float = 0.0
    openid: str = ""
    unionid: str | None = None
    token: str = ""
    #: Key of an answer that waits for the person's word (flows/first_visit.py).
    waiting: str = ""


_codes = service.shelf("app_code", _Record, seconds=KEEP_SECONDS)


def sign_in_with_code(
    settings: Settings,
    app: App,
    *,
    code: str,
    attempt: str,
    trace: Trace,
    client_id: str = "",
) -> AppSignIn | Waiting:
    """The session for this code. `attempt` may be empty: then no retry is known.

    `client_id` names the site the app is of. An unknown person who must be asked
    first is Waiting, and nothing is written. Raises CodeInvalid for a code that was
    sent before, LoginPending where its first call takes too long, and what `ask_who`
    and `sign_in_as` raise.
    """
    key = hashlib.sha256(f"{app.appid}\x1f{code}".encode()).hexdigest()
    until = time.time() + settings.wechat_budget + 2
    mine = _Record(_hash(attempt), until, key=key, version=1)
    if _codes.add(key, mine):
        return _first(settings, app, mine, code=code, trace=trace, client_id=client_id)
    return _again(settings, app, mine, trace=trace)


def _first(
    settings: Settings,
    app: App,
    mine: _Record,
    *,
    code: str,
    trace: Trace,
    client_id: str,
) -> AppSignIn | Waiting:
    creates = first_visit.creates(settings, Purpose(client_id))
    try:
        answer = ask_who(settings, app, code=code)
        token = _new_token()
        try:
            signed_in = _open(settings, answer, trace, token=token, create=creates)
        except UnknownPerson:
            return _ask_first(settings, mine, answer, trace, client_id)
    except WxloginError as error:
        if never_left(error):
            _codes.take(mine.key)
            _codes.notify(mine.key)
        else:
            _settle(replace(mine, until=0.0))
        raise
    person = answer.person
    done = replace(
        mine,
        done=time.time(),
        openid=person.openid,
        unionid=person.unionid,
        token=signed_in.token,
    )
    _settle(done)
    return signed_in


def _settle(record: _Record) -> None:
    _codes.swap(record)
    _codes.notify(record.key)


def _ask_first(
    settings: Settings,
    mine: _Record,
    answer: Answer,
    trace: Trace,
    client_id: str,
) -> Waiting:
    held = first_visit.hold(
        settings, answer, purpose=Purpose(client_id), next_url="", door=trace.door
    )
    _settle(replace(mine, done=time.time(), waiting=held))
    return first_visit.require(held)


def _again(
    settings: Settings, app: App, mine: _Record, *, trace: Trace
) -> AppSignIn | Waiting:
    """The client's own retry, or a replay."""
    record = _finished(mine.key)
    same = bool(mine.attempt) and secrets.compare_digest(record.attempt, mine.attempt)
    if not same or not record.done or time.time() > record.done + RETRY_SECONDS:
        raise CodeInvalid("this code was sent before", app=app.name)
    if record.waiting:
        return first_visit.require(record.waiting)
    if live_session(settings, record.token) is None:
        # Signed out or deleted meanwhile: only a new code begins again.
        raise CodeInvalid("the session of this code is over", app=app.name)
    person = Person(
        app.appid, app.kind.value, record.openid, app.open_platform, record.unionid
    )
    answer = Answer(person, known=None, grant=None)
    token = _new_token()
    # The record comes first: of two retries at once only one opens a session.
    if not _codes.swap(replace(record, token=token)):
        raise LoginPending("another retry of this call is being answered")
    former = replace(trace, former_secret=record.token)
    return _open(settings, answer, former, token=token)


def _finished(key: str) -> _Record:
    """The code's record, after its first call has ended."""
    record = _codes.get(key)
    if record and _is_running(record):
        record = _codes.wait(key, version=record.version, timeout=WAIT_SECONDS)
        if record and _is_running(record):
            raise LoginPending("the first call with this code has not ended")
    if record is None:
        raise CodeInvalid("this code was sent before")
    return record


def _is_running(record: _Record) -> bool:
    return not record.done and record.until > time.time()


def _new_token() -> str:
    return secrets.token_urlsafe(32)


def _open(
    settings: Settings,
    answer: Answer,
    trace: Trace,
    *,
    token: str,
    create: bool = True,
) -> AppSignIn:
    sign_in_as(settings, answer, secret=token, trace=trace, create=create)
    return signed_in_by(settings, token)


def signed_in_by(settings: Settings, token: str) -> AppSignIn:
    """The session of this token. Raises SignInNeeded where there is none."""
    visitor = live_session(settings, token)
    if visitor is None:
        raise SignInNeeded("the session ended as it began")
    return AppSignIn(token, visitor)


def _hash(attempt: str) -> str:
    return hashlib.sha256(attempt.encode()).hexdigest() if attempt else ""
