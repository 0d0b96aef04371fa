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
from dataclasses import dataclass
from functools import lru_cache
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


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What an answer needs beyond what every answer has; nothing by default.

    Origins may be given as URLs, which are cut to their origin.
    """

    #: A foreign origin that this page frames, and asks whether it answers.
    frame_src: str | None = None
    #: Foreign origins that this page shows images of, or reaches by a form.
    images: Iterable[str] = ()
    form_targets: Iterable[str] = ()
    #: Who may frame this page, `'self'` for our own pages.
    frame_ancestors: Iterable[str] = ()
    #: There is a code, state or ticket in this URL.
    hidden_referrer: bool = False
    #: An answer that says itself who may keep it: Cache-Control is left as it is.
    static: bool = False
    #: The same, and a picture or script that other sites may use too.
    embeddable: bool = False


NOTHING = Needs()


def add_headers(
    response: Response, settings: Settings, nonce: str, needs: Needs = NOTHING
) -> Response:
    """`response`, with every security header set. `nonce` is that of its scripts.

    Raises ValueError for a source that is no origin.
    """
    ancestors = _sources(needs.frame_ancestors)
    headers = response.headers
    policy = _policy(
        _sources(needs.images),
        _source(needs.frame_src) if needs.frame_src else "",
        _sources(needs.form_targets),
        ancestors,
    )
    headers["Content-Security-Policy"] = policy.replace(_NONCE, f"'nonce-{nonce}'")
    headers["X-Content-Type-Options"] = "nosniff"
    referrer = "no-referrer" if needs.hidden_referrer else "same-origin"
    headers["Referrer-Policy"] = referrer
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    embedders = "cross-origin" if needs.embeddable else "same-origin"
    headers["Cross-Origin-Resource-Policy"] = embedders
    headers["Permissions-Policy"] = PERMISSIONS
    if not ancestors:
        # For browsers that do not know frame-ancestors.
        headers["X-Frame-Options"] = "DENY"
    if settings.https:
        headers["Strict-Transport-Security"] = HSTS
    if not (needs.static or needs.embeddable):
        headers["Cache-Control"] = "no-store"
    return response


# Stands in a policy for the source of this answer's scripts; no source is written so.
_NONCE = "<nonce>"


@lru_cache(maxsize=256)
def _policy(images: str, frame: str, form_targets: str, ancestors: str) -> str:
    """The policy with these sources, which are origins."""
    # A frame may come back to us: a sign-in can end inside it.
    frames = f"'self' {frame}" if frame else "'none'"
    directives = {
        "default-src": "'none'",
        "script-src": _NONCE,
        "style-src": f"'self' {_NONCE}",
        "img-src": f"'self' data: {images}",
        "connect-src": frames if frame else "'self'",
        "frame-src": frames,
        "form-action": f"'self' {form_targets}",
        "base-uri": "'none'",
        "object-src": "'none'",
        "frame-ancestors": ancestors or "'none'",
    }
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
