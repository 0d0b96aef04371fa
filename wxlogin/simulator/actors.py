"""WeChat in a test, in the test's own words: who scans, agrees and follows.

    ada = wechat.person("Ada")
    ada.scans(link)
    browser.get(ada.confirms())

It is a world of its own beside others, in the test's own process.
"""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from .hosts import OPEN
from .protocol import CONFIRM
from .refusals import Clash, Invalid
from .world import World, consent, happenings, ids
from .world.consent_link import Refused, read_link
from .world.journal import Call
from .world.parties import App
from .world.parties import Person as Party
from .world.rules import RULES
from .world.website_link import read_link as read_website_link
from .world.worlds import Worlds


class WeChat:
    """One world of a running simulator, until it is dropped.

    `url` is the simulator's base URL, for clients that are told where WeChat is;
    `control` that of this world's control API, for other programs. `world` is
    everything else there is to do.
    """

    def __init__(self, worlds: Worlds, url: str) -> None:
        self._worlds = worlds
        self.id = worlds.make()
        self.url = url
        self.control = f"{url}/_sim/worlds/{self.id}"
        self.world: World = worlds.get(self.id)
        self._people: dict[str, Person] = {}

    def drop(self) -> None:
        """The world is gone; browsers that wait in it are told so."""
        self._worlds.drop(self.id)

    def app(self, name: str, **changes: object) -> App:
        """The app with this name, its fields changed as said, or made where it is new.

        Raises Unknown, and Invalid for a wrong field.
        """
        if changes:
            appid = changes.get("appid")
            if isinstance(appid, str):
                self._worlds.require_free(self.world, appid)
            self.world.registry.put_apps({"name": name, **changes})
        return self.world.registry.app(name)

    def person(self, name: str) -> "Person":
        """Who has this name or nickname; whoever is not there yet is now."""
        if name not in self._people:
            self._people[name] = Person(self.world, self._party(name), self.url)
        return self._people[name]

    def advances(
        self,
        *,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
    ) -> None:
        """So much time goes by in this world."""
        self.world.advance(((days * 24 + hours) * 60 + minutes) * 60 + seconds)

    def fails(self, path: str, *, errcode: int, **more: object) -> None:
        """Calls of `path` answer `errcode`: `times=2` twice, `errmsg=…` in these words.

        `spend=True` carries the call out first. Raises Invalid.
        """
        before = self.world.switches.get("errcode") or []
        # Those that are used up are no switch's value any more.
        left = [rule for rule in before if rule.get("times") != 0]
        rule = {"path": path, "errcode": errcode, **more}
        self.world.switch(errcode=[*left, rule])

    def switch(self, **values: Any) -> None:
        """Set switches for everyone: `drop_unionid=True`. Raises Invalid."""
        self.world.switch(**values)

    @property
    def calls(self) -> list[Call]:
        """The calls of servers so far, oldest first: `path`, `errcode`, `params` …"""
        return self.world.journal.calls()

    def _party(self, name: str) -> Party:
        people = self.world.registry.people()
        for one in people:
            if name in (one.name, one.nickname):
                return one
        fresh = {"name": f"person-{len(people) + 1}", "nickname": name}
        return self.world.registry.put_person(fresh)


class Person:
    """Somebody with a phone. Where WeChat shows a page of its own it is a Clash."""

    def __init__(self, world: World, party: Party, url: str) -> None:
        self._world = world
        self._hosts = (None, OPEN, "127.0.0.1", urlsplit(url).hostname)
        self._uuid = ""
        self.name = party.name

    def openid(self, app: str) -> str:
        """The person's openid in the app of this name or appid."""
        return ids.openid(self._world.registry.app(app).appid, self.name)

    def unionid(self, app: str) -> str:
        """That on the app's open platform; empty where it is bound to none."""
        platform = self._world.registry.app(app).open_platform
        return ids.unionid(platform, self.name) if platform else ""

    def scans(self, url: str) -> "Person":
        """A browser shows the QR page of this link, and the phone scans its code.

        The content of a code that is shown already does as well.
        """
        self._uuid = self._shown(url)
        self._world.scan(self._uuid, self.name)
        return self

    def confirms(self) -> str:
        """Where the browser goes when the person says yes to what was scanned."""
        return self._world.confirm(self._uuid, self.name).callback_urls[0]

    def cancels(self) -> None:
        """The person says no; the browser stays."""
        self._world.cancel(self._uuid, self.name)

    def opens(self, url: str, **visit: bool) -> str:
        """Where a consent link leads that is opened in WeChat, and agreed to.

        `from_menu=True`: from the account's own menu; `full_service=True`: after
        使用完整服务.
        """
        return consent.agree(self._world, self._visit(url, **visit))[0]

    def refuses(self, url: str) -> str | None:
        """The same, not agreed to: nowhere, unless a switch says so."""
        return consent.refuse(self._world, self._visit(url))

    def follows(self, app: str) -> "Person":
        """From now on; the account is told, if it has a push address."""
        happenings.follow(self._world, self._account(app), self.name)
        return self

    def unfollows(self, app: str) -> "Person":
        happenings.unfollow(self._world, self._account(app), self.name)
        return self

    def logs_in(self, app: str) -> str:
        """The code that wx.login gives the mini program of this name or appid."""
        return self._world.mini_login(self._of_kind(app, "mini_program"), self.name)

    def _visit(self, url: str, **visit: bool) -> consent.Visit:
        try:
            link = read_link(self._world, self._at_wechat(url))
        except Refused as refusal:
            raise _shows(refusal) from None
        return consent.Visit(link, self.name, **visit)

    def _account(self, app: str) -> App:
        return self._of_kind(app, "official_account")

    def _of_kind(self, app: str, kind: str) -> App:
        found = self._world.registry.app(app)
        if found.kind != kind:
            raise Clash(f"{found.name!r} is of kind {found.kind}, not {kind}")
        return found

    def _shown(self, url: str) -> str:
        parts = urlsplit(self._at_wechat(url))
        if parts.path == CONFIRM:
            return parse_qs(parts.query).get("uuid", [""])[0]
        try:
            link = read_website_link(self._world, url)
        except Refused as refusal:
            raise _shows(refusal) from None
        return self._world.show_qr(
            link.app, redirect_uri=link.redirect_uri, state=link.state, fast=False
        ).uuid

    def _at_wechat(self, url: str) -> str:
        if urlsplit(url).hostname not in self._hosts:
            raise Invalid(f"url: {url} does not lead to WeChat")
        return url


def _shows(refusal: Refused) -> Clash:
    rule = RULES[refusal.rule]
    page = refusal.page or "a blank page"
    return Clash(f"WeChat shows {page}: {rule.says} {rule.source}")
