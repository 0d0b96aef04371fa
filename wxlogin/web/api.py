"""JSON for sites and operators. Errors are RFC 9457 problem documents."""

import hmac

from flask import Blueprint, Response, jsonify, request

from wxlogin.accounts import people
from wxlogin.config import Settings, current_settings
from wxlogin.errors import KeyNeeded, NotFound
from wxlogin.web.avatars import picture_url
from wxlogin.web.visitors import require_visitor

bp = Blueprint("api", __name__, url_prefix="/api")


@bp.get("/me")
def me() -> Response:
    """The signed-in user."""
    settings = current_settings()
    account = people.account(require_visitor().user_id)
    names = {app.appid: app.name for app in settings.apps}
    return jsonify(
        uid=account.uid,
        former_uids=account.former_uids,
        nickname=account.nickname,
        avatar=picture_url(account.user_id, account.uid),
        language=account.language,
        identities=[
            {
                "app": names.get(identity.appid),
                "kind": identity.kind,
                "openid": identity.openid,
            }
            for identity in account.identities
        ],
        unionid=account.unionids[0].unionid if account.unionids else None,
        # Known once an official account tells us who follows it.
        following=None,
    )


@bp.get("/users/<uid>")
def user(uid: str) -> Response:
    """The surviving uid of any uid ever given out; for operators and sites."""
    _require_key(current_settings())
    survivor = people.surviving_uid(uid)
    if survivor is None:
        raise NotFound("no user has or had this uid")
    return jsonify(uid=survivor, merged=survivor != uid)


def _require_key(settings: Settings) -> None:
    """The operator's bearer key, or a site's client id and secret (Basic)."""
    given = request.authorization
    expected = settings.operator_key.get_secret_value()
    if given and given.type == "bearer" and expected and given.token:
        if hmac.compare_digest(given.token.encode(), expected.encode()):
            return
    if given and given.type == "basic" and _is_site(settings, given.username or ""):
        return
    raise KeyNeeded("an operator's or a site's key is needed")


def _is_site(settings: Settings, client_id: str) -> bool:
    password = (request.authorization and request.authorization.password) or ""
    return any(
        site.client_id == client_id
        and site.client_secret is not None
        and hmac.compare_digest(password.encode(), site.client_secret.encode())
        for site in settings.sites
    )
