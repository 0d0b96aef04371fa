"""JSON for sites and operators. Errors are RFC 9457 problem documents."""

import hmac
from typing import Any

from flask import Blueprint, Response, jsonify, request

from wxlogin.accounts import people
from wxlogin.accounts.avatars import picture_url
from wxlogin.accounts.people import Account
from wxlogin.config import Settings, Site
from wxlogin.errors import KeyNeeded, NotFound
from wxlogin.oidc import claims
from wxlogin.service import running
from wxlogin.web.site_access import calling_site, member_of_uid
from wxlogin.web.visitors import require_visitor

bp = Blueprint("api", __name__, url_prefix="/api")


@bp.get("/me")
def me() -> Response:
    """The signed-in user."""
    return jsonify(describe(people.account(require_visitor().user_id)))


@bp.get("/users/<uid>")
def user(uid: str) -> Response:
    """The surviving uid of any uid ever given out; for operators, and for sites that
    know the user."""
    site = _caller(running().settings)
    if site is not None:
        member_of_uid(site, uid)
    survivor = people.surviving_uid(uid)
    if survivor is None:
        raise NotFound("no user has or had this uid")
    return jsonify(uid=survivor, merged=survivor != uid)


def describe(account: Account) -> dict[str, Any]:
    """A user as programs read it."""
    settings = running().settings
    return {
        "uid": account.uid,
        "former_uids": account.former_uids,
        "nickname": account.nickname,
        "avatar": picture_url(settings, account.user_id, account.uid),
        "language": account.language,
        **claims.wechat(settings, account),
    }


def _caller(settings: Settings) -> Site | None:
    """The site whose id and secret (Basic) the call carries; None for the operator,
    by a bearer key. Raises KeyNeeded."""
    given = request.authorization
    expected = settings.operator_key.get_secret_value()
    if given and given.type == "bearer" and expected and given.token:
        if hmac.compare_digest(given.token.encode(), expected.encode()):
            return None
    if given and given.type == "basic":
        return calling_site()
    raise KeyNeeded("an operator's or a site's key is needed")
