"""Our cookies: names of our own, and the strictest attributes that still work.

With an https PUBLIC_URL a name begins with `__Host-`, or with `__Secure-` where
PUBLIC_URL has a path and WHOLE_HOST is off; then a browser takes the cookie only
with Secure, and with `__Host-` from no other host and path (RFC 6265bis §4.1.3).
Plain names are for http: development on loopback, and trials. All are HttpOnly and
SameSite=Lax: WeChat sends the visitor back by a top-level GET, for which Lax is
enough. No cookie is SameSite=None. OWASP ASVS 3.3.1-3.3.5.

A name begins with `wxlogin_`, never `session`: another application on the same
host keeps its own.
"""

import re

from werkzeug.wrappers import Request, Response

from wxlogin.config import Settings

# What a browser must take at least: name, value and attributes (RFC 6265 §6.1).
MAX_BYTES = 4096
_PURPOSE = re.compile(r"[A-Za-z0-9_-]{1,64}")


def cookie_name(settings: Settings, purpose: str) -> str:
    """The cookie's name on the wire; `purpose` is our word, such as `session`."""
    if not _PURPOSE.fullmatch(purpose):
        raise ValueError("a cookie's purpose is letters, digits, - and _")
    return f"{_name_prefix(settings)}wxlogin_{purpose}"


def _name_prefix(settings: Settings) -> str:
    if not settings.https:
        return ""
    return "__Host-" if settings.cookie_path == "/" else "__Secure-"


def read_cookie(request: Request, settings: Settings, purpose: str) -> str | None:
    """What the browser sent under this purpose; None where it sent nothing."""
    return request.cookies.get(cookie_name(settings, purpose)) or None


def set_cookie(
    response: Response,
    settings: Settings,
    purpose: str,
    value: str,
    max_age: int | None,
) -> None:
    """Lets the browser keep `value` for `max_age` seconds; None: until it closes.

    Raises ValueError where the cookie is more than a browser must take.
    """
    name = cookie_name(settings, purpose)
    if len(name) + len(value.encode()) > MAX_BYTES - 256:
        raise ValueError(f"the cookie {purpose} is too large")
    response.set_cookie(
        name,
        value,
        max_age=max_age,
        path=settings.cookie_path,
        secure=settings.https,
        httponly=True,
        samesite="Lax",
    )


def clear_cookie(response: Response, settings: Settings, purpose: str) -> None:
    """Makes the browser forget the cookie; with the same attributes, or it won't."""
    response.delete_cookie(
        cookie_name(settings, purpose),
        path=settings.cookie_path,
        secure=settings.https,
        httponly=True,
        samesite="Lax",
    )
