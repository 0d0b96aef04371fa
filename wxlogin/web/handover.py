"""From an app's bearer token to a session of its web-view; see `flows.handover`."""

from flask import Blueprint, Response, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from wxlogin.accounts import people
from wxlogin.errors import AccountGone, AlreadyFinished, SignInNeeded
from wxlogin.flows import handover
from wxlogin.flows.handover import HANDOVER_SECONDS, Handover
from wxlogin.security.origins import site_origins
from wxlogin.security.returning import as_browsers_write
from wxlogin.service import running
from wxlogin.web import edge, shapes, visitors
from wxlogin.web.api import json_texts
from wxlogin.web.onward import onward
from wxlogin.web.openapi import Key, operation

bp = Blueprint("handover", __name__)

# No link and no page can add a header of this name to a navigation.
WEBVIEW = "X-Wxlogin-Webview"


@bp.post("/api/handover")
@edge.without_cookies
@operation({200: shapes.Link}, body=shapes.NextWish, keys=(Key.program,))
def offer() -> Response:
    """A one-time URL that signs the caller's person in where it is opened."""
    settings = running().settings
    visitor = visitors.current() if edge.bearer_token() else None
    if visitor is None:
        raise SignInNeeded("no session of a program")
    body = json_texts(next=False)
    next_url = as_browsers_write(body["next"])
    ticket = handover.offer(visitor, next_url=next_url)
    url = f"{settings.public_url}/handover/{ticket}"
    return jsonify(shapes.Link(url=url, expires_in=HANDOVER_SECONDS))


@bp.get("/handover/<ticket>")
def page(ticket: str) -> str | AnyResponse:
    """Names the account, and asks; changes nothing. Who is signed in as that person
    already just goes on."""
    edge.hide_referrer()
    found = handover.look(ticket)
    visitor = visitors.current()
    if visitor and visitor.user_id == found.user_id:
        return redirect(onward(visitors.return_url(found.next)), 303)
    _allow_form(found)
    return render_template(
        "handover/page.html",
        account=_account(found),
        other=visitor,
        next_url=visitors.return_url(found.next),
        # What an app opened needs no tap; somebody else's place is never taken so.
        goes_on=WEBVIEW in request.headers and visitor is None,
    )


@bp.post("/handover/<ticket>")
def accept(ticket: str) -> AnyResponse:
    """Spends the ticket and signs the person in, in this browser."""
    edge.hide_referrer()
    found, secret = handover.accept(ticket, trace=visitors.trace("handover"))
    visitors.hold_session(secret)
    return redirect(onward(visitors.return_url(found.next)), 303)


def _account(found: Handover) -> people.Account:
    try:
        return people.account(found.user_id)
    except AccountGone:
        raise AlreadyFinished("the account is gone") from None


def _allow_form(found: Handover) -> None:
    """The form ends where `next` leads: there, or by way of it at a listed site."""
    there = visitors.return_url(found.next)
    edge.allow_form_to(there, *site_origins(running().settings))
