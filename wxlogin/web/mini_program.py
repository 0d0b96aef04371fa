"""What mini programs call: JSON without cookies, errors as problem documents.

A phone's network layer counts every status as a success and keeps no cookie that it can
be trusted with; so nothing here reads or sets one, and status and body say everything.
"""

import re

from flask import Blueprint, Response, jsonify, request
from flask_babel import gettext
from werkzeug.exceptions import RequestEntityTooLarge

from wxlogin import metrics
from wxlogin.db import now
from wxlogin.errors import BadRequest, OpenDataInvalid, SignInNeeded
from wxlogin.flows import doors, phone
from wxlogin.flows.first_visit import Waiting
from wxlogin.flows.following import following_of
from wxlogin.flows.mini_program import (
    WAIT_SECONDS,
    Holder,
    bind,
    holder_of,
    name_person,
    picture_person,
    renew_session_key,
    sign_in_with_code,
)
from wxlogin.flows.open_data import Given
from wxlogin.flows.phone import Claim
from wxlogin.flows.program_code import ProgramSignIn
from wxlogin.flows.session_check import key_state
from wxlogin.oidc import program_tokens
from wxlogin.web import shapes
from wxlogin.web.api import json_long_texts, json_texts, told_number
from wxlogin.web.edge import bearer_token, without_cookies
from wxlogin.web.exchanges import exchanging
from wxlogin.web.login import app_of
from wxlogin.web.native_app import (
    given_code,
    program_trace,
    session_of,
    terms_of,
    user_of,
)
from wxlogin.web.openapi import FILE, Key, operation
from wxlogin.web.uploads import sent_file
from wxlogin.wechat.identifiers import says_nothing

bp = Blueprint("mini_program", __name__, url_prefix="/api/mp")

_PROGRAM = (Key.program,)
# A stranger gets a session along.
_WHO = shapes.ProgramSession | shapes.SignedIn
# WeChat's have 64 characters.
_CODE_LENGTH = 512
# Where other people's programs put a token, in small letters only.
_IN_ADDRESS = {"token", "accesstoken", "authtoken", "session", "sessiontoken", "jwt"}
_IN_ADDRESS |= {"bearer", "bearertoken", "authorization"}


@bp.post("/<name>/login")
@without_cookies
@operation({200: shapes.ProgramSession | shapes.Stranger}, body=shapes.Code)
def login(name: str) -> Response:
    """A code of wx.login becomes a bearer token."""
    door = doors.MINI_PROGRAM
    given = given_code(app_of(door.kind, name), door)
    with metrics.failing(door.name, given.app.name), exchanging(given.code):
        found = sign_in_with_code(given)
    if isinstance(found, Waiting):
        return jsonify(_stranger(found))
    return jsonify(session_of(found, door))


@bp.post("/<name>/session")
@without_cookies
@operation({200: shapes.SignedIn}, body=shapes.Code, keys=_PROGRAM)
def renew(name: str) -> Response:
    """A new code renews WeChat's session key; our session goes on."""
    app = app_of(doors.MINI_PROGRAM.kind, name)
    holder = holder_of(app, token_of_program())
    given = given_code(app, doors.MINI_PROGRAM)
    with exchanging(given.code):
        signed_in = renew_session_key(holder, given)
    return jsonify(user_of(signed_in, doors.MINI_PROGRAM))


@bp.post("/<name>/bind")
@without_cookies
@operation({200: _WHO}, body=shapes.OpenData, keys=_PROGRAM)
def bind_profile(name: str) -> Response:
    """Name and picture, from the data that WeChat's client signed and encrypted."""
    holder = holder_of(app_of(doors.MINI_PROGRAM.kind, name), token_of_program())
    try:
        texts = json_long_texts("rawData", "signature", "encryptedData", "iv")
    except RequestEntityTooLarge:
        raise OpenDataInvalid("more than any data of WeChat's") from None
    signed_in = bind(holder, Given(*texts), trace=program_trace(doors.MINI_PROGRAM))
    return _who(holder, signed_in)


@bp.post("/<name>/profile")
@without_cookies
@operation({200: _WHO}, body=shapes.TypedProfile, keys=_PROGRAM)
def profile(name: str) -> Response:
    """The name that the person typed into the program."""
    holder = holder_of(app_of(doors.MINI_PROGRAM.kind, name), token_of_program())
    body = json_texts(nickName=False, avatarUrl=False)
    if body["avatarUrl"]:
        raise BadRequest(
            "avatarUrl is no place that we could reach: what chooseAvatar gives is a "
            "file on the phone; wx.uploadFile sends it to /avatar"
        )
    signed_in = name_person(
        holder, body["nickName"], trace=program_trace(doors.MINI_PROGRAM)
    )
    return _who(holder, signed_in)


