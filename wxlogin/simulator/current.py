"""What this request is about: which world, under which name of ours, for whose page.

- A web page may have its own name lead to 127.0.0.1 once it is open, and is then of one
  origin with whatever answers there (DNS rebinding). The browser still sends the page's
  name, so a name that is not ours is refused. An address is no name: nobody can make it
  lead elsewhere, and it is taken where the simulator was told to listen beyond this
  machine.
- The simulator has no passwords. Programs on this machine may do anything; a foreign
  web page that a visitor happens to have open may not, so only pages of our own change
  the world through a browser.
"""

import ipaddress
import re
from collections.abc import Iterable

from flask import Flask, Response, current_app, jsonify, request

from .world import World


def world() -> World:
    """The World of the current app."""
    found: World = current_app.extensions["world"]
    return found


def origin() -> str:
    """`http://localhost:5001`, without a slash at the end.

    The configured public origin, otherwise the host that this request named.
    """
    configured: str | None = current_app.config["PUBLIC_ORIGIN"]
    return configured or request.host_url.rstrip("/")


def is_foreign() -> bool:
    """Whether a browser sent this request on behalf of another site's page."""
    origin = request.headers.get("Origin")
    if origin is not None:
        return origin != request.host_url.rstrip("/")
    site = request.headers.get("Sec-Fetch-Site", "none")
    return site not in ("none", "same-origin")


LOOPBACK = ("localhost", "127.0.0.1", "::1")
_HOST = re.compile(r"(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9._-]{1,255}))(?::[0-9]{1,5})?")

_SENTENCE = (
    "the simulator does not answer under this name; start it with --name NAME, "
    "or open it as localhost"
)
_SENTENCE_ZH = "模拟器不响应这个域名：请用 localhost 打开，或启动时加上 --name 域名。"


def require_own_host(app: Flask, names: Iterable[str]) -> None:
    """Refuse requests for another host than loopback and `names`, which are bare.

    Where one of `names` means "any address" (`0.0.0.0`, `::`), every address is ours.
    """
    ours = {*LOOPBACK, *(name.strip("[]").lower() for name in names)}
    anywhere = bool(ours & {"0.0.0.0", "::"})  # noqa: S104 - compared, not bound

    @app.before_request
    def _refuse_foreign() -> tuple[Response, int] | None:
        host = _named(request.environ.get("HTTP_HOST", ""))
        if host in ours or (anywhere and _is_address(host)):
            return None
        return _refusal(), 400


def _named(header: str) -> str:
    """The host without its port; empty where the header is none."""
    found = _HOST.fullmatch(header.lower())
    return (found[1] or found[2]) if found else ""


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _refusal() -> Response:
    if request.path.startswith("/_sim/"):
        return jsonify(error=_SENTENCE)
    return Response(
        f"{_SENTENCE}\n{_SENTENCE_ZH}\n", content_type="text/plain; charset=utf-8"
    )
