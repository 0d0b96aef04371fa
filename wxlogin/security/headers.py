"""The headers of every answer, errors included.

What they hold off: scripts that are not ours (Content-Security-Policy with a
nonce, ASVS 3.4.3), pages that frame us (frame-ancestors, ASVS 3.4.6, RFC 9700
§4.16), guessed content types, plain http after https (HSTS, one year), other
sites' windows and embeds (COOP, CORP), secrets in Referer and caches (ASVS 3.4.5,
14.3.2).

Three things to know:

- A page with a form must not say `no-referrer`: the browser then sends `Origin:
  null` with the form. So `no-referrer` is for answers whose URL holds a secret.
- Chromium holds the redirects after a form against `form-action` too. A page whose
  form ends at WeChat or at a listed site must name it in `form_targets`.
- COOP `same-origin` cuts the tie between windows, not navigation: WeChat's frame
  may still send the top window to our callback, and links may open new windows.
"""

import re
import secrets
from collections.abc import Iterable
from urllib.parse import urlsplit

from flask import g
from werkzeug.wrappers import Response

from wxlogin.config import Settings
from wxlogin.security.origins import origin_of

HSTS = "max-age=31536000"
# A scheme by a reversed domain name (RFC 8252 section 7.1).
_APP_ADDRESS = re.compile(r"[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:", re.IGNORECASE)
# What no page of ours uses. `local-network-access` is not here: WeChat's frame
# needs it to sign in through WeChat on the same computer.
PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


def csp_nonce() -> str:
    """The nonce of this request, for `<script nonce>`; the same at every call."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def site_origins(settings: Settings) -> tuple[str, ...]:
    """Every origin that SITES lists, as `form_targets` and `frame_ancestors` want."""
    return tuple(origin for site in settings.sites for origin in site.origins)


def add_headers(
    response: Response,
    settings: Settings,
    nonce: str,
    *,
    hide_referrer: bool = False,
    frame_src: str | None = None,
    images: Iterable[str] = (),
    form_targets: Iterable[str] = (),
    frame_ancestors: Iterable[str] = (),
    static: bool = False,
    embeddable: bool = False,
) -> Response:
    """`response`, with every security header set.

    `frame_src`, `images` and `form_targets` are the foreign origins (or URLs, cut
    to their origin) that this page frames, shows images of, or reaches by a form;
    `frame_ancestors` those that may frame it, nobody by default, `'self'` for our
    own pages. `hide_referrer` is for answers at a URL with a code, state or ticket
    in it. `static` leaves Cache-Control as it is: for files that are everybody's.
    So does `embeddable`, for pictures and scripts that other sites may use too.
    """
    ancestors = _sources(frame_ancestors)
    headers = response.headers
    headers["Content-Security-Policy"] = _policy(
        {
            "default-src": "'none'",
            "script-src": f"'nonce-{nonce}'",
            "style-src": f"'self' 'nonce-{nonce}'",
            "img-src": f"'self' data: {_sources(images)}",
            "connect-src": "'self'",
            # A frame may come back to us: a sign-in can end inside it.
            "frame-src": f"'self' {_source(frame_src)}" if frame_src else "'none'",
            "form-action": f"'self' {_sources(form_targets)}",
            "base-uri": "'none'",
            "object-src": "'none'",
            "frame-ancestors": ancestors or "'none'",
        }
    )
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer" if hide_referrer else "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    embedders = "cross-origin" if embeddable else "same-origin"
    headers["Cross-Origin-Resource-Policy"] = embedders
    headers["Permissions-Policy"] = PERMISSIONS
    if not ancestors:
        # For browsers that do not know frame-ancestors.
        headers["X-Frame-Options"] = "DENY"
    if settings.https:
        headers["Strict-Transport-Security"] = HSTS
    if not (static or embeddable):
        headers["Cache-Control"] = "no-store"
    return response


def _policy(directives: dict[str, str]) -> str:
    return "; ".join(f"{name} {value.strip()}" for name, value in directives.items())


def _sources(urls: Iterable[str]) -> str:
    return " ".join(dict.fromkeys(_source(url) for url in urls))


def _source(url: str) -> str:
    """A URL as a source of a policy: its origin, so nothing can end the directive."""
    if url == "'self'":
        return url
    if app := _APP_ADDRESS.match(url):
        # A native app's own scheme has no origin; the scheme itself is the source.
        return app[0].lower()
    if urlsplit(url).scheme not in ("http", "https") or any(c in url for c in " ;,'"):
        raise ValueError("a source is 'self' or an http(s) origin")
    return str(origin_of(url))
