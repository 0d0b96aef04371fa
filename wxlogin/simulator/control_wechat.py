"""The control API of pages inside WeChat and of native apps."""

from typing import Any

from flask import Response, jsonify

from .control import at_wechat, body, bp
from .current import world
from .protocol import ACCESS_TOKEN_SECONDS, OAUTH2_AUTHORIZE, SCOPE_USERINFO
from .refusals import Clash, Unknown, flag, known, mapping, text
from .world import account_codes, consent, happenings, rules
from .world.account_codes import AccountCode
from .world.consent_link import BLANK_PAGE, Blank, Refused, read_link
from .world.parties import App

# What the SDK's SendAuth.Resp calls success, leaving and a refusal (developers.
# weixin.qq.com/doc/oplatform/Mobile_App/WeChat_Login/Development_Guide.html).
_OK, _CANCELLED, _DENIED = 0, -2, -4


@bp.post("/authorize")
def authorize() -> Response:
    """A person opens a consent link in WeChat and answers the sheet, if there is one.

    {redirect, redirects, silent, snapshot}, or {page, code} where WeChat shows a
    page of its own: an error's text and number with the rule that was broken, or
    `closed` after a refusal.
    """
    data = mapping(body(), "body")
    known(data, ("url", "person", "allow", "from_menu", "full_service"), "body")
    person = world().registry.person(text(data, "person", "body", None)).name
    try:
        link = read_link(world(), at_wechat(text(data, "url", "body", None)))
    except Blank as blank:
        return jsonify(page=BLANK_PAGE, code=None, why=blank.why, **_rule(blank))
    except Refused as refusal:
        return jsonify(page=refusal.text, code=refusal.code, **_rule(refusal))
    visit = consent.Visit(
        link,
        person,
        from_menu=flag(data, "from_menu", "body", False),
        full_service=flag(data, "full_service", "body", False),
    )
    return _outcome(visit, allow=flag(data, "allow", "body", True))


def _rule(refusal: Refused) -> dict[str, str]:
    rules.report(OAUTH2_AUTHORIZE, refusal.rule, refusal.at)
    return rules.told(refusal.rule, refusal.at)


def _outcome(visit: consent.Visit, *, allow: bool) -> Response:
    silent = consent.is_silent(world(), visit)
    snapshot = consent.is_preview(world(), visit)
    urls = consent.answer(world(), visit, allow=allow)
    if not urls:
        return jsonify(page="closed", code=None)
    return jsonify(redirect=urls[0], redirects=urls, silent=silent, snapshot=snapshot)


@bp.post("/follow")
def follow() -> Response:
    """A person follows an official account, which is told if it has an address."""
    app, person = _account_and_person()
    happenings.follow(world(), app, person)
    return jsonify(_relation(app, person))


@bp.post("/unfollow")
def unfollow() -> Response:
    """A person does so no longer."""
    app, person = _account_and_person()
    happenings.unfollow(world(), app, person)
    return jsonify(_relation(app, person))


@bp.post("/scan_oa")
def scan_account() -> Response:
    """A person scans an account's code, by `ticket`, by `link`, or the plain one.

    `follow` is what somebody says who does not follow it yet. `outcome` is scanned,
    followed, declined, silent or expired.
    """
    data = mapping(body(), "body")
    known(data, ("ticket", "link", "appid", "person", "follow"), "body")
    code, person = _code(data), person_of(data)
    agrees = flag(data, "follow", "body", True)
    app = world().registry.app(code.appid)
    outcome = happenings.scan_account(world(), code, person)
    if outcome == happenings.ASKS:
        outcome = "followed" if agrees else "declined"
        if agrees:
            happenings.follow(world(), app, person, code)
    return jsonify(outcome=outcome, **_relation(app, person))


def _code(data: Any) -> AccountCode:
    if "ticket" in data:
        return world().account_codes.by_ticket(text(data, "ticket", "body", None))
    if "link" in data:
        return world().read_account_code(text(data, "link", "body", None))
    return account_codes.plain(app_of(data, "official_account"))


def _relation(app: App, person: str) -> dict[str, Any]:
    following = world().relations.follows(app, person)
    return {"app": app.name, "person": person, "following": following}


def _account_and_person() -> tuple[App, str]:
    data = mapping(body(), "body")
    known(data, ("appid", "person"), "body")
    return app_of(data, "official_account"), person_of(data)


@bp.post("/component")
def component_token() -> Response:
    """The component_access_token of a platform that some account authorized."""
    data = mapping(body(), "body")
    known(data, ("component_appid",), "body")
    component = text(data, "component_appid", "body", None)
    if not any(component in app.components for app in world().registry.apps()):
        raise Unknown(f"no account authorized the platform {component!r}")
    token = world().components.issue(component)
    return jsonify(component_access_token=token.value, expires_in=ACCESS_TOKEN_SECONDS)


@bp.post("/password")
def change_password() -> Response:
    """A person changes the WeChat password: all tokens so far are 42007."""
    data = mapping(body(), "body")
    known(data, ("person",), "body")
    person = person_of(data)
    return jsonify(person=person, ended=world().grants.change_password(person))


def app_of(data: Any, kind: str) -> App:
    """The app named by appid or name. Raises Clash for one of another kind."""
    app = world().registry.app(text(data, "appid", "body", None))
    if app.kind != kind:
        raise Clash(f"{app.name!r} is of kind {app.kind}, not {kind}")
    return app


def person_of(data: Any) -> str:
    return world().registry.person(text(data, "person", "body", None)).name


@bp.post("/app/login")
def app_login() -> Response:
    """What the SDK gives a native app: a code, and the app's own state."""
    data = mapping(body(), "body")
    known(data, ("appid", "person", "state", "allow", "cancel"), "body")
    app, person = app_of(data, "mobile"), person_of(data)
    if flag(data, "cancel", "body", False):
        return jsonify(ErrCode=_CANCELLED)
    if not flag(data, "allow", "body", True):
        return jsonify(ErrCode=_DENIED)
    answer = {"code": world().issue_codes(app, person, SCOPE_USERINFO)[0]}
    if "state" in data:
        answer["state"] = text(data, "state", "body", None)
    return jsonify(answer | {"ErrCode": _OK, "lang": "zh_CN", "country": "CN"})
