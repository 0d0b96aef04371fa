"""Worlds beside one another, each with apps, people, clock, switches and calls.

The first is always there. Another one has the first one's apps and people with appids,
secrets and open platforms that are nobody else's, so that neither an openid nor a
unionid of it is met elsewhere. Everything that a client sends leads to an app (its
appid, a code, a token, a ticket), and the app to its world: clients need not know that
there are several.
"""

import secrets
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from threading import Lock
from urllib.parse import parse_qs, urlsplit

from ..refusals import Clash, Unknown
from . import World
from .parties import App

# A program that makes worlds and drops none would fill the memory.
_MOST = 10_000


class Worlds:
    """All worlds of a simulator. All methods may be called from any thread."""

    def __init__(self, first: World) -> None:
        self.first = first
        self._lock = Lock()
        self._made: dict[str, World] = {}

    def make(self) -> str:
        """Another world, as the first began; its id. Raises Clash past 10,000."""
        name = secrets.token_hex(6)
        begin = self.first.registry.beginning()
        apps = [_fresh(app, name, i) for i, app in enumerate(begin[0], start=1)]
        world = World(apps, begin[1], qr_seconds=self.first.qrcodes.seconds)
        with self._lock:
            if len(self._made) >= _MOST:
                raise Clash(f"{_MOST} worlds are here: drop some")
            self._made[name] = world
        return name

    def get(self, name: str) -> World:
        """The world with this id, or Unknown."""
        with self._lock:
            world = self._made.get(name)
        if world is None:
            raise Unknown(f"no world {name!r}")
        return world

    def drop(self, name: str) -> None:
        """Forget a world; browsers that wait in it hear that their code is gone."""
        world = self.get(name)
        with self._lock:
            self._made.pop(name, None)
        world.qrcodes.reset()

    def id_of(self, world: World) -> str:
        """The id of a world; empty for the first, and for one that is gone."""
        with self._lock:
            made = self._made.items()
            return next((name for name, each in made if each is world), "")

    def names(self) -> list[str]:
        """The ids of all but the first, the oldest first."""
        with self._lock:
            return list(self._made)

    def wake(self) -> None:
        """Let every waiting poll of every world answer now."""
        for world in self._all():
            world.qrcodes.wake()

    def of(self, clues: Mapping[str, str]) -> World | None:
        """The world that a request's parameters lead to, if they do."""
        return self._found(clues) or self._found(_in_links(clues))

    def require_free(self, world: World, appid: str) -> None:
        """Raises Clash where an app of another world than this has the appid."""
        if any(w.registry.find_app(appid) for w in self._all() if w is not world):
            raise Clash(f"{appid} is an app of another world already")

    def _found(self, clues: Mapping[str, str]) -> World | None:
        for name, finds in _CLUES.items():
            value = clues.get(name)
            if not value:
                continue
            for world in (self._named_in(value), *self._all()):
                if world is not None and finds(world, value):
                    return world
        return None

    def _named_in(self, appid: str) -> World | None:
        """A guess that saves the search: fresh appids hold their world's id."""
        with self._lock:
            return self._made.get(appid[2:14])

    def _all(self) -> list[World]:
        with self._lock:
            return [self.first, *self._made.values()]


def _fresh(app: App, world: str, number: int) -> App:
    """The same app as another world's. Nobody is told of what happens to it."""
    key = b64encode(secrets.token_bytes(32)).decode().rstrip("=")
    return replace(
        app,
        appid=f"wx{world}{number:04x}",
        secret=secrets.token_hex(16),
        token=secrets.token_hex(16) if app.token else "",
        aes_key=key if app.aes_key else "",
        open_platform=f"{app.open_platform}-{world}" if app.open_platform else "",
        original_id="",
        push_url="",
        request_domain="",
    )


def _in_links(clues: Mapping[str, str]) -> dict[str, str]:
    """What the links among the parameters say in their queries."""
    found: dict[str, str] = {}
    for name in ("link", "url"):
        try:
            query = urlsplit(clues.get(name, "")).query
        except ValueError:
            continue
        found |= {k: v[0] for k, v in parse_qs(query, errors="replace").items()}
    return found


def _has_code(world: World, code: str) -> bool:
    programs = world.mini_programs
    found = world.grants.peek(code) or programs.peek(code) or programs.peek_phone(code)
    return found is not None


def _has_token(world: World, token: str) -> bool:
    grant = world.grants.by_access(token) or world.grants.by_refresh(token)
    return grant is not None or world.app_tokens.peek(token) is not None


def _has_ticket(world: World, ticket: str) -> bool:
    try:
        return bool(world.account_codes.by_ticket(ticket))
    except Unknown:
        return False


def _has_account_code(world: World, link: str) -> bool:
    try:
        return bool(world.read_account_code(link))
    except Unknown:
        return False


def _has_original_id(world: World, named: str) -> bool:
    return any(app.original_id == named for app in world.registry.apps())


# The parameters that lead to a world, the surest first, and who knows their values.
_CLUES: dict[str, Callable[[World, str], object]] = {
    "appid": lambda world, value: world.registry.find_app(value),
    "js_code": _has_code,
    "code": _has_code,
    "access_token": _has_token,
    "refresh_token": _has_token,
    "uuid": lambda world, value: world.qrcodes.peek(value),
    "ticket": _has_ticket,
    "username": _has_original_id,
    "link": _has_account_code,
    "avatar_id": lambda world, value: world.registry.find_avatar(value),
}
