"""What stands between people and us: https, proxies, cookies.

Over https cookies are Secure and carry the prefix `__Host-`, or `__Secure-` where
PUBLIC_URL has a path (security row 21). wxlogin itself speaks plain http, so with an
https PUBLIC_URL a proxy is in front, and unless TRUSTED_PROXIES counts it every
visitor seems to come from the proxy's address.
"""

from collections.abc import Iterator

from wxlogin.config import Settings
from wxlogin.doctor.finding import Finding, ok, warning

_CHECK = "edge"


def check(settings: Settings) -> Iterator[Finding]:
    """How cookies travel, and whether proxies are counted."""
    yield _cookies(settings)
    if settings.https and not settings.trusted_proxies:
        yield warning(
            _CHECK,
            "PUBLIC_URL is https and TRUSTED_PROXIES is 0: everybody seems to come "
            "from the address of the proxy.",
            todo="Set TRUSTED_PROXIES to the number of proxies, usually 1.",
        )


def _cookies(settings: Settings) -> Finding:
    if settings.https:
        prefix = "__Host-" if settings.cookie_path == "/" else "__Secure-"
        return ok(_CHECK, f"cookies travel by https only and begin with {prefix}")
    if settings.env == "development":
        return ok(_CHECK, "plain cookies, as a laptop needs them")
    return warning(
        _CHECK,
        "PUBLIC_URL is http: cookies and codes can be read on the way.",
        todo="Nobody but testers should sign in here; use https for everybody else.",
    )
