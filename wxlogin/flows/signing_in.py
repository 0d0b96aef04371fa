"""What every door shares: who does WeChat say this is, and their session.

WeChat is asked within one budget, with no transaction open. What it answers is
compared: the openids and unionids of one login must agree. After a good token
answer a fault of userinfo does not fail the login of a person we can place: a
known one signs in with the profile there was, an unknown one with a unionid is
created without. Without a unionid an unknown one waits for better answers,
because a second account would be the price.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from wxlogin import metrics
from wxlogin.accounts import people, session_keys, sessions
from wxlogin.accounts.grants import NewGrant
from wxlogin.accounts.people import KnownIdentity
from wxlogin.accounts.person import Person, Profile
from wxlogin.accounts.resolve import Resolution, Unknown
from wxlogin.accounts.sessions import NewSession, Trace, Visitor
from wxlogin.accounts.sign_in import Hook, SignIn, sign_in
from wxlogin.config import App
from wxlogin.db import now
from wxlogin.errors import (
    AnswersDisagree,
    SnapshotVisitor,
    UnknownPerson,
    WxloginError,
)
from wxlogin.flows import avatars
from wxlogin.observability import get_logger
from wxlogin.service import running
from wxlogin.wechat.answers import Named, Tokens, UserInfo, disagreement
from wxlogin.wechat.errcodes import FOREIGN_OPENID
from wxlogin.wechat.errors import errcode_of


@dataclass(frozen=True)
class Answer:
    """What WeChat said in one login."""

    person: Person
    #: Who that was to us before; None for a stranger.
    known: KnownIdentity | None
    #: Tokens worth keeping; None for a silent answer.
    grant: NewGrant | None
    #: What a mini program's data is read with; empty at other doors.
    session_key: str = field(default="", repr=False)


def live_session(secret: str) -> Visitor | None:
    """The visitor whose session has this secret, if it is still good."""
    idle = timedelta(days=running().settings.session_idle_days)
    return sessions.find(secret, at=now(), idle=idle)


def ask_who(
    app: App, *, code: str, silent: bool = False, named: bool = False
) -> Answer:
    """Exchanges the code and, where it is wanted and allowed, reads the profile.

    `silent` is for snsapi_base, whose tokens read no profile; `named` for a page
    that asked for the name, whatever PROFILE says. Raises
    SnapshotVisitor for WeChat's made-up preview person, AnswersDisagree, and
    whatever the client raises for the exchange.
    """
    wechat = running().wechat
    deadline = wechat.deadline()
    tokens = wechat.exchange(app, code, deadline=deadline)
    if tokens.is_snapshot:
        raise SnapshotVisitor("WeChat showed a snapshot page", app=app.name)
    known = people.known(app.appid, tokens.openid)
    info = None
    if not silent and _wants_profile(known, named=named):
        try:
            info = wechat.userinfo(app, tokens, deadline=deadline)
        except WxloginError as error:
            _excuse(app, tokens, known=known, error=error)
    if info is not None:
        must_agree(app, tokens, info)
    person = person_of(app, tokens.openid, tokens.unionid, info)
    keep = running().settings.keep_grants and not silent
    return Answer(person, known, _grant(tokens) if keep else None)


def person_of(
    app: App, openid: str, unionid: str | None, info: UserInfo | None
) -> Person:
    """The person that one login's answers speak of."""
    return Person(
        appid=app.appid,
        kind=app.kind.value,
        openid=openid,
        open_platform=app.open_platform,
        unionid=unionid or (info.unionid if info else None),
        profile=profile_of(info),
    )


def must_agree(app: App, named: Named, info: UserInfo) -> None:
    """Raises AnswersDisagree where the profile is another person's."""
    if about := disagreement(named, info):
        raise _two_persons(app, about)


def _two_persons(app: App, about: str) -> AnswersDisagree:
    get_logger().error("answers disagree", about=about, app=app.name, security=True)
    return AnswersDisagree(f"WeChat named two {about}s", app=app.name)


def profile_of(info: UserInfo | None) -> Profile | None:
    """The profile, unless it is WeChat's placeholder for nobody."""
    if info is None or info.is_placeholder:
        return None
    return Profile.of(info)


def sign_in_as(
    answer: Answer,
    *,
    secret: str,
    trace: Trace,
    create: bool = True,
    also: Hook | None = None,
) -> SignIn:
    """One transaction: account, grant, session key, history, session.

    Raises UnknownPerson where the person is new and `create` is off; nothing is
    written then. `also` runs in the same transaction.
    """
    person, at = answer.person, now()
    ends_at = at + timedelta(days=running().settings.session_days)
    new = NewSession(secret, at, login_at=at, ends_at=ends_at)
    grant, also = answer.grant, _and_keep(answer.session_key, also, at=at)
    known = answer.known.user_id if answer.known else None
    result = sign_in(
        person, trace, new, grant=grant, known=known, create=create, also=also
    )
    if isinstance(result, Unknown):
        raise UnknownPerson("nobody knows this person")
    resolution, outcome = result.resolution, result.resolution.outcome.value
    app = running().settings.app_names.get(person.appid, "")
    metrics.LOGINS_SIGNED_IN.at(trace.door, app, outcome).inc()
    get_logger().info(
        "signed in",
        uid=resolution.uid,
        outcome=outcome,
        merged_uid=resolution.merged_uid,
        door=trace.door,
        app=app,
        appid=person.appid,
    )
    avatars.after_sign_in(
        resolution.user_id, profile=person.profile, known=answer.known
    )
    return result


def _and_keep(session_key: str, also: Hook | None, *, at: datetime) -> Hook | None:
    """The hook, with the session key kept in the same transaction."""
    if not session_key:
        return also

    def keep(session: Session, resolution: Resolution) -> None:
        session_keys.store(
            session,
            resolution.identity_id,
            session_key,
            sealer=running().sealer,
            at=at,
        )
        if also is not None:
            also(session, resolution)

    return keep


def _grant(tokens: Tokens) -> NewGrant:
    return NewGrant(
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token or "",
        scope=",".join(sorted(tokens.scope)),
        expires_in=tokens.expires_in,
        authorized_at=now(),
    )


def _wants_profile(known: KnownIdentity | None, *, named: bool) -> bool:
    wish = running().settings.profile
    if wish == "never" and not named:
        return False
    return wish == "always" or known is None or is_stale(known)


def is_stale(known: KnownIdentity) -> bool:
    """Is the profile we have missing, or older than PROFILE_FRESH?"""
    if known.profile_at is None:
        return True
    return now() - known.profile_at > timedelta(
        seconds=running().settings.profile_fresh
    )


def _excuse(
    app: App, tokens: Tokens, *, known: KnownIdentity | None, error: WxloginError
) -> None:
    """Raises the fault of userinfo again unless the person can be placed."""
    if errcode_of(error) == FOREIGN_OPENID:
        raise _two_persons(app, "openid")
    facts = {**error.facts, "app": app.name}
    get_logger().warning("no profile", why=error.operator, **facts)
    placed = known is not None or tokens.unionid or app.open_platform is None
    if not placed:
        raise error
