"""The page of an official account that is to be followed, on the way on.

At `/follow?next=` after a sign-in for no site's request, and at `/follow/<key>` for
one that waits, as with terms. Who is led here, and who goes on, is said in onward.py.

The page goes on as soon as WeChat tells. It waits by the scene of a code, which is no
secret, and by which only the user it is for may wait.
"""

from functools import partial

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from wxlogin.accounts.sessions import Visitor
from wxlogin.config import App, Site
from wxlogin.flows import must_follow
from wxlogin.flows.must_follow import Stage, Waiting
from wxlogin.security.origins import site_origins
from wxlogin.service import running
from wxlogin.web import edge, limits, site_in_view, visitors, waiting_browser
from wxlogin.web.onward import account_for, passes
from wxlogin.web.purposes import (
    pending_site,
    refused_by_person,
    resume_url,
    site_behind,
)
from wxlogin.web.waiting_browser import Sight, Waiter
from wxlogin.wechat.user_agents import Surroundings

bp = Blueprint("must_follow", __name__, url_prefix="/follow")

# Who cannot scan a code on this very screen.
_PLACES = {
    Surroundings.wechat_phone: "wechat",
    Surroundings.mini_program: "wechat",
    Surroundings.phone: "phone",
    Surroundings.wecom_phone: "phone",
}
# Seconds after which a page looks again while WeChat is asked who has scanned.
_SOON = 3


@bp.route("", methods=["GET", "POST"])
def ours() -> Response:
    """After a sign-in for no site's request. `site` names the one whose pages a proxy
    guards, where `next` does not."""
    target = visitors.return_url(request.args.get("next"))
    settings = running().settings
    named = settings.site_of(request.args.get("site", ""))
    account = settings.account_to_follow(named) if named else account_for(target)
    behind = site_behind(target)
    edge.allow_form_to(target, *site_origins(settings))
    # A link of a customer's that is done; for the rest the way back is below the page.
    without = target if behind and target.startswith("/") else ""
    return _meet(account, target, site=named or behind, without=without)


@bp.route("/<key>", methods=["GET", "POST"])
def page(key: str) -> Response:
    """On the way to a site's answer. Raises SiteRequestOver."""
    site = pending_site(key)
    edge.allow_form_to(*site.redirect_uris)
    account = running().settings.account_to_follow(site)
    decline = url_for("must_follow.decline", key=key)
    return _meet(account, resume_url(key), site=site, decline=decline)


@bp.post("/<key>/decline")
def decline(key: str) -> Response:
    """Back to the site, which hears that the person said no."""
    target = refused_by_person(resume_url(key))
    return redirect(target or url_for("account.me"), 303)


@bp.get("/code/<scene>/state")
def state(scene: str) -> Response:
    """How far the person has come."""
    return waiting_browser.state(_waiter(scene))


@bp.get("/code/<scene>/events")
def events(scene: str) -> Response:
    """The same, each time that it changes."""
    return waiting_browser.events(_waiter(scene))


@bp.get("/code/<scene>/image")
def image(scene: str) -> Response:
    """The picture of the account's code."""
    found = _of_visitor(scene)
    with limits.drawing():
        drawn = must_follow.picture(found)
    return Response(drawn.data, mimetype=drawn.mimetype)


def _meet(
    account: App | None,
    target: str,
    *,
    site: Site | None,
    decline: str = "",
    without: str = "",
) -> Response:
    """On to the target, or the page with the code."""
    site_in_view.see(site)
    visitor, here = visitors.current(), request.full_path.rstrip("?")
    if visitor is None:
        return redirect(url_for("login.page", next=target), 303)
    asks = request.method == "POST"
    if asks and account:
        must_follow.ask(account, visitor.user_id)
    if account is None or passes(account, visitor):
        return redirect(target, 303)
    if asks:
        flash(_("WeChat has not told us yet that you follow. Please follow first."))
        return redirect(running().settings.prefix + here, 303)
    return _page(account, visitor, target, site=site, decline=decline, without=without)


def _page(
    account: App,
    visitor: Visitor,
    target: str,
    *,
    site: Site | None,
    decline: str,
    without: str,
) -> Response:
    waiting = must_follow.wait(account, visitor.user_id)
    seen = _seen(waiting)
    html = render_template(
        "must_follow/page.html",
        visitor=visitor,
        account=account,
        site=site.name if site else "",
        state=seen.state,
        version=seen.version,
        base=url_for("must_follow.image", scene=waiting.key).removesuffix("image"),
        place=_PLACES.get(visitors.where(), "desktop"),
        target=target,
        decline=decline,
        without=without,
    )
    return Response(html, mimetype="text/html")


def _waiter(scene: str) -> Waiter:
    """This visitor's page, and what it waits for. Raises as `_of_visitor`."""
    session_id = visitors.require().session_id
    return Waiter(
        look=lambda: _seen(_of_visitor(scene)),
        watch=partial(must_follow.watch, scene),
        browser=f"session-{session_id}",
    )


def _of_visitor(scene: str) -> Waiting:
    """Raises SignInNeeded, and ScanUnknown for another user's code."""
    user_id = visitors.require().user_id
    with limits.guessing():
        return must_follow.of_user(scene, user_id)


def _seen(waiting: Waiting) -> Sight:
    stage, left = must_follow.stage(waiting), waiting.left
    # What WeChat says of a person changes no ticket.
    version = waiting.version * len(Stage) + list(Stage).index(stage)
    soon = min(left, _SOON) if stage is Stage.scanned else left
    is_final = stage is Stage.done
    return Sight(stage.value, version, soon, is_final=is_final)
