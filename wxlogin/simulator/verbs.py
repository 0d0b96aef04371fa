"""WeChat in a test, in the test's own words: who scans, agrees and follows.

    ada = wechat.person("Ada")
    ada.scans(link)
    browser.get(ada.confirms())

These are the words; `actors` says them to a simulator in the test's own process, and
`client` to one elsewhere.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from .refusals import Clash
from .world.consent_link import on_page
from .world.journal import Call
from .world.parties import App
from .world.parties import Person as Party


class Person(ABC):
    """Somebody with a phone. Where WeChat shows a page of its own it is a Clash."""

    name: str

    @abstractmethod
    def openid(self, app: str) -> str:
        """The person's openid in the app of this name or appid."""

    @abstractmethod
    def unionid(self, app: str) -> str:
        """That on the app's open platform; empty where it is bound to none."""

    @abstractmethod
    def scans(self, url: str) -> Self:
        """A browser shows the QR page of this link, and the phone scans its code.

        The content of a code that is shown already does as well.
        """

    @abstractmethod
    def confirms(self) -> str:
        """Where the browser goes when the person says yes to what was scanned."""

    @abstractmethod
    def cancels(self) -> None:
        """The person says no; the browser stays."""

    @abstractmethod
    def opens(
        self, url: str, *, from_menu: bool = False, full_service: bool = False
    ) -> str:
        """Where a consent link leads that is opened in WeChat, and agreed to.

        `from_menu`: from the account's own menu; `full_service`: after 使用完整服务.
        """

    @abstractmethod
    def refuses(self, url: str) -> str | None:
        """The same, not agreed to: nowhere, unless a switch says so.

        Who is asked nothing cannot refuse it.
        """

    @abstractmethod
    def follows(self, app: str) -> Self:
        """From now on; the account is told, if it has a push address."""

    @abstractmethod
    def unfollows(self, app: str) -> Self:
        """From now on no more; the account is told likewise."""

    @abstractmethod
    def logs_in(self, app: str) -> str:
        """The code that wx.login gives the mini program of this name or appid."""


class WeChat(ABC):
    """One world of a running simulator, until it is dropped; a context manager.

    `url` is the simulator's base URL, for clients that are told where WeChat is;
    `control` that of this world's control API, for other programs.
    """

    def __init__(self, world: str, url: str) -> None:
        self.id = world
        self.url = url
        self.control = f"{url}/_sim/worlds/{world}"
        self._acting: dict[str, Person] = {}

    @abstractmethod
    def drop(self) -> None:
        """The world is gone; browsers that wait in it are told so."""

    @abstractmethod
    def app(self, name: str, **changes: object) -> App:
        """The app with this name or appid.

        With changes that of this name, its fields changed as said, or made where it is
        new. Raises Unknown, and Invalid for a wrong field.
        """

    def person(self, name: str) -> Person:
        """Who has this name or nickname; whoever is not there yet is now."""
        if name not in self._acting:
            self._acting[name] = self._person(self._found(name).name)
        return self._acting[name]

    def advances(
        self,
        *,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
    ) -> None:
        """So much time goes by in this world."""
        self._advance(((days * 24 + hours) * 60 + minutes) * 60 + seconds)

    def fails(self, path: str, *, errcode: int, **more: object) -> None:
        """Calls of `path` answer `errcode`: `times=2` twice, `errmsg=…` in these words.

        `spend=True` carries the call out first. Raises Invalid.
        """
        # Those that are used up are no switch's value any more.
        left = [rule for rule in self._faults() if rule.get("times") != 0]
        rule = {"path": path, "errcode": errcode, **more}
        self.switch(errcode=[*left, rule])

    @abstractmethod
    def switch(self, **values: Any) -> None:
        """Set switches for everyone: `drop_unionid=True`. Raises Invalid."""

    @property
    @abstractmethod
    def calls(self) -> list[Call]:
        """The calls of servers so far, oldest first: `path`, `errcode`, `params` …"""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.drop()

    def _found(self, name: str) -> Party:
        people = self._people()
        for one in people:
            if name in (one.name, one.nickname):
                return one
        return self._put(name=f"person-{len(people) + 1}", nickname=name)

    @abstractmethod
    def _people(self) -> Sequence[Party]: ...

    @abstractmethod
    def _put(self, **fields: str) -> Party: ...

    @abstractmethod
    def _person(self, name: str) -> Person: ...

    @abstractmethod
    def _advance(self, seconds: float) -> None: ...

    @abstractmethod
    def _faults(self) -> Sequence[Mapping[str, Any]]: ...


def shows(text: str, code: int | None, rule: str, source: str) -> Clash:
    """What is said where WeChat shows a page of its own, a blank one without a text."""
    page = on_page(text, code) or "a blank page"
    return Clash(f"WeChat shows {page}: {rule} {source}")
