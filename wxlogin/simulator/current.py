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
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, jsonify, request

from . import hosts
from .protocol import OPEN_HOST
from .refusals import Unknown
from .world import World
from .world.worlds import Worlds

_WORLD = "wechat_simulator.world"
#: Which world a page of our own shows, by `?world=`; this stands for the first.
_PARAMETER, FIRST = "world", "first"
#: The blueprints of these pages; what is WeChat's is about whom it names.
_PAGES = ("index", "phone", "wechat_browser", "mini_program", "account")


def worlds() -> Worlds:
    """All worlds of the current app."""
    found: Worlds = current_app.extensions["worlds"]
    return found


def world() -> World:
    """The World that this request is about, whichever app or code it names."""
    environ = request.environ
    if _WORLD not in environ:
        environ[_WORLD] = _chosen()
    found: World = environ[_WORLD]
    return found


def name_world(name: str) -> None:
    """This request is about the world with this id. Raises Unknown."""
    request.environ[_WORLD] = worlds().get(name)


def _chosen() -> World:
    # The control API's calls say by their path which world they are about.
    if request.path.startswith("/_sim/") or not worlds().names():
        return worlds().first
    return worlds().of(_clues()) or _picked() or worlds().first


def _picked() -> World | None:
    """The one that a page of our own was asked to show."""
    name = request.values.get(_PARAMETER, FIRST)
    if request.blueprint not in _PAGES or name == FIRST:
        return None
    try:
        return worlds().get(name)
    except Unknown as error:
        abort(404, str(error))


def world_id() -> str:
    """The id of the world that this request is about; empty for the first."""
    return worlds().id_of(world()) if worlds().names() else ""


def keep_world(app: Flask) -> None:
    """Let the links of our own pages lead to pages about the same world."""

    @app.url_defaults
    def _name(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint.partition(".")[0] in _PAGES and (name := world_id()):
            values.setdefault(_PARAMETER, name)


def _clues() -> dict[str, str]:
    # Before the form is read, which would leave nothing of the body.
    sent = request.get_data()
    clues = {**(request.view_args or {}), **request.values.to_dict()}
    if "appid" not in clues and sent.lstrip().startswith(b"{"):
        given = request.get_json(force=True, silent=True)
        appid = given.get("appid") if isinstance(given, dict) else None
        clues |= {"appid": appid} if isinstance(appid, str) else {}
    return clues


def addresses() -> hosts.Addresses:
    """Where people and programs are sent.

    WeChat's own hosts at the real names; as one origin the configured public one,
    otherwise the host that this request named.
    """
    port: int | None = current_app.config["HTTPS_PORT"]
    if port is not None:
        return hosts.real_names(port)
    configured: str | None = current_app.config["PUBLIC_ORIGIN"]
    return hosts.one_origin(configured or _own_origin())


def here() -> hosts.Addresses:
    """The same for the pictures on a page of our own.

    Where the page is at a name of ours they are beside it: a browser that reads it
    there may not know WeChat's names.
    """
    if named_host() in hosts.NAMES:
        return addresses()
    return hosts.one_origin("")


def leads_here(url: str) -> bool:
    """Whether a link to a page of WeChat's leads there, or here in its place.

    At WeChat's real names nothing but its own address does.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    if current_app.config["HTTPS_PORT"] is not None:
        return f"{parts.scheme}://{parts.netloc}" == addresses().open
    if not parts.scheme and host is None:
        return True
    if f"{parts.scheme}://{host}" == OPEN_HOST:
        return True
    return bool(current_app.extensions["is_own_host"](host or ""))


def is_foreign() -> bool:
    """Whether a browser sent this request on behalf of another site's page."""
    origin = request.headers.get("Origin")
    if origin is not None:
        # In front of us something else may speak TLS.
        return origin not in (_own_origin(), current_app.config["PUBLIC_ORIGIN"])
    site = request.headers.get("Sec-Fetch-Site", "none")
    return site not in ("none", "same-origin")


def _own_origin() -> str:
    return request.host_url.rstrip("/")


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
    anywhere = bool(ours & {"0.0.0.0", "::"})  # noqa: S104  compared # nosec B104
    app.extensions["is_own_host"] = lambda host: (
        host in ours or (anywhere and _is_address(host))
    )

    @app.before_request
    def _refuse_foreign() -> tuple[Response, int] | None:
        if app.extensions["is_own_host"](named_host()):
            return None
        return _refusal(), 400


def named_host() -> str:
    """The host of this request without its port; empty where the header is none."""
    found = _HOST.fullmatch(request.environ.get("HTTP_HOST", "").lower())
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
