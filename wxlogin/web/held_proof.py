"""The cookie by which a browser shows again who opened a page in it.

See flows/redirect/proof.py; a new proof takes the place of the last one.
"""

from flask import request
from werkzeug.wrappers import Response

from wxlogin.flows.redirect import proof
from wxlogin.flows.redirect.proof import Proof
from wxlogin.security.cookies import read_cookie, set_cookie
from wxlogin.service import running

_COOKIE = "proof"


def held_proof() -> Proof | None:
    """Who opened a page in this browser, as far as WeChat has said; None for nobody."""
    return proof.held(read_cookie(request, running().settings, _COOKIE) or "")


def hold_proof(response: Response, key: str) -> Response:
    """The response, by which the browser keeps this key."""
    set_cookie(response, running().settings, _COOKIE, key, max_age=proof.PROOF_SECONDS)
    return response
