"""What a signed-in person sees and decides about the account."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from werkzeug.wrappers import Response

from wxlogin.accounts import people, sessions, sign_in
from wxlogin.accounts.history import NO_DOOR, Happened
from wxlogin.accounts.sign_in import Login
from wxlogin.db import now
from wxlogin.errors import NotFound, SignInNeeded
from wxlogin.flows import identities, session, wechats
from wxlogin.flows.following import following_of
from wxlogin.flows.profile import update_profile
from wxlogin.observability import get_logger
from wxlogin.service import running
from wxlogin.sites import memberships
from wxlogin.transfer.own_data import as_json, own_data
from wxlogin.web import edge, visitors
from wxlogin.web.login import after_sign_out
from wxlogin.web.problems import refusal

bp = Blueprint("account", __name__, url_prefix="/me")

_HAPPENED = {
    Happened.took_profile: lazy_gettext(
        "In WeChat you took your name and picture back."
    ),
    Happened.took_phone: lazy_gettext("In WeChat you took your phone number back."),
    Happened.closed: lazy_gettext(
        "A WeChat account was closed for good. It is off this account."
    ),
    Happened.moved: lazy_gettext(
        "An official account moved to a new one, and you along with it."
    ),
}


@bp.errorhandler(SignInNeeded)
def _sign_in(error: SignInNeeded) -> Response:
    """A page of one's own leads to /login, and back here afterwards."""
    if type(error) is not SignInNeeded:
        return refusal(error)
    back = url_for("account.me") if request.method == "GET" else None
    return redirect(url_for("login.page", next=back), 303)


@bp.get("")
def me() -> Response | str:
    visitor = visitors.require()
    account = people.account(visitor.user_id)
    edge.allow_form_to_wechat()
    return render_template(
        "account/me.html",
        visitor=visitor,
        account=account,
        ways=identities.ways(visitor),
        wechats=wechats.shown(visitor, account),
        sessions=sessions.list_for(visitor.user_id),
        sites=memberships.of_user(visitor.user_id),
        logins=sign_in.recent_logins(visitor.user_id),
        happened=_happened,
        in_wechat=visitors.where().in_wechat,
        titles={app.appid: app.title for app in running().settings.apps},
        following=following_of(visitor.user_id),
    )


def _happened(line: Login) -> str | None:
    """What a line of the login history tells, if it is no sign-in."""
    return str(_HAPPENED[Happened(line.outcome)]) if line.door == NO_DOOR else None


@bp.post("/profile")
def profile() -> Response:
    """Takes name and avatar from WeChat again."""
    update_profile(visitors.require())
    flash(_("Your name and picture are up to date."))
    return redirect(url_for("account.me"), 303)


@bp.get("/data")
def data() -> Response:
    """A copy of everything that is kept about the visitor, as a file."""
    visitor = visitors.require()
    session.require_own(visitor)
    text = as_json(own_data(visitor.user_id))
    get_logger().info("data copied", uid=visitor.uid)
    response = Response(text, mimetype="application/json")
    name = f"{visitor.uid}-{now():%Y-%m-%d}.json"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


@bp.post("/sessions/<int:session_id>/end")
def end_session(session_id: int) -> Response:
    session.end_other_session(visitors.require(), session_id)
    flash(_("That sign-in has ended."))
    return redirect(url_for("account.me"), 303)


@bp.post("/sessions/end")
def end_everywhere() -> Response:
    session.end_everywhere(visitors.require())
    visitors.drop_session()
    return redirect(after_sign_out(), 303)


@bp.post("/sites/<client_id>/revoke")
def take_back(client_id: str) -> Response:
    """Ends a site's access to the account."""
    if not memberships.take_back(visitors.require().user_id, client_id):
        raise NotFound("no site with this client id knows the visitor")
    flash(_("That site has no access any more, and is told to sign you out."))
    return redirect(url_for("account.me"), 303)


@bp.post("/delete")
def delete() -> Response:
    visitor = visitors.require()
    if request.form.get("sure") != "yes":
        flash(_("Nothing was deleted: the box was not ticked."))
        return redirect(url_for("account.me"), 303)
    session.delete_account(visitor)
    visitors.drop_session()
    return redirect(url_for("account.deleted"), 303)


@bp.get("/deleted")
def deleted() -> str:
    return render_template("account/deleted.html", visitor=visitors.current())
