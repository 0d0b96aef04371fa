"""Where a site may have people sent back to (`redirect_uri`).

The rule: the address is, character for character, one that SITES lists. One
exception: a native app may open any port of the machine it runs on, so for a public
client the port of `http://127.0.0.1` and `http://[::1]` is not compared. RFC 6749
section 3.1.2, RFC 9700 section 4.1.3, RFC 8252 sections 7.3 and 8.3, security row 112.
"""

import difflib
import re
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

from wxlogin.config import Site
from wxlogin.config.host_names import is_this_machine

_LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]))(?::[0-9]{1,5})?((?:/.*)?)")
_SHOWN = 200


def is_registered(site: Site, uri: str) -> bool:
    """May people be sent to this address for this site?"""
    if uri in site.redirect_uris:
        return True
    asked = _LOOPBACK.fullmatch(uri)
    if not site.is_public or asked is None:
        return False
    known = (_LOOPBACK.fullmatch(one) for one in site.redirect_uris)
    return any(one and one.groups() == asked.groups() for one in known)


def is_program(site: Site, uri: str) -> bool:
    """Does this address lead to a program on the person's device?

    Then nothing proves which program: another one may register the scheme or open
    the port, and bring the client's id and a verifier of its own (RFC 8252 sections
    8.1 and 8.6). A page of scripts that a developer serves on loopback cannot be told
    from one.
    """
    if not site.is_public:
        return False
    parts = urlsplit(uri)
    return parts.scheme not in ("http", "https") or is_this_machine(parts.hostname)


def nearest(site: Site, uri: str) -> str | None:
    """The registered address that is most like this one, for the log."""
    return closest(uri, site.redirect_uris)


def closest(uri: str, registered: Sequence[str]) -> str | None:
    """The one of these addresses that is most like this one."""
    found = difflib.get_close_matches(uri, registered, n=1, cutoff=0)
    return found[0] if found else None


def difference(uri: str, registered: str) -> str:
    """In which parts two addresses differ, in words for a site's developer."""
    try:
        one, other = urlsplit(uri), urlsplit(registered)
        parts = [name for name in _PARTS if _part(one, name) != _part(other, name)]
    except ValueError:
        return "it is no address"
    if "path" in parts and one.path.strip("/") == other.path.strip("/"):
        return "a slash at the end"
    if uri.lower() == registered.lower():
        return "capital and small letters"
    return ", ".join(parts) or "the spelling"


def shown(uri: str) -> str:
    """Scheme, host, port and path: what a log line needs of an address."""
    try:
        parts = urlsplit(uri)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "(no address)"
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"[:_SHOWN]


_PARTS = ("scheme", "hostname", "port", "username", "path", "query", "fragment")


def _part(parts: SplitResult, name: str) -> object:
    return getattr(parts, name)
