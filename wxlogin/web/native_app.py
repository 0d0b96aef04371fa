"""What programs call: native apps that sign in, and pages that draw a widget."""

from dataclasses import replace
from typing import Any, cast

from flask import Blueprint, Response, jsonify, make_response
from werkzeug.wrappers import Response as BaseResponse

from wxlogin.accounts.sessions import SessionKind, Trace
from wxlogin.config import App, AppKind
from wxlogin.errors import (
    BadRequest,
    Conflict,
    NotFound,
    RegistrationOver,
    SignInNeeded,
)
from wxlogin.flows import doors, first_visit
from wxlogin.flows.doors import Door, Flow
from wxlogin.flows.first_visit import Waiting
from wxlogin.flows.native_app import sign_in_with_code
from wxlogin.flows.program_code import ProgramCode, ProgramSignIn, signed_in_by
from wxlogin.flows.redirect.attempt import Wish
from wxlogin.flows.redirect.begin import begin
from wxlogin.flows.session import end_session
from wxlogin.security.signing import STATE_SECONDS
from wxlogin.service import running
from wxlogin.sites.terms import Policy
from wxlogin.web.api import json_texts
from wxlogin.web.attempts import hold_attempt
from wxlogin.web.edge import bearer_token, for_sites, without_cookies
from wxlogin.web.exchanges import exchanging
from wxlogin.web.language import for_wechat, language
from wxlogin.web.problems import answer
from wxlogin.web.sites import purpose_of, require_open
from wxlogin.web.visitors import current_visitor, return_url, trace
from wxlogin.wechat.endpoints import Look

bp = Blueprint("programs", __name__, url_prefix="/api")

# Letters, digits, - and _; long enough that nobody guesses another's.
_ATTEMPT_LENGTHS = range(16, 129)
# The doors of programs: an account is made by a word that is given in them.
_PROGRAMS = (doors.APP, doors.MINI_PROGRAM)


@bp.post("/attempts")
@for_sites
def attempts() -> Response:
    """A fresh state, and everything a page needs to draw its own widget."""
    settings = running().settings
    body = json_texts(app=False, next=False, self_redirect=False, lang=False)
    app = app_of(body["app"], AppKind.website)
    stays = body["self_redirect"] == "true"
    flow = Flow.self_redirect if stays else Flow.frame
    look = Look(for_wechat(body["lang"] or language()))
    next_url = return_url(body["next"])
    require_open(next_url)
    begun = begin(app, flow, Wish(next_url, purpose_of(next_url)), look=look)
    response = jsonify(
        appid=app.appid,
        scope="snsapi_login",
        redirect_uri=f"{settings.public_url}/login/callback/{app.name}",
        state=begun.state,
        frame_url=begun.url,
        expires_in=STATE_SECONDS,
    )
    hold_attempt(response, settings, begun.attempt)
    return response


@bp.post("/mobile/<name>/login")
@without_cookies
def mobile_login(name: str) -> BaseResponse:
    """A code of WeChat's SDK becomes a bearer token."""
    given = given_code(app_of(name, AppKind.mobile), doors.APP)
    with exchanging(given.code):
        signed_in = sign_in_with_code(given)
    if isinstance(signed_in, Waiting):
        return _ask_person(signed_in)
    return jsonify(session_of(signed_in, doors.APP))


@bp.post("/registrations")
@without_cookies
def register() -> Response:
    """The person's word, given in the program: the account and a bearer token."""
    body = json_texts(registration=True, agree=True, terms_version=False)
    waiting = first_visit.require(body["registration"])
    door = next((one for one in _PROGRAMS if one.name == waiting.door), None)
    if door is None:
        raise RegistrationOver("a registration of a browser ends in that browser")
    if body["agree"] != "yes":
        raise BadRequest('agree is "yes", once the person has ticked the box')
    if body["terms_version"] != first_visit.policy_of(waiting).version:
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
            **terms_of(first_visit.policy_of(waiting)),
        },
    )


@bp.delete("/session")
@without_cookies
def sign_out() -> Response:
    """Ends the session of this bearer token."""
    visitor = current_visitor() if bearer_token() else None
    if visitor is None:
        raise SignInNeeded("no session of a program")
    end_session(visitor)
    return make_response("", 204)


def given_code(app: App, door: Door) -> ProgramCode:
    """The code that a program sends. Raises BadRequest for a body of another shape."""
    body = json_texts(code=True, attempt=False, site=False)
    if body["site"] and running().settings.site_of(body["site"]) is None:
        raise BadRequest("site is the client_id of a site in SITES")
    attempt = body["attempt"]
    if attempt and len(attempt) not in _ATTEMPT_LENGTHS:
        raise BadRequest("attempt is 16 to 128 characters of the client's own choice")
    return ProgramCode(app, body["code"], attempt, program_trace(door), body["site"])


def program_trace(door: Door) -> Trace:
    """Where a program's sign-in comes from; no browser's session ends by it."""
    kind = cast(SessionKind, door.kind.value)
    return replace(trace(door.name), former_secret=None, kind=kind)


def session_of(signed_in: ProgramSignIn, door: Door) -> dict[str, Any]:
    """The session as a program gets it."""
    return {
        "token": signed_in.token,
        "token_type": "Bearer",
        "expires_in": running().settings.session_days * 86400,
        **user_of(signed_in, door),
    }


def user_of(signed_in: ProgramSignIn, door: Door) -> dict[str, Any]:
    """Who is signed in, as a program gets it."""
    visitor = signed_in.visitor
    user = {
        "uid": visitor.uid,
        "nickname": visitor.nickname,
        "language": visitor.language,
    }
    if door is not doors.MINI_PROGRAM:
        return {"user": user}
    # WeChat names no profile to it: the person chooses one in the program.
    wanted = not visitor.nickname and running().settings.profile != "never"
    return {"user": user, "profile_wanted": wanted}


def terms_of(policy: Policy) -> dict[str, Any]:
    """What the person is asked to agree to."""
    return {
        "terms_url": policy.terms_url or None,
        "privacy_url": policy.privacy_url or None,
        "terms_version": policy.version,
    }


def app_of(name: str, kind: AppKind) -> App:
    """The named app, or for no name the first of this kind. Raises NotFound."""
    settings = running().settings
    app = settings.app_named(name) if name else settings.app_of_kind(kind)
    if app is None or app.kind is not kind:
        raise NotFound(f"no app of the kind {kind.value} is configured under this name")
    return app
