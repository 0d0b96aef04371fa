"""Terms that a signed-in person must agree to before going on.

At a site, on the way back to it: `/terms/<key>` of a pending authorization. At our
own pages: `/terms?next=`.
"""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from wxlogin.sites import members, terms
from wxlogin.sites.terms import Policy
from wxlogin.web import edge, visitors
from wxlogin.web.onward import onward
from wxlogin.web.purposes import pending_site, refused_by_person, resume_url

bp = Blueprint("terms", __name__, url_prefix="/terms")


@bp.route("/<key>", methods=["GET", "POST"])
def page(key: str) -> Response:
    """A site's terms. Raises SiteRequestOver where the request is gone."""
    site = pending_site(key)
    visitor = visitors.require()
    policy = terms.policy_for(site.client_id or "")
    edge.allow_form_to(*site.redirect_uris)
    known = members.member(policy.client_id, visitor.user_id) is not None
    decline = url_for("terms.decline", key=key)
    return _ask(policy, resume_url(key), known=known, decline=decline)


@bp.post("/<key>/decline")
def decline(key: str) -> Response:
    """Back to the site, which hears that the person said no."""
    target = refused_by_person(resume_url(key))
    return redirect(target or url_for("account.me"), 303)


@bp.route("", methods=["GET", "POST"])
def ours() -> Response:
    """Our own terms, after a sign-in for no site."""
    policy = terms.policy_for("")
    target = visitors.return_url(request.args.get("next"))
    return _ask(policy, target, known=True, decline=url_for("login.logout"))


def _ask(policy: Policy, target: str, *, known: bool, decline: str) -> Response:
    visitor = visitors.require()
    terms.refuse_strangers(policy, visitor.user_id)
    if request.method == "POST":
        if _said_yes(policy):
            terms.agree(policy, visitor.user_id, door="terms")
            return redirect(onward(target), 303)
        flash(_("Please tick the box first."))
    html = render_template(
        "terms/page.html",
        visitor=visitor,
        policy=policy,
        known=known,
        name=policy.name or "wxlogin",
        decline=decline,
    )
    status = 400 if request.method == "POST" else 200
    return Response(html, status, mimetype="text/html")


def _said_yes(policy: Policy) -> bool:
    """The tick, for the version that is in force: the page may be an old one."""
    version = request.form.get("version", "")
    return request.form.get("agree") == "yes" and version == policy.version
