"""What native apps call: to sign in, to give a person's word, to sign out."""

from dataclasses import replace
from typing import cast

from flask import Blueprint, Response, jsonify, make_response
from werkzeug.wrappers import Response as BaseResponse

from wxlogin import metrics
from wxlogin.accounts.sessions import SessionKind, Trace
from wxlogin.config import App
from wxlogin.errors import (
    BadRequest,
    Conflict,
    RegistrationOver,
    SignInNeeded,
)
from wxlogin.flows import doors, first_visit
from wxlogin.flows.doors import Door
from wxlogin.flows.first_visit import Waiting
from wxlogin.flows.native_app import sign_in_with_code
from wxlogin.flows.program_code import ProgramCode, ProgramSignIn, signed_in_by
from wxlogin.flows.session import end_session
from wxlogin.service import running
from wxlogin.sites.terms import Policy
from wxlogin.web import edge, shapes, visitors
from wxlogin.web.api import json_texts
from wxlogin.web.exchanges import exchanging
from wxlogin.web.login import app_of
from wxlogin.web.openapi import Key, operation
from wxlogin.web.problems import answer

bp = Blueprint("native_app", __name__, url_prefix="/api")

# Letters, digits, - and _; long enough that nobody guesses another's.
_ATTEMPT_LENGTHS = range(16, 129)
# The doors of programs: an account is made by a word that is given in them.
_PROGRAMS = (doors.APP, doors.MINI_PROGRAM)


@bp.post("/mobile/<name>/login")
@edge.without_cookies
@operation({200: shapes.ProgramSession}, body=shapes.Code)
def mobile_login(name: str) -> BaseResponse:
    """A code of WeChat's SDK becomes a bearer token."""
    given = given_code(app_of(doors.APP.kind, name), doors.APP)
    with metrics.failing(doors.APP.name, given.app.name), exchanging(given.code):
        signed_in = sign_in_with_code(given)
    if isinstance(signed_in, Waiting):
        return _ask_person(signed_in)
    return jsonify(session_of(signed_in, doors.APP))


@bp.post("/registrations")
@edge.without_cookies
@operation({200: shapes.ProgramSession}, body=shapes.Agreement)
def register() -> Response:
    """The person's word, given in the program: the account and a bearer token."""
    body = json_texts(registration=True, agree=True, terms_version=False)
    waiting = first_visit.require(body["registration"])
    door = next((one for one in _PROGRAMS if one.name == waiting.door), None)
    if door is None:
        raise RegistrationOver("a registration of a browser ends in that browser")
    if body["agree"] != "yes":
        raise BadRequest('agree is "yes", once the person has ticked the box')
    if body["terms_version"] != waiting.policy.version:
        raise Conflict("terms_version is not the version in force")
    token = first_visit.agree(waiting, trace=program_trace(door))
    return jsonify(session_of(signed_in_by(token), door))


def _ask_person(waiting: Waiting) -> BaseResponse:
    """What the program needs to ask the person, as a problem document."""
    profile = waiting.profile
    return answer(
        "registration_needed",
        403,
        members={
            "registration": waiting.key,
            "expires_in": first_visit.WAIT_SECONDS,
            "nickname": profile.nickname if profile else "",
            **terms_of(waiting.policy),
        },
    )


@bp.delete("/session")
@edge.without_cookies
@operation({204: None}, keys=(Key.program,))
def sign_out() -> Response:
    """Ends the session of this bearer token."""
    visitor = visitors.current() if edge.bearer_token() else None
    if visitor is None:
        raise SignInNeeded("no session of a program")
    end_session(visitor)
    return make_response("", 204)


def given_code(app: App, door: Door) -> ProgramCode:
    """The code that a program sends. Raises BadRequest for a body of another shape."""
    body = json_texts(code=True, attempt=False, site=False)
    if body["site"] and running().settings.site_of(body["site"]) is None:
        raise BadRequest("site is the client_id of a site in SITES")
    site = app.site or body["site"]
    if body["site"] not in ("", site):
        raise BadRequest("site is another one than APPS names for this app")
    attempt = body["attempt"]
    if attempt and len(attempt) not in _ATTEMPT_LENGTHS:
        raise BadRequest("attempt is 16 to 128 characters of the client's own choice")
    return ProgramCode(app, body["code"], attempt, program_trace(door), site)


def program_trace(door: Door) -> Trace:
    """Where a program's sign-in comes from; no browser's session ends by it."""
    kind = cast(SessionKind, door.kind.value)
    return replace(visitors.trace(door.name), former_secret=None, kind=kind)


def session_of(signed_in: ProgramSignIn, door: Door) -> shapes.ProgramSession:
    """The session as a program gets it."""
    return {
        "token": signed_in.token,
        "token_type": "Bearer",
        "expires_in": running().settings.session_days * 86400,
        **user_of(signed_in, door),
    }


def user_of(signed_in: ProgramSignIn, door: Door) -> shapes.SignedIn:
    """Who is signed in, as a program gets it."""
    visitor = signed_in.visitor
    user: shapes.ProgramUser = {
        "uid": visitor.uid,
        "nickname": visitor.profile.nickname,
        "language": visitor.profile.language,
    }
    if door is not doors.MINI_PROGRAM:
        return {"user": user}
    # WeChat names no profile to it: the person chooses one in the program.
    wanted = not visitor.profile.nickname and running().settings.profile != "never"
    return {"user": user, "profile_wanted": wanted}


def terms_of(policy: Policy) -> shapes.Terms:
    """What the person is asked to agree to."""
    return {
        "terms_url": policy.terms_url or None,
        "privacy_url": policy.privacy_url or None,
        "terms_version": policy.version,
    }
