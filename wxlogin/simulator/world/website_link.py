"""The link of the QR page, and what WeChat checks in it.

Parameters come in any order, and response_type may be missing, as wxLogin.js leaves it
out. A refusal is a small page with a text, never a redirect.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from ..protocol import CONFIRM, QRCONNECT, SCOPE_LOGIN
from ..refusals import Invalid
from . import World
from .consent_link import BAD_APPID, BAD_SCOPE, Refused
from .parties import App, has_odd_port
from .qrcodes import QrCode

# The text of WeChat's error page, to the letter.
BAD_REDIRECT = "redirect_uri 参数错误"


@dataclass(frozen=True)
class WebsiteLink:
    """A good link of the QR page. `fast` is whether it allows the desktop client."""

    app: App
    redirect_uri: str
    state: str
    fast: bool


def read_link(world: World, url: str) -> WebsiteLink:
    """The link as the QR page reads it.

    Raises Invalid (no link to that page at all) and Refused.
    """
    parts = _split(url)
    if parts.path != QRCONNECT:
        raise Invalid(f"url: a link to {QRCONNECT} is needed")
    given = parse_qs(parts.query, keep_blank_values=True, errors="replace")
    args = {name: values[0] for name, values in given.items()}
    return check_query(world, args, parts.query)


def show(world: World, url: str) -> QrCode:
    """The code that a browser shows at this link, the desktop client being asleep.

    Raises as `read_link` does.
    """
    link = read_link(world, url)
    return world.show_qr(
        link.app, redirect_uri=link.redirect_uri, state=link.state, fast=False
    )


def code_at(world: World, url: str) -> str:
    """The uuid of what a phone scans that is held up to this link.

    It is the content of a code that is on show, or the link of a QR page, which a
    browser then shows. Raises as `read_link` does.
    """
    parts = _split(url)
    if parts.path == CONFIRM:
        return parse_qs(parts.query).get("uuid", [""])[0]
    return show(world, url).uuid


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        raise Invalid("url: no link") from None


def check_query(world: World, args: Mapping[str, str], query: str) -> WebsiteLink:
    """The same for the page's own request: its parameters, and its query as it came."""
    app = world.registry.find_app(args.get("appid", ""))
    if app is None:
        raise Refused(BAD_APPID, rule="appid")
    if app.kind != "website" or args.get("scope", "").split(",") != [SCOPE_LOGIN]:
        raise Refused(BAD_SCOPE, rule="website_scope")
    if not (app.verified and app.scopes):
        raise Refused(BAD_SCOPE, rule="website_verified")
    link = WebsiteLink(
        app=app,
        redirect_uri=args.get("redirect_uri", ""),
        state=args.get("state", ""),
        fast=args.get("fast_login") != "0",
    )
    _check_redirect(world, link, query)
    return link


def _check_redirect(world: World, link: WebsiteLink, query: str) -> None:
    if not link.app.takes_callback(link.redirect_uri):
        raise Refused(BAD_REDIRECT, rule="website_callback")
    any_port = world.switches.get("callback_port", app=link.app.name)
    if not any_port and has_odd_port(link.redirect_uri):
        raise Refused(BAD_REDIRECT, rule="port")
    strict = world.switches.get("strict_encoding", app=link.app.name)
    if strict and _slashes_unencoded(query):
        raise Refused(BAD_REDIRECT, rule="encoding")


def _slashes_unencoded(query: str) -> bool:
    found = re.search(r"(?:^|&)redirect_uri=([^&]*)", query)
    return found is not None and "/" in found[1] and "/" in unquote(found[1])
