"""What mini programs call: JSON without cookies, errors as problem documents.

A phone's network layer counts every status as a success and keeps no cookie that it can
be trusted with; so nothing here reads or sets one, and status and body say everything.
"""

from typing import Any

from flask import Blueprint, Response, jsonify

from wxlogin.config import AppKind
from wxlogin.flows import doors, first_visit
from wxlogin.flows.first_visit import Waiting
from wxlogin.flows.mini_program import WAIT_SECONDS, sign_in_with_code
from wxlogin.web.edge import without_cookies
from wxlogin.web.exchanges import exchanging
from wxlogin.web.native_app import app_of, given_code, session_of, terms_of

bp = Blueprint("mini_program", __name__, url_prefix="/api/mp")


@bp.post("/<name>/login")
@without_cookies
def login(name: str) -> Response:
    """A code of wx.login becomes a bearer token."""
    given = given_code(app_of(name, AppKind.mini_program), doors.MINI_PROGRAM)
    with exchanging(given.code):
        found = sign_in_with_code(given)
    if isinstance(found, Waiting):
        return jsonify(_stranger(found))
    return jsonify(session_of(found, doors.MINI_PROGRAM))


def _stranger(waiting: Waiting) -> dict[str, Any]:
    """A token that is good for the person's word alone, and what has to be said."""
    return {
        "token": waiting.key,
        "token_type": "Bearer",
        "expires_in": WAIT_SECONDS,
        "user": None,
        "profile_wanted": True,
        "registration": terms_of(first_visit.policy_of(waiting)),
    }
