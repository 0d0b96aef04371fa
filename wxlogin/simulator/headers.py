"""Response headers of our own pages: a policy with a nonce, and no framing.

The QR page is the exception: WeChat lets every site frame it and name a style sheet
from anywhere, so there only scripts are bound to the nonce.
"""

import secrets

from flask import Flask, Response, g


def page_nonce() -> str:
    """The nonce of this request's scripts; asking for it turns the policy on."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(16)
    nonce: str = g.nonce
    return nonce


def allow_framing() -> None:
    """This page is one that WeChat lets everybody frame."""
    g.framing = True


def leads_away() -> None:
    """A form of this page ends on another site, where browsers apply form-action."""
    g.leads_away = True


def _policy() -> str:
    scripts = f"default-src 'none'; base-uri 'none'; script-src 'nonce-{page_nonce()}'"
    if g.get("framing"):
        # The poll is a script, too, as in WeChat.
        return f"{scripts} 'self'; img-src 'self' https:; style-src 'self' https: data:"
    return (
        f"{scripts}; style-src 'self'; img-src 'self' http: https: data:; "
        f"connect-src 'self'; form-action {_form_targets()}; frame-ancestors 'none'"
    )


def _form_targets() -> str:
    # A redirect behind a form counts, too; a callback may be anywhere.
    return "'self' http: https:" if g.get("leads_away") else "'self'"


def _add(response: Response) -> Response:
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    if "nonce" in g:
        response.headers["Content-Security-Policy"] = _policy()
        # "Back" must not show a code, a person or a switch that was.
        response.headers["Cache-Control"] = "no-store"
        if "framing" not in g:
            response.headers["Referrer-Policy"] = "same-origin"
    return response


def add_headers(app: Flask) -> None:
    """Send the headers with every answer of `app`."""
    app.after_request(_add)
