"""The end of a redirect login: from WeChat's redirect to the session.

`finish` takes what came back and answers with a session, or raises one of the
errors of `LoginFailed` and its neighbours with every account, identity and grant
as it was before. It claims the attempt, asks WeChat, and settles what follows.

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

from wxlogin import metrics
from wxlogin.accounts.sessions import Trace, Visitor
from wxlogin.config import App
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
from wxlogin.flows.redirect import proof, upgrade
from wxlogin.flows.redirect.attempt import Attempt, Outcome, Record, Silent, code_hash
from wxlogin.flows.redirect.begin import Begun, begin
from wxlogin.flows.redirect.proof import Proof
from wxlogin.flows.signing_in import Answer, ask_who, live_session, sign_in_as
from wxlogin.security.signing import State, read_state, session_secrets
from wxlogin.service import running
from wxlogin.tickets.once import Claim
from wxlogin.wechat import endpoints
from wxlogin.wechat.errors import never_left

# Longer values are no code of WeChat's (32 characters today).
_CODE_LENGTH = 512
# How long the same code gives the same session again (reload, double callback).
_REPEAT_SECONDS = 120


@dataclass(frozen=True)
class Returned:
    """What came back from WeChat, and the browser that brought it."""

    app: App
    #: The browser's own, and of the state that came back (see `own_attempt`).
    attempt: Attempt
    #: Empty where the person refused.
    code: str
    visitor: Visitor | None
    #: Key of the first visit that waits for this browser; empty where none does.
    held: str
    trace: Trace

    @property
    def code_hash(self) -> str:
        return code_hash(self.attempt.nonce, self.code)

    def holds(self, key: str) -> bool:
        """Does the first visit under this key wait for this browser?"""
        return hmac.compare_digest(self.held.encode(), key.encode())

    def secrets(self, about: str) -> list[str]:
        """The secrets of the session that a code, or a refusal, leads to."""
        attempt = self.attempt
        return session_secrets(running().settings, attempt.nonce, about, attempt.secret)


@dataclass(frozen=True)
class Finished:
    """A login that came to an end.

    `secret` is what the browser's session cookie holds from now on, None where the
    browser keeps the one it has. `upgrade` is a login that follows at once, before
    `next_url`.
    """

    next_url: str
    secret: str | None = None
    upgrade: Begun | None = None
    #: A linking that asks first whether two accounts shall become one.
    question: bool = False
    #: Key of an answer that waits for the person's word (flows/first_visit.py): at
    #: `next_url` where a site's link leads there, otherwise at a page of its own.
    waiting: str = ""
    #: There may be news of who shares the account (flows/identities.py).
    shared: bool = False
    #: Key of who opened the page, where that was asked and no sign-in.
    proof: str = ""


def open_state(app_name: str, text: str) -> tuple[App, State]:
    """App and state of a callback, if the state is ours, in time and this app's.

    Raises StateInvalid or StateExpired.
    """
    settings = running().settings
    state = read_state(settings, text)
    apps = settings.apps
    app = apps[state.app_index] if state.app_index < len(apps) else None
    if app is None or app.name != app_name:
        raise StateInvalid("the state belongs to another app", app=app_name)
    return app, state


def own_attempt(app: App, state: State, held: Attempt | None) -> Attempt:
    """The attempt that this browser holds, if it began what comes back now.

    `held` is the one with the state's nonce. Raises OtherBrowser.
    """
    if held is None or (held.app, held.flow) != (app.name, state.flow):
        raise OtherBrowser("no attempt of this browser belongs to the state")
    return held


def finish(back: Returned) -> Finished:
    """The session this callback leads to. Raises what the page shall say."""
    if not back.code or back.code == endpoints.CODE_DENIED:
        log.refuse(back.attempt.nonce)
        return _refused(back)
    if len(back.code) > _CODE_LENGTH:
        raise BadRequest("the code is too long")
    claim = _claim(back)
    if isinstance(claim, Finished):
        return claim
    metrics.LOGINS_SCANNED.at(back.attempt.flow.door.name, back.app.name).inc()
    try:
        answer = _ask(back, claim.turn)
        return _settle(back, claim, answer)
    except BaseException as error:
        # Until WeChat was reached the code is good; any other end may have spent it.
        log.fail(claim, spent=not never_left(error))
        raise


def _claim(back: Returned) -> Claim[Record] | Finished:
    """The right to ask WeChat, or what this attempt led to before."""
    found = log.claim(back.attempt.nonce, back.code)
    if isinstance(found, Claim):
        return found
    return _again(back, found) or log.claim_other(back.attempt.nonce, back.code)


def _ask(back: Returned, record: Record) -> Answer:
    """Who came, as WeChat says it; nobody else than before, where others count on it.

    Another code of an answered attempt must name the same identity, and so must the
    better answer to a silent one.
    """
    # Who began to link has to be here still, or WeChat is not asked.
    identities.asking(back.attempt, back.visitor)
    flow = back.attempt.flow
    named = flow in (Flow.userinfo, Flow.proof_named)
    answer = ask_who(back.app, code=back.code, silent=flow.silent, named=named)
    person = answer.person
    before = (record.appid, record.openid)
    if record.is_done and before != (person.appid, person.openid):
        raise AnswersDisagree("another code of this attempt names another person")
    upgrade.must_match(back.attempt.wish.silent, person)
    return answer


def _settle(back: Returned, claim: Claim[Record], answer: Answer) -> Finished:
    """Signs the person in, or says what has to come first, and notes it."""
    wish, person, secret = back.attempt.wish, answer.person, back.secrets(back.code)[0]
    if asking := identities.asking(back.attempt, back.visitor):
        done = identities.finish(person, visitor=asking, secret=secret)
        log.answered(claim, person, session=wish.link)
        return Finished(wish.next, secret, question=not done)
    if (flow := back.attempt.flow) in (Flow.proof, Flow.proof_named):
        key = proof.hold(Proof(person, is_asked=flow is Flow.proof_named))
        log.answered(claim, person, Outcome.proof, pending=key)
        return Finished(wish.next, proof=key)
    better = upgrade.follows(back.attempt, answer)
    if better and answer.known is None:
        silent = upgrade.hold(answer)
        log.answered(claim, person, Outcome.upgrade, pending=silent.ticket)
        return Finished(wish.next, upgrade=_upgrade(back, silent))
    creates = first_visit.creates(wish.purpose)
    try:
        signed_in = sign_in_as(answer, secret=secret, trace=back.trace, create=creates)
    except UnknownPerson:
        key = first_visit.hold(answer, wish, door=back.trace.door)
        log.answered(claim, person, Outcome.register, pending=key)
        return Finished(wish.next, waiting=key)
    log.answered(claim, person, session=signed_in.session_id)
    upgrade.used(wish.silent)
    # Who comes by a door for the first time is known by the unionid alone.
    by_unionid = answer.known is None and not signed_in.is_new
    shared = by_unionid or (answer.known is not None and answer.known.is_shared)
    later = _upgrade(back, Silent()) if better else None
    return Finished(wish.next, secret, later, shared=shared)


def _again(back: Returned, record: Record) -> Finished | None:
    """What an answered attempt led to, or None for another code that proves nothing
    yet; the one place where row 10a is kept."""
    same = record.is_proven_by(back.code_hash)
    match record.outcome:
        case Outcome.session:
            return _same_session(back, record)
        case Outcome.upgrade if same:
            later = _upgrade(back, Silent(record.pending))
            return Finished(back.attempt.wish.next, upgrade=later)
        case Outcome.proof if same:
            return Finished(back.attempt.wish.next, proof=record.pending)
        case Outcome.register if same or back.holds(record.pending):
            return _ask_again(back, record)
    return None


def _same_session(back: Returned, record: Record) -> Finished | None:
    wish, visitor = back.attempt.wish, back.visitor
    mine = visitor is not None and visitor.session_id in record.sessions.values()
    if mine and not wish.link:
        return Finished(wish.next, shared=True)
    # A linking gives the session a new secret, which an answer may have lost.
    if record.repeats(back.code_hash, within=_REPEAT_SECONDS):
        for secret in back.secrets(back.code):
            if live := live_session(secret):
                question = bool(wish.link) and identities.has_question(live)
                return Finished(wish.next, secret, question=question, shared=True)
    if mine:
        return Finished(wish.next)
    if record.is_proven_by(back.code_hash):
        raise AlreadyFinished("this login is over")
    return None


def _ask_again(back: Returned, record: Record) -> Finished:
    """The person is asked already, WeChat is not.

    Raises AlreadyFinished where the person has answered and signed out since.
    """
    waiting, target = first_visit.held(record.pending), back.attempt.wish.next
    if waiting is not None and not waiting.done:
        return Finished(target, waiting=record.pending)
    if back.visitor is not None:
        return Finished(target)
    raise AlreadyFinished("the person was asked, and this login is over")


def _refused(back: Returned) -> Finished:
    """A refused upgrade leaves the person signed in, silently; any other, nobody."""
    wish, known = back.attempt.wish, back.secrets("refused")
    if wish.silent and back.visitor:
        return Finished(wish.next)
    if person := upgrade.held(wish.silent):
        answer = Answer(person, known=None, grant=None)
        creates = first_visit.creates(wish.purpose)
        try:
            sign_in_as(answer, secret=known[0], trace=back.trace, create=creates)
            upgrade.used(wish.silent)
        except UnknownPerson:
            key = first_visit.hold(answer, wish, door=back.trace.door)
            return Finished(wish.next, waiting=key)
        except AlreadyFinished:
            # The refusal came twice at once, and the other one was faster.
            pass
    for secret in known:
        if wish.silent and live_session(secret):
            return Finished(wish.next, secret)
    raise Refused("the person refused in WeChat")


def _upgrade(back: Returned, silent: Silent) -> Begun:
    """The same login with consent, which betters a silent answer."""
    return begin(back.app, Flow.userinfo, replace(back.attempt.wish, silent=silent))