@bp.post("/<name>/avatar")
@without_cookies
@operation({200: _WHO}, media=FILE, keys=_PROGRAM)
def avatar(name: str) -> Response:
    """The picture that the person chose in the program."""
    holder = holder_of(app_of(doors.MINI_PROGRAM.kind, name), token_of_program())
    trace = program_trace(doors.MINI_PROGRAM)
    return _who(holder, picture_person(holder, sent_file(), trace=trace))


@bp.post("/<name>/token")
@without_cookies
@operation({200: shapes.SignedWord}, keys=_PROGRAM)
def signed_word(name: str) -> Response:
    """Who the person is, signed for the server of the site that the program is of."""
    app, at = app_of(doors.MINI_PROGRAM.kind, name), now()
    if app.site is None:
        raise BadRequest("APPS names no site for this program")
    holder = holder_of(app, token_of_program())
    found = program_tokens.find(holder.sender.token, at=at)
    if found is None:
        raise SignInNeeded("nobody whom the site may know")
    seconds = int(program_tokens.LIFETIME.total_seconds())
    word = program_tokens.signed(found, at=at)
    return jsonify(shapes.SignedWord(jwt=word, expires_in=seconds))


@bp.get("/<name>/check")
@without_cookies
@operation({200: shapes.ProgramCheck}, keys=_PROGRAM)
def check(name: str) -> Response:
    """Whether our session and WeChat's session key still live."""
    holder = holder_of(app_of(doors.MINI_PROGRAM.kind, name), token_of_program())
    told = shapes.ProgramCheck(
        session="live" if holder.signed_in else "waiting",
        session_key=key_state(holder.sender),
    )
    return jsonify(told)


@bp.get("/<name>/following")
@without_cookies
@operation({200: shapes.Following}, keys=_PROGRAM)
def following(name: str) -> Response:
    """Which official accounts the person follows, as far as WeChat has said."""
    holder = holder_of(app_of(doors.MINI_PROGRAM.kind, name), token_of_program())
    if holder.signed_in is None:
        raise SignInNeeded("nobody is signed in")
    accounts = following_of(holder.signed_in.visitor.user_id)
    known = [follows for follows in accounts.values() if follows is not None]
    told = shapes.Following(following=any(known) if known else None, accounts=accounts)
    return jsonify(told)


@bp.post("/<name>/phone")
@without_cookies
@operation({200: shapes.PhoneClaim}, body=shapes.PhoneCode, keys=_PROGRAM)
def phone_number(name: str) -> Response:
    """The number that the person gave the program, as a claim."""
    holder = holder_of(app_of(doors.MINI_PROGRAM.kind, name), token_of_program())
    try:
        code, data, iv = json_long_texts("code", "encryptedData", "iv")
    except RequestEntityTooLarge:
        raise OpenDataInvalid("more than any data of WeChat's") from None
    if bool(code) == bool(data or iv):
        raise BadRequest("either code, or encryptedData and iv")
    if not code:
        return _claimed(phone.by_data(holder, data, iv))
    if len(code) > _CODE_LENGTH or says_nothing(code):
        # Programs send the text "undefined" where the button gave none.
        raise BadRequest("code is none: look at what the button's event says")
    with exchanging(code):
        claim = phone.by_code(holder, code)
    return _claimed(claim)


def _claimed(claim: Claim) -> Response:
    """One shape, whatever WeChat wrote: texts, the country's code by itself."""
    told = shapes.PhoneClaim(
        phone=told_number(claim.number),
        verified=False,
        kept=claim.kept,
        note=gettext(
            "The person chose this number in WeChat. It may be one that they added "
            "themselves and that nobody has checked."
        ),
    )
    return jsonify(told)


def _who(holder: Holder, signed_in: ProgramSignIn) -> Response:
    """The person; a stranger's new session with it."""
    told = user_of if holder.signed_in else session_of
    return jsonify(told(signed_in, doors.MINI_PROGRAM))


def token_of_program() -> str:
    """The bearer token. Raises BadRequest where one stands in the address, which ends
    up in logs (security row 64)."""
    token = bearer_token() or ""
    names = {re.sub("[^a-z]", "", name.lower()) for name in request.args}
    texts = [text for pair in request.args.items(multi=True) for text in pair]
    if names & _IN_ADDRESS or (token and any(token in text for text in texts)):
        raise BadRequest("the token belongs into the Authorization header")
    return token


def _stranger(waiting: Waiting) -> shapes.Stranger:
    """A token that is good for the person's word alone, and what has to be said."""
    return {
        "token": waiting.key,
        "token_type": "Bearer",
        "expires_in": WAIT_SECONDS,
        "user": None,
        "profile_wanted": True,
        "registration": terms_of(waiting.policy),
    }
