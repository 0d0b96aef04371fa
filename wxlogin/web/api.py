"""JSON for sites, operators and programs. Errors are RFC 9457 problem documents.

A site's server proves itself by client id and secret (HTTP Basic); a site without a
secret keeps none, so it has no server's calls either. It sees only users whom it knows:
those who signed in there, were connected with a customer of the site's, or came with an
import. No others exist for it.

A body is an object with texts, or it is refused clearly.
"""

import hmac
import re
from typing import Any, NoReturn

from flask import Blueprint, Response, jsonify, request

from wxlogin.accounts import people, phones
from wxlogin.accounts.avatars import picture_url
from wxlogin.accounts.people import Account
from wxlogin.config import Site
from wxlogin.errors import BadRequest, InvalidClient, KeyNeeded, NotFound
from wxlogin.oidc import claims, clients
from wxlogin.service import running
from wxlogin.sites import members
from wxlogin.sites.members import Member
from wxlogin.web import limits, shapes, visitors
from wxlogin.web.edge import BODY_BYTES, bearer_token
from wxlogin.web.openapi import Key, operation
from wxlogin.web.problems import NotJson
from wxlogin.web.shapes import KeptPhone, SurvivingUid
from wxlogin.wechat.open_data import PhoneNumber

bp = Blueprint("api", __name__, url_prefix="/api")

# Half a character, which JSON can write and UTF-8 cannot.
_HALF = re.compile("[\ud800-\udfff]")


@bp.get("/me")
@operation({200: shapes.Me}, keys=(Key.session, Key.program))
def me() -> Response:
    """The signed-in user."""
    user_id = visitors.require().user_id
    user, kept = describe(people.account(user_id)), _phones(user_id)
    return jsonify(shapes.Me(**user, phones=kept) if kept else user)


def _phones(user_id: int) -> list[KeptPhone]:
    """The phone numbers that the person gave to mini programs, where any are kept."""
    apps = {app.appid: app.name for app in running().settings.apps if app.keep_phone}
    if not apps:
        return []
    return [
        KeptPhone(
            app=apps[kept.appid],
            **told_number(kept.phone),
            verified=False,
            given=kept.at.isoformat(),
        )
        for kept in phones.of_user(user_id, running().sealer)
        if kept.appid in apps
    ]


def told_number(phone: PhoneNumber) -> shapes.PhoneNumber:
    """A phone number in texts, one shape whatever WeChat wrote."""
    return {
        "number": phone.whole,
        "pure_number": phone.number,
        "country_code": phone.country_code,
    }


@bp.get("/users/<uid>")
@operation({200: SurvivingUid}, keys=(Key.operator, Key.site))
def user(uid: str) -> Response:
    """The surviving uid of any uid ever given out; for operators, and for sites that
    know the user."""
    site = _caller()
    if site is not None:
        member_of_uid(site, uid)
    survivor = people.surviving_uid(uid)
    if survivor is None:
        raise NotFound("no user has or had this uid")
    return jsonify(SurvivingUid(uid=survivor, merged=survivor != uid))


def describe(account: Account) -> shapes.User:
    """A user as programs read it."""
    settings = running().settings
    return shapes.User(
        uid=account.uid,
        former_uids=account.former_uids,
        nickname=account.profile.nickname,
        avatar=picture_url(settings, account.user_id, account.uid),
        language=account.profile.language,
        **claims.wechat(account),
    )


def _caller() -> Site | None:
    """The site whose id and secret (Basic) the call carries; None for the operator,
    by a bearer key. Raises KeyNeeded."""
    if _is_operator():
        return None
    given = request.authorization
    if given and given.type == "basic":
        return calling_site()
    raise KeyNeeded("an operator's or a site's key is needed")


def require_operator() -> None:
    """Returns where this request carries the operator's key. Raises KeyNeeded."""
    if not _is_operator():
        raise KeyNeeded("the operator's key is needed")


def _is_operator() -> bool:
    given = bearer_token()
    expected = running().settings.operator_key.get_secret_value()
    if not given or not expected:
        return False
    return hmac.compare_digest(given.encode(), expected.encode())


def calling_site() -> Site:
    """The site whose key this request carries. Raises KeyNeeded, and TooManyRequests
    for one that calls too often."""
    try:
        site = clients.site_of_basic(request.headers.get("Authorization"))
    except InvalidClient as error:
        raise KeyNeeded(error.operator, **error.facts) from None
    limits.count_site_call(site.client_id or "")
    return site


def member_of_uid(site: Site, uid: str) -> Member:
    """The user of any uid ever given out, as the site knows it. Raises NotFound."""
    found = people.find_user(uid)
    return member_of(site, found.user_id if found else None)


def member_of(site: Site, user_id: int | None) -> Member:
    """The user as the site knows it. Raises NotFound for a stranger."""
    found = None
    if user_id is not None:
        found = members.member(site.client_id or "", user_id)
    return found or refuse_stranger()


def refuse_stranger() -> NoReturn:
    """Raises NotFound: whom the site does not know does not exist for it."""
    raise NotFound("the site knows no such user")


def json_texts(**names: bool) -> dict[str, str]:
    """The named texts of the request's JSON object; True marks a required one.

    A missing optional one is "". Raises BadRequest for another shape, and
    NotJson for a body of another type.
    """
    body, found = json_object(), {}
    for name, required in names.items():
        value = _text(name, body.get(name, ""))
        if required and not value.strip():
            raise BadRequest(f"{name} is missing")
        found[name] = value
    return found


def json_long_texts(*names: str) -> list[str]:
    """The named texts, each of any length that a body may have; "" for a missing one.

    Raises as `json_texts`.
    """
    body = json_object()
    return [_text(name, body.get(name, ""), longest=BODY_BYTES) for name in names]


def json_text_or_null(name: str) -> str | None:
    """The one text of the request's JSON object; None where it is null.

    Raises as `json_texts`, and BadRequest where the name is not there.
    """
    body = json_object()
    if name not in body:
        raise BadRequest(f"{name} is missing")
    return None if body[name] is None else _text(name, body[name])


def json_object() -> dict[str, Any]:
    """The request's JSON object. Raises BadRequest, and NotJson."""
    # A form or text/plain could come from any page without a preflight (row 26).
    if not request.is_json:
        raise NotJson
    try:
        body = request.get_json(silent=True)
    except RecursionError:
        # Brackets within brackets, deeper than the parser goes.
        body = None
    if not isinstance(body, dict):
        raise BadRequest("the body is not a JSON object")
    return body


def _text(name: str, value: object, *, longest: int = shapes.LONGEST_TEXT) -> str:
    if not isinstance(value, str) or len(value) > longest or _HALF.search(value):
        raise BadRequest(f"{name} is not a text")
    return value
