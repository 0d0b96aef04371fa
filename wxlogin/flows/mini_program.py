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

from dataclasses import dataclass, field, replace

from sqlalchemy.orm import Session

from wxlogin import metrics, service
from wxlogin.accounts import people, session_keys
from wxlogin.accounts.avatars import chosen_address, keep_in, picture_url
from wxlogin.accounts.person import Person, Profile
from wxlogin.accounts.resolve import Unknown, resolve
from wxlogin.accounts.sessions import Trace, Visitor
from wxlogin.config import App
from wxlogin.config.written import seen
from wxlogin.db import now, transaction
from wxlogin.errors import BadRequest, LoginCodeNeeded, SignInNeeded, UnknownPerson
from wxlogin.flows import (
    avatars,
    content_check,
    doors,
    first_visit,
    open_data,
    program_code,
)
from wxlogin.flows.first_visit import Waiting
from wxlogin.flows.open_data import Given, Sender
from wxlogin.flows.program_code import ProgramCode, ProgramSignIn, signed_in_by
from wxlogin.flows.redirect.attempt import Purpose, Wish
from wxlogin.flows.signing_in import (
    Answer,
    live_session,
    must_agree,
    person_of,
    profile_of,
    sign_in_as,
)
from wxlogin.security.signing import session_secrets
from wxlogin.service import running
from wxlogin.tickets.once import Turn
from wxlogin.wechat.answers import (
    PLACEHOLDER_NAME,
    MiniProgramSession,
    plain_name,
)
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
    _require_login_code(given)
    return program_code.spend(_codes, given, _Turn(), first=_first, again=_again)


def _first(turn: _Turn, given: ProgramCode) -> ProgramSignIn | Waiting:
    metrics.LOGINS_BEGUN.at(given.trace.door, given.app.name).inc()
    answer, token = _ask_who(given.app, given.code), _tokens(given)[0]
    wish = Wish(next="", purpose=Purpose(given.client_id))
    creates = first_visit.creates(wish.purpose) and not given.app.two_phase
    try:
        sign_in_as(
            answer,
            secret=token,
            trace=given.trace,
            create=creates,
            also=program_code.entering(given.app),
        )
    except UnknownPerson:
        door = given.trace.door
        key = first_visit.hold(answer, wish, door=door, seconds=WAIT_SECONDS)
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


@dataclass(frozen=True)
class Holder:
    """Whoever holds a token of this program: a person who is signed in, or one whose
    answer waits."""

    sender: Sender
    #: By which signed-in person; None for a stranger.
    signed_in: ProgramSignIn | None
    identity_id: int = 0
    waiting: Waiting | None = None


def holder_of(app: App, token: str) -> Holder:
    """Raises SignInNeeded for a token that is over, or of another app's (security row
    64)."""
    visitor = live_session(token) if token else None
    if visitor is None:
        return _stranger(app, token)
    if visitor.kind != app.kind.value or visitor.appid != app.appid:
        raise SignInNeeded("a token of another app", app=app.name)
    openid = people.openid_of(visitor.identity_id)
    keys = tuple(session_keys.last(visitor.identity_id, running().sealer))
    sender = Sender(app, openid, token, keys)
    return Holder(sender, ProgramSignIn(token, visitor), visitor.identity_id)


def _stranger(app: App, token: str) -> Holder:
    waiting = first_visit.held(token)
    if waiting is None or waiting.door != doors.MINI_PROGRAM.name:
        raise SignInNeeded("no session of a mini program", app=app.name)
    answer = waiting.answer
    if answer.person.appid != app.appid:
        raise SignInNeeded("a token of another app", app=app.name)
    sender = Sender(app, answer.person.openid, token, (answer.session_key,))
    return Holder(sender, None, waiting=waiting)


def renew_session_key(holder: Holder, given: ProgramCode) -> ProgramSignIn:
    """Keeps the session key that belongs to a new code; our session goes on.

    Raises SignInNeeded for a stranger, and where the code is another person's: whoever
    has the phone now logs in. Raises LoginCodeNeeded, and what `program_code.spend` and
    `WeChat.code2session` raise.
    """
    if holder.signed_in is None:
        raise SignInNeeded("nobody is signed in")
    _require_login_code(given)

    def first(turn: _Turn, given: ProgramCode) -> None:
        found = _code2session(given.app, given.code)
        if found.openid != holder.sender.openid:
            raise SignInNeeded("the code is another person's")
        transaction(
            lambda session: session_keys.store(
                session,
                holder.identity_id,
                found.session_key,
                sealer=running().sealer,
                at=now(),
            )
        )
        open_data.forgive(holder.sender)
        _codes.done(turn)

    program_code.spend(
        _codes, given, _Turn(), first=first, again=lambda turn, given: None
    )
    return holder.signed_in


