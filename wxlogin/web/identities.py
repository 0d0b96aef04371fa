"""Other WeChats of the same person: add one, take one off, answer the question."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from wxlogin.accounts.sessions import Visitor
from wxlogin.config import AppKind
from wxlogin.errors import NotFound
from wxlogin.flows import doors, identities, wechats
from wxlogin.flows.doors import Flow
from wxlogin.security.recoding import JPEG
from wxlogin.service import running
from wxlogin.web import edge, visitors
from wxlogin.web.attempts import to_wechat
from wxlogin.web.language import for_wechat, language
from wxlogin.web.purposes import purpose_of

bp = Blueprint("identities", __name__, url_prefix="/me/identities")


@bp.post("")
def add() -> Response:
    """To WeChat, to sign in there as somebody else."""
    settings = running().settings
    flow = Flow.userinfo if visitors.where().in_wechat else Flow.qr
    app = doors.app_of(flow.door, settings) or settings.app_of_kind(AppKind.website)
    if app is None:
        raise NotFound("no app is configured that could add a WeChat")
    begun = identities.begin_linking(
        visitors.require(),
        app,
        flow if app.kind is flow.kind else Flow.qr,
        next_url=url_for("account.me"),
        lang=for_wechat(language()),
    )
    response = to_wechat(begun)
    # A redirect after a POST is a 303 (security row 18).
    response.status_code = 303
    return response


@bp.get("/<int:identity_id>/picture")
def picture(identity_id: int) -> Response:
    """The picture of a WeChat on the visitor's account that is not the account's own.

    For the visitor alone. An image leads nobody to a sign-in: raises NotFound.
    """
    visitor = visitors.current()
    if visitor is None:
        raise NotFound("no session")
    found = wechats.picture(visitor, identity_id)
    if found is None:
        # The page shows what it shows without.
        return Response(status=404)
    edge.allow_keeping()
    response = Response(found, mimetype=JPEG)
    response.cache_control.private = True
    response.cache_control.max_age = wechats.HELD_SECONDS
    return response


@bp.post("/<int:identity_id>/remove")
def remove(identity_id: int) -> Response:
    identities.unlink(visitors.require(), identity_id)
    flash(_("That WeChat was removed."))
    return _after()


@bp.post("/merges/<int:merge_id>/undo")
def take_back(merge_id: int) -> Response:
    identities.take_back(visitors.require(), merge_id)
    flash(_("The two accounts are apart again."))
    return _after()


@bp.get("/news/<int:about>")
def news(about: int) -> Response | str:
    """Who shares the account by now; on the way to where the person was going."""
    target, visitor = (
        visitors.return_url(request.args.get("next")),
        visitors.current(),
    )
    found = identities.news(visitor, about) if visitor else None
    if visitor is None or found is None:
        return redirect(target, 303)
    site = running().settings.site_of(purpose_of(target).client_id)
    edge.allow_form_to(*(site.redirect_uris if site else ()))
    return render_template(
        "identities/news.html",
        visitor=visitor,
        news=found,
        ways=identities.ways(visitor),
        target=target,
    )


def news_first(visitor: Visitor | None, target: str) -> str:
    """The way to `target`, by way of news that nobody has told the visitor yet."""
    found = identities.unread_news(visitor) if visitor else None
    return (
        url_for("identities.news", about=found.about, next=target) if found else target
    )


def _after() -> Response:
    """Where the person was going, or to the account; its session may have ended."""
    return redirect(visitors.return_url(request.form.get("next")), 303)


@bp.get("/merge")
def question() -> str:
    """Both names, and one button that makes them one account."""
    found = identities.open_question(visitors.require())
    return render_template("identities/merge.html", mine=found.mine, other=found.other)


@bp.post("/merge")
def decide() -> Response:
    visitor = visitors.require()
    if request.form.get("answer") == "yes":
        identities.say_yes(visitor, other_uid=request.form.get("other", ""))
        flash(_("The two accounts are one now."))
    else:
        identities.say_no(visitor)
        flash(_("Nothing was changed."))
    return redirect(url_for("account.me"), 303)
