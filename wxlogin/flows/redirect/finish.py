"""The end of a redirect login: from WeChat's redirect to the session.

`finish` takes what came back and answers with a session, or raises one of the
errors of `LoginFailed` and its neighbours with every account, identity and grant
as it was before.

The state binds app, flow and browser; the same code gives the same session again;
WeChat is asked only for a code that this browser's attempt may exchange (RFC 6749
10.5 and 10.12, RFC 9700 4.5 and 4.7).

An attempt may have been planted: who made it keeps a copy, and somebody else's answer
arrives by it. So what an answered attempt led to, whatever that is, goes to whom the
attempt's cookie alone does not show (security row 10a): to who brings the same code,
or holds the outcome already, or brings another code of the same person.
"""

import hmac
from dataclasses import dataclass, replace

from wxlogin.accounts.history import Trace
from wxlogin.accounts.person import Person
from wxlogin.accounts.sessions import Visitor
from wxlogin.config import App, Settings
from wxlogin.errors import (
    AlreadyFinished,
    AnswersDisagree,
    BadRequest,
    OtherBrowser,
    Refused,
    StateInvalid,
    UnknownPerson,
)
from wxlogin.flows import first_visit, identities
from wxlogin.flows.doors import Flow
from wxlogin.flows.redirect import attempt as log
from wxlogin.flows.redirect import upgrade
from wxlogin.flows.redirect.attempt import (
    REPEAT_SECONDS,
    Attempt,
    Outcome,
    Record,
    code_hash,
)
from wxlogin.flows.redirect.begin import Begun
from wxlogin.flows.signing_in import (
    Answer,
    ask_who,
    live_session,
    sign_in_as,
)
from wxlogin.security.signing import (
    State,
    read_state,
    session_secrets,
)
from wxlogin.tickets.once import Claim
from wxlogin.wechat import endpoints
from wxlogin.wechat.errors import never_left

# Longer values are no code of WeChat's (32 characters today).
_CODE_LENGTH = 512


@dataclass(frozen=True)
class Finished:
    """A login that came to an end.

    `secret` is what the browser's session cookie holds from now on, None where the
    browser keeps the one it has. `upgrade` is a login that follows at once, before
    `next_url`.
    """

    next_url: str
    secret: str | None
    upgrade: Begun | None = None
    #: A linking that asks first whether two accounts shall become one.
    question: bool = False
    #: Key of an answer that waits for the person's word (flows/first_visit.py): at
    #: `next_url` where a site's link leads there, otherwise at a page of its own.
    waiting: str = ""
    #: There may be news of who shares the account (flows/identities.py).
    shared: bool = False


def open_state(settings: Settings, app_name: str, text: str) -> tuple[App, State]:
    """App and state of a callback, if the state is ours, in time and this app's.

    Raises StateInvalid or StateExpired.
    """
    state = read_state(settings, text)
    apps = settings.apps
    app = apps[state.app_index] if state.app_index < len(apps) else None
    if app is None or app.name != app_name:
        raise StateInvalid("the state belongs to another app", app=app_name)
    return app, state


def finish(
    settings: Settings,
    app: App,
    *,
    state: State,
    attempt: Attempt | None,
    code: str | None,
    visitor: Visitor | None,
    held: str,
    trace: Trace,
) -> Finished:
    """The session this callback leads to. Raises what the page shall say.

    `held` is the key of the first visit that waits for this browser, if one does.
    """
    if attempt is None or attempt.app != app.name or attempt.flow != state.flow:
        raise OtherBrowser("no attempt of this browser belongs to the state")
    if not code or code == endpoints.CODE_DENIED:
        log.refuse(state.nonce)
        return _refused(settings, attempt, visitor=visitor, trace=trace)
    if len(code) > _CODE_LENGTH:
        raise BadRequest("the code is too long")
    found = log.claim(state.nonce, code)
    if isinstance(found, Record):
        if done := _again(
            settings, app, found, attempt, code=code, visitor=visitor, held=held
        ):
            return done
        found = log.claim_other(state.nonce, code)
    return _exchange(
        settings,
        app,
        claim=found,
        attempt=attempt,
        code=code,
        visitor=visitor,
        trace=trace,
    )


def _again(
    settings: Settings,
    app: App,
    record: Record,
    attempt: Attempt,
    *,
    code: str,
    visitor: Visitor | None,
    held: str,
) -> Finished | None:
    """What an answered attempt led to, or None for another code that proves nothing
    yet; the one place where row 10a is kept."""
    same = record.is_proven_by(code_hash(attempt.nonce, code))
    match record.outcome:
        case Outcome.upgrade:
            return _upgrade(settings, app, attempt, record.pending) if same else None
        case Outcome.register:
            mine = hmac.compare_digest(held.encode(), record.pending.encode())
            return _ask_again(attempt, record, visitor) if same or mine else None
    return _same_session(settings, record, attempt, same, code=code, visitor=visitor)