def bind(holder: Holder, given: Given, *, trace: Trace) -> ProgramSignIn:
    """Takes name and picture from the data that WeChat's client gave.

    A stranger whose account needs no other word gets one by it. WeChat's placeholder
    changes nothing. A unionid, where the app trusts it, counts as at a sign-in: it may
    join accounts, and the session goes on in the one that stays. Raises UnknownPerson
    where the site asks first, AnswersDisagree where WeChat's server named another
    unionid, and what `open_data.read_user_info` and a sign-in raise.
    """
    _require_no_question(holder)
    info = open_data.read_user_info(holder.sender, given)
    if holder.waiting is not None:
        must_agree(holder.sender.app, holder.waiting.answer.person, info)
    return _take(holder, _News(profile_of(info), unionid=info.unionid), trace)


def name_person(holder: Holder, nickname: str, *, trace: Trace) -> ProgramSignIn:
    """Takes the name that the person chose in the program; it is decoration, and
    nobody is known by it.

    A stranger whose account needs no other word gets one by it. Raises BadRequest for
    a name that shows nothing or is WeChat's placeholder, UnknownPerson where the site
    asks first, and what `content_check.name` and a sign-in raise.
    """
    _require_no_question(holder)
    name = plain_name(nickname).strip()
    if seen(name) in ("", PLACEHOLDER_NAME):
        raise BadRequest("nickName shows nothing, or is the name of nobody")
    content_check.name(holder.sender.app, holder.sender.openid, name)
    return _take(holder, _News(Profile(name, avatar=None, language=None)), trace)


def picture_person(holder: Holder, file: bytes, *, trace: Trace) -> ProgramSignIn:
    """Takes the picture that the person chose in the program; decoration as the name.

    A stranger whose account needs no other word gets one by it. Raises BadRequest for
    a file that is no picture, UnknownPerson where the site asks first, and what a
    sign-in raises.
    """
    _require_no_question(holder)
    picture = avatars.chosen(file)
    source = chosen_address(picture)
    taken = _take(holder, _News(Profile(avatar=source), picture), trace)
    if holder.sender.app.content_check:
        _have_judged(holder.sender, taken.visitor, source)
    return taken


def _have_judged(sender: Sender, visitor: Visitor, source: str) -> None:
    """WeChat looks at the picture where everybody may: at our address."""
    url = picture_url(running().settings, visitor.user_id, visitor.uid)
    if url is not None:
        shown = content_check.Shown(visitor.user_id, source, url)
        content_check.picture(sender.app, sender.openid, shown)


def _require_no_question(holder: Holder) -> None:
    """Raises UnknownPerson where the person has to agree first."""
    waiting = holder.waiting
    if waiting is not None and not waiting.policy.creates:
        raise UnknownPerson("the person has to agree first")


@dataclass(frozen=True)
class _News:
    """What a program brought of a person: `picture` is the one that the profile names,
    if the person chose it."""

    profile: Profile | None
    picture: bytes | None = field(default=None, repr=False)
    unionid: str | None = None

    def about(self, sender: Sender, unionid: str | None = None) -> Person:
        """The sender, with what is new; `unionid` is what WeChat's server named."""
        person = person_of(sender.app, sender.openid, unionid or self.unionid, None)
        return replace(person, profile=self.profile)


def _take(holder: Holder, news: _News, trace: Trace) -> ProgramSignIn:
    """The person with these news, where there is one; an account for a stranger."""
    sender, waiting = holder.sender, holder.waiting
    token = sender.token
    if waiting is not None:
        person = news.about(sender, waiting.answer.person.unionid)
        named = replace(waiting, answer=replace(waiting.answer, person=person))
        enter = program_code.entering(sender.app)
        token = first_visit.settle(named, trace=trace, also=enter)
    if news.profile is not None or news.unionid:
        # Of a stranger too: another call of the program may have made the account.
        visitor = (holder.signed_in or signed_in_by(token)).visitor
        user_id = transaction(lambda it: _learn(it, sender, visitor, news))
        if user_id is not None:
            avatars.after_sign_in(user_id, profile=news.profile, known=None)
    return signed_in_by(token)


def _learn(
    session: Session, sender: Sender, visitor: Visitor, news: _News
) -> int | None:
    """The person is known for this from now on. Returns the user's id; None for
    nobody."""
    at, mine = now(), visitor.session_id
    person = news.about(sender)
    found = resolve(session, person, at=at, create=False, keep_session=mine)
    if isinstance(found, Unknown):
        return None
    url = news.profile and news.profile.avatar
    if news.picture is not None and url:
        keep_in(session, found.user_id, url=url, picture=news.picture, at=at)
    return found.user_id


def _require_login_code(given: ProgramCode) -> None:
    if is_phone_code(given.code):
        raise LoginCodeNeeded("this is a code for a phone number, not of wx.login")


def _code2session(app: App, code: str) -> MiniProgramSession:
    wechat = running().wechat
    return wechat.code2session(app, code, deadline=wechat.deadline())


def _ask_who(app: App, code: str) -> Answer:
    found = _code2session(app, code)
    person = person_of(app, found.openid, found.unionid, None)
    return Answer(person, known=None, grant=None, session_key=found.session_key)


def _tokens(given: ProgramCode) -> list[str]:
    """The token of this code, newest SECRET_KEY first."""
    appid, attempt = given.app.appid, given.attempt
    return session_secrets(
        running().settings, "mini_program", appid, given.code, attempt
    )
