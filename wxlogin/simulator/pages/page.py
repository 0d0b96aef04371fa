"""How our own pages are sent: with a policy, and without framing.

The policy binds scripts to a nonce. The QR page is the exception in the rest: WeChat
lets every site frame it and name a style sheet from anywhere.
"""

import secrets
from typing import Any

from flask import Flask, Response, render_template, request

from ..language import add_languages
from ..world import rules


def page(
    template: str,
    *,
    framing: bool = False,
    leads_away: bool = False,
    scripts_from: str = "",
    **values: Any,
) -> Response:
    """A page of ours, from `template` with `values` and a nonce for its scripts.

    With `framing` it is one that WeChat lets everybody frame. `leads_away` says that a
    form of it ends on another site, where browsers apply form-action. `scripts_from` is
    an origin that a framed page may load scripts from beside its own.
    """
    nonce = secrets.token_urlsafe(16)
    html = render_template(template, nonce=nonce, **values)
    response = Response(html, content_type="text/html; charset=utf-8")
    scripts = f"default-src 'none'; base-uri 'none'; script-src 'nonce-{nonce}'"
    policy = f"{scripts}{_framed(scripts_from) if framing else _alone(leads_away)}"
    response.headers["Content-Security-Policy"] = policy
    # "Back" must not show a code, a person or a switch that was.
    response.headers["Cache-Control"] = "no-store"
    if not framing:
        response.headers["Referrer-Policy"] = "same-origin"
    return response


def refused(problem: str, rule: str) -> Response:
    """WeChat's error page with the text `problem`; below it, which rule that was."""
    rules.report(request.path, rule)
    broken = rules.told(rule)
    return page("weui_error.html", framing=True, problem=problem, broken=broken)


def _framed(scripts_from: str) -> str:
    # The poll is a script, too, as in WeChat.
    return (
        f" 'self' {scripts_from}".rstrip()
        + "; img-src 'self' https:; style-src 'self' https: data:"
    )


def _alone(leads_away: bool) -> str:
    # A redirect behind a form counts, too; a callback may be anywhere.
    targets = "'self' http: https:" if leads_away else "'self'"
    return (
        "; style-src 'self'; img-src 'self' http: https: data:; "
        f"connect-src 'self'; form-action {targets}; frame-ancestors 'none'"
    )


def add_pages(app: Flask) -> None:
    """Give the templates their texts, and keep every answer to its type."""
    add_languages(app)
    app.after_request(_finish)


def _finish(response: Response) -> Response:
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    return response
