"""The words of `verbs` for a simulator in the test's own process."""

from typing import Any
from urllib.parse import urlsplit

from . import verbs
from .hosts import OPEN
from .refusals import Clash, Invalid
from .world import World, consent, happenings, ids
from .world.consent_link import Refused, read_link
from .world.journal import Call
from .world.parties import App
from .world.parties import Person as Party
from .world.rules import RULES
from .world.website_link import code_at
from .world.worlds import Worlds


class WeChat(verbs.WeChat):
    """`world` is everything else there is to do."""

    def __init__(self, worlds: Worlds, url: str) -> None:
        super().__init__(worlds.make(), url)
        self._worlds = worlds
        self.world: World = worlds.get(self.id)

    def drop(self) -> None:
        self._worlds.drop(self.id)

    def app(self, name: str, **changes: object) -> App:
        if changes:
            appid = changes.get("appid")
            if isinstance(appid, str):
                self._worlds.require_free(self.world, appid)
            self.world.registry.put_apps({"name": name, **changes})
        return self.world.registry.app(name)

    def switch(self, **values: Any) -> None:
        self.world.switch(**values)

    @property
    def calls(self) -> list[Call]:
        return self.world.journal.calls()

    def _people(self) -> list[Party]:
        return self.world.registry.people()

    def _put(self, **fields: str) -> Party:
        return self.world.registry.put_person(fields)

    def _person(self, name: str) -> "Person":
        return Person(self.world, name, self.url)

    def _advance(self, seconds: float) -> None:
        self.world.advance(seconds)

    def _faults(self) -> list[dict[str, Any]]:
        return self.world.switches.get("errcode") or []


class Person(verbs.Person):
    """One of this world's people, whose phone is a few calls of it."""

    def __init__(self, world: World, name: str, url: str) -> None:
        self._world = world
        self._hosts = (None, OPEN, "127.0.0.1", urlsplit(url).hostname)
        self._uuid = ""
        self.name = name

    def openid(self, app: str) -> str:
        return ids.openid(self._world.registry.app(app).appid, self.name)

    def unionid(self, app: str) -> str:
        platform = self._world.registry.app(app).open_platform
        return ids.unionid(platform, self.name) if platform else ""

    def scans(self, url: str) -> "Person":
        try:
            self._uuid = code_at(self._world, self._at_wechat(url))
        except Refused as refusal:
            raise _shows(refusal) from None
        self._world.scan(self._uuid, self.name)
        return self

    def confirms(self) -> str:
        return self._world.confirm(self._uuid, self.name).callback_urls[0]

    def cancels(self) -> None:
        self._world.cancel(self._uuid, self.name)

    def opens(
        self, url: str, *, from_menu: bool = False, full_service: bool = False
    ) -> str:
        visit = self._visit(url, from_menu=from_menu, full_service=full_service)
        return consent.agree(self._world, visit)[0]

    def refuses(self, url: str) -> str | None:
        back = consent.answer(self._world, self._visit(url), allow=False)
        return back[0] if back else None

    def follows(self, app: str) -> "Person":
        happenings.follow(self._world, self._account(app), self.name)
        return self

    def unfollows(self, app: str) -> "Person":
        happenings.unfollow(self._world, self._account(app), self.name)
        return self

    def logs_in(self, app: str) -> str:
        return self._world.mini_login(self._of_kind(app, "mini_program"), self.name)

    def _visit(self, url: str, **how: bool) -> consent.Visit:
        try:
            link = read_link(self._world, self._at_wechat(url))
        except Refused as refusal:
            raise _shows(refusal) from None
        return consent.Visit(link, self.name, **how)

    def _account(self, app: str) -> App:
        return self._of_kind(app, "official_account")

    def _of_kind(self, app: str, kind: str) -> App:
        found = self._world.registry.app(app)
        if found.kind != kind:
            raise Clash(f"{found.name!r} is of kind {found.kind}, not {kind}")
        return found

    def _at_wechat(self, url: str) -> str:
        if urlsplit(url).hostname not in self._hosts:
            raise Invalid(f"url: {url} does not lead to WeChat")
        return url


def _shows(refusal: Refused) -> Clash:
    rule = RULES[refusal.rule]
    return verbs.shows(refusal.text, refusal.code, rule.says, rule.source)