def _same_session(
    settings: Settings,
    record: Record,
    attempt: Attempt,
    same: bool,
    *,
    code: str,
    visitor: Visitor | None,
) -> Finished | None:
    mine = visitor is not None and visitor.session_id in record.sessions.values()
    if mine and not attempt.link:
        return Finished(attempt.next, None, shared=True)
    # A linking gives the session a new secret, which an answer may have lost.
    if record.repeats(code_hash(attempt.nonce, code), within=REPEAT_SECONDS):
        for secret in session_secrets(settings, attempt.nonce, code, attempt.secret):
            if live := live_session(secret):
                question = bool(attempt.link) and identities.has_question(live)
                return Finished(attempt.next, secret, question=question, shared=True)
    if mine:
        return Finished(attempt.next, None)
    if same:
        raise AlreadyFinished("this login is over")
    return None


def _ask_again(attempt: Attempt, record: Record, visitor: Visitor | None) -> Finished:
    """The person is asked already, WeChat is not.

    Raises AlreadyFinished where the person has answered and signed out since.
    """
    waiting = first_visit.held(record.pending)
    if waiting is not None and not waiting.done:
        return Finished(attempt.next, None, waiting=record.pending)
    if visitor is not None:
        return Finished(attempt.next, None)
    raise AlreadyFinished("the person was asked, and this login is over")


def _exchange(
    settings: Settings,
    app: App,
    *,
    claim: Claim[Record],
    attempt: Attempt,
    code: str,
    visitor: Visitor | None,
    trace: Trace,
) -> Finished:
    secret = session_secrets(settings, attempt.nonce, code, attempt.secret)[0]
    flow = Flow(attempt.flow)
    try:
        asking = identities.asking(attempt, visitor)
        answer = ask_who(
            app,
            code=code,
            silent=flow.silent,
            named=flow is Flow.userinfo,
        )
        person = answer.person
        _same_person(claim.turn, person)
        if asking:
            done = identities.finish(person, visitor=asking, secret=secret)
            log.answered(claim, person, session=attempt.link)
            return Finished(attempt.next, secret, question=not done)
        upgrade.must_match(attempt, person)
        better = upgrade.follows(settings, attempt, answer)
        if better and answer.known is None:
            ticket = upgrade.hold(answer)
            log.answered(claim, person, Outcome.upgrade, pending=ticket)
            return _upgrade(settings, app, attempt, ticket)
        creates = first_visit.creates(attempt.purpose)
        try:
            signed_in = sign_in_as(answer, secret=secret, trace=trace, create=creates)
        except UnknownPerson:
            key = _hold(settings, attempt, answer, trace)
            log.answered(claim, person, Outcome.register, pending=key)
            return Finished(attempt.next, None, waiting=key)
    except BaseException as error:
        # Until WeChat was reached the code is good; any other end may have spent it.
        log.fail(claim, spent=not never_left(error))
        raise
    log.answered(claim, person, session=signed_in.session_id or 0)
    if attempt.pending:
        upgrade.used(attempt.pending)
    # Who comes by a door for the first time is known by the unionid alone.
    by_unionid = answer.known is None and not signed_in.is_new
    shared = by_unionid or (answer.known is not None and answer.known.is_shared)
    if better:
        later = _upgrade(settings, app, attempt, upgrade.SIGNED_IN)
        return replace(later, secret=secret, shared=shared)
    return Finished(attempt.next, secret, shared=shared)


def _hold(settings: Settings, attempt: Attempt, answer: Answer, trace: Trace) -> str:
    """Keeps the answer of a person who must be asked first; returns its key."""
    return first_visit.hold(
        answer,
        purpose=attempt.purpose,
        next_url=attempt.next,
        door=trace.door,
    )


def _upgrade(settings: Settings, app: App, attempt: Attempt, pending: str) -> Finished:
    begun = upgrade.begin_upgrade(settings, app, attempt, pending=pending)
    return Finished(attempt.next, None, begun)


def _refused(
    settings: Settings, attempt: Attempt, *, visitor: Visitor | None, trace: Trace
) -> Finished:
    """A refused upgrade leaves the person signed in, silently; any other, nobody."""
    if attempt.pending and visitor:
        return Finished(attempt.next, None)
    known = session_secrets(settings, attempt.nonce, "refused", attempt.secret)
    silent = upgrade.held(attempt.pending) if attempt.pending else None
    if silent is not None:
        answer = Answer(silent, known=None, grant=None)
        creates = first_visit.creates(attempt.purpose)
        try:
            sign_in_as(answer, secret=known[0], trace=trace, create=creates)
            upgrade.used(attempt.pending)
        except UnknownPerson:
            key = _hold(settings, attempt, answer, trace)
            return Finished(attempt.next, None, waiting=key)
        except AlreadyFinished:
            # The refusal came twice at once, and the other one was faster.
            pass
    for secret in known:
        if attempt.pending and live_session(secret):
            return Finished(attempt.next, secret)
    raise Refused("the person refused in WeChat")


def _same_person(record: Record, person: Person) -> None:
    """Another code of an answered attempt must name the same identity."""
    expected = (record.appid, record.openid)
    if record.is_done and expected != (person.appid, person.openid):
        raise AnswersDisagree("another code of this attempt names another person")
