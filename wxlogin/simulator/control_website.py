"""The control API of the QR page: what a phone does with its code, or with a link."""

from typing import Any

from flask import Response, jsonify

from .control import at_wechat, body, bp
from .current import world
from .protocol import QRCONNECT
from .refusals import Invalid, known, mapping, text
from .world import rules
from .world.consent_link import Refused
from .world.qrcodes import CANCELLED, QrCode
from .world.website_link import code_at, show


@bp.post("/login")
def web_login() -> Response:
    """A browser shows the QR page of this link, and a person scans and confirms.

    {redirect, redirects}, or {page, code} with the rule that was broken where WeChat
    shows a page of its own. The desktop client is asleep meanwhile.
    """
    data = mapping(body(), "body")
    known(data, ("url", "person"), "body")
    person = _person(data)
    try:
        qr = show(world(), at_wechat(text(data, "url", "body", None)))
    except Refused as refusal:
        return _refused(refusal)
    world().scan(qr.uuid, person)
    urls = world().confirm(qr.uuid, person).callback_urls
    return jsonify(redirect=urls[0], redirects=urls)


@bp.post("/scan")
def scan() -> Response:
    """A phone reads the QR code `uuid`; the answer is what the phone shows.

    With `url` it is the code of that QR page, which a browser shows now, or the one
    whose content this is. {page, code} with the rule as in `web_login`.
    """
    data = mapping(body(), "body")
    known(data, ("uuid", "url", "person"), "body")
    if ("uuid" in data) == ("url" in data):
        raise Invalid("body: either `uuid` or `url`")
    person = _person(data)
    try:
        uuid = _uuid(data)
    except Refused as refusal:
        return _refused(refusal)
    return jsonify(_phone(world().scan(uuid, person)))


def _uuid(data: Any) -> str:
    if "uuid" in data:
        return text(data, "uuid", "body", None)
    return code_at(world(), at_wechat(text(data, "url", "body", None)))


@bp.post("/confirm")
def confirm() -> Response:
    """The person says yes; `redirect` is where the QR page goes."""
    qr = world().confirm(*_uuid_and_person())
    urls = qr.callback_urls
    return jsonify(_phone(qr) | {"redirect": urls[0], "redirects": urls})


@bp.post("/cancel")
def cancel() -> Response:
    """The person says no; the QR page stays, unless `deny_redirect` is on."""
    qr = world().cancel(*_uuid_and_person())
    back = world().refusal_url(qr)
    return jsonify(_phone(qr) | ({"redirect": back} if back else {}))


def _uuid_and_person() -> tuple[str, str]:
    data = mapping(body(), "body")
    known(data, ("uuid", "person"), "body")
    return text(data, "uuid", "body", None), text(data, "person", "body", None)


def _person(data: Any) -> str:
    return world().registry.person(text(data, "person", "body", None)).name


def _refused(refusal: Refused) -> Response:
    rules.report(QRCONNECT, refusal.rule)
    return jsonify(page=refusal.text, code=None, **rules.told(refusal.rule))


def _phone(qr: QrCode) -> dict[str, Any]:
    app = qr.app
    return {
        "uuid": qr.uuid,
        "status": qr.status,
        "person": qr.person,
        "app": {"name": app.name, "title": app.label, "appid": app.appid},
        "may_scan_again": qr.status == CANCELLED,
    }
