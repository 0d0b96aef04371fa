"""The control API of the QR page, for those who have a link and no browser."""

from flask import Response, jsonify

from .control import at_wechat, body, bp
from .current import world
from .protocol import QRCONNECT
from .refusals import known, mapping, text
from .world import rules
from .world.consent_link import Refused
from .world.website_link import read_link


@bp.post("/login")
def web_login() -> Response:
    """A browser shows the QR page of this link, and a person scans and confirms.

    {redirect, redirects}, or {page, code} with the rule that was broken where WeChat
    shows a page of its own. The desktop client is asleep meanwhile.
    """
    data = mapping(body(), "body")
    known(data, ("url", "person"), "body")
    person = world().registry.person(text(data, "person", "body", None)).name
    try:
        link = read_link(world(), at_wechat(text(data, "url", "body", None)))
    except Refused as refusal:
        rules.report(QRCONNECT, refusal.rule)
        return jsonify(page=refusal.text, code=None, **rules.told(refusal.rule))
    qr = world().show_qr(
        link.app, redirect_uri=link.redirect_uri, state=link.state, fast=False
    )
    world().scan(qr.uuid, person)
    urls = world().confirm(qr.uuid, person).callback_urls
    return jsonify(redirect=urls[0], redirects=urls)
