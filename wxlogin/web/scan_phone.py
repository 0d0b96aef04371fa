"""The phone's half of scan to sign in: what a mini program reports.

JSON without cookies, with the program's bearer token, as web/mini_program.py. There is
no call that does it all at once: that a scan alone signs in is what the confirmation is
there to stop (security row 72).
"""

from typing import Any

from flask import Blueprint, jsonify, request
from werkzeug.wrappers import Response

from wxlogin.errors import BadRequest, NumberWrong, UnknownPerson
from wxlogin.flows import doors, scan
from wxlogin.flows.mini_program import Holder, holder_of
from wxlogin.flows.pairing_ticket import Pairing
from wxlogin.security import networks
from wxlogin.web import callers, limits, shapes
from wxlogin.web.api import json_object
from wxlogin.web.code_page import our_name
from wxlogin.web.edge import without_cookies
from wxlogin.web.login import app_of
from wxlogin.web.mini_program import token_of_program
from wxlogin.web.native_app import program_trace, session_of, terms_of
from wxlogin.web.openapi import Key, operation
from wxlogin.web.problems import refusal
from wxlogin.web.purposes import site_name

_PROGRAM = (Key.program,)

bp = Blueprint("scan_phone", __name__, url_prefix="/api/mp/<name>/scan/<scene>")


@bp.post("/scanned")
@without_cookies
@operation({200: shapes.Scanned}, keys=_PROGRAM)
def scanned(name: str, scene: str) -> Response:
    """The program opened at this code; what the person is asked about."""
    holder, address = _holder(name), callers.place()
    with limits.guessing():
        found = scan.scanned(scene, holder, address=address)
    return jsonify(_asked(found))


@bp.post("/confirm")
@without_cookies
@operation({200: shapes.ScanConfirmed}, body=shapes.ScanYes, keys=_PROGRAM)
def confirm(name: str, scene: str) -> Response:
    """The person says yes; a stranger's session is told along."""
    holder, number = _holder(name), _number()
    said = scan.Yes(callers.place(), number)
    trace = program_trace(doors.MINI_PROGRAM)
    try:
        with limits.guessing():
            signed_in = scan.confirm(scene, holder, said, trace=trace)
    except NumberWrong as error:
        return refusal(error, members=_wanted(scan.of_phone(scene, holder)))
    except UnknownPerson as error:
        return refusal(error, members=_terms(holder))
    if signed_in is None:
        return jsonify(shapes.ScanConfirmed(state="confirmed"))
    session = session_of(signed_in, doors.MINI_PROGRAM)
    return jsonify(shapes.ScanConfirmed(state="confirmed", **session))


@bp.post("/cancel")
@without_cookies
@operation({200: shapes.ScanRefused}, keys=_PROGRAM)
def cancel(name: str, scene: str) -> Response:
    """The person says no."""
    holder = _holder(name)
    with limits.guessing():
        scan.refuse(scene, holder)
    return jsonify(shapes.ScanRefused(state="refused"))


def _asked(found: Pairing) -> shapes.Scanned:
    """The site, and the browser as it was when it asked for the code."""
    seen = found.seen
    return {
        "state": "scanned",
        "site": {"name": site_name(found.wish.purpose) or our_name()},
        "browser": {
            "address": networks.masked(seen.address),
            "system": seen.browser.replace(" · ", ", "),
            "since": scan.since(found),
        },
        "number_wanted": found.is_distant,
        "expires_in": max(0, int(found.left)),
    }


def _wanted(found: Pairing) -> dict[str, Any]:
    """Whether the person types the browser's number; nothing else of it is told."""
    return {"number_wanted": found.is_distant}


def _terms(holder: Holder) -> dict[str, Any]:
    """What the program has to ask first; see web/mini_program.py."""
    waiting = holder.waiting
    return {"registration": terms_of(waiting.policy)} if waiting else {}


def _holder(name: str) -> Holder:
    return holder_of(app_of(doors.SCAN.kind, name), token_of_program())


def _number() -> str:
    """The number that the person typed, as a text or as a number; "" for none.

    Blanks around it and full-width digits are how people type it; any other text is a
    wrong number. Raises BadRequest.
    """
    given = json_object().get("number") if request.get_data() else None
    if given is None:
        return ""
    if isinstance(given, bool) or not isinstance(given, str | int):
        raise BadRequest("number is the two digits that the browser shows")
    typed = str(given).strip()[:8]
    return str(int(typed)) if typed.isdecimal() and len(typed) == 2 else typed
