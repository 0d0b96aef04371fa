"""One call of a server, as it came: what every check reads of it.

What is missing, unknown or of the wrong form is an errcode: a parameter that is empty
counts as one that is not there.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..refusals import ApiError
from ..world import World
from ..world.parties import App
from ..world.quotas import DAILY, DAY


@dataclass(frozen=True)
class Asked:
    """`query` is the query's part of `params`, which are a form's, too.

    `address` is whose the call is.
    """

    world: World
    path: str
    method: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    address: str
    #: Where pages are, and where pictures of profiles.
    origin: str
    avatars: str

    @cached_property
    def fields(self) -> Mapping[str, Any]:
        """The body's JSON object; empty where the body is none."""
        try:
            found = json.loads(self.body.decode("utf-8"))
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    def json(self) -> Mapping[str, Any]:
        """The same, which must be there. Raises ApiError 44002 or 47001."""
        if not self.body:
            raise ApiError(44002)
        if not self.fields and self.body.strip() != b"{}":
            raise ApiError(47001)
        return self.fields

    def need(self, name: str, errcode: int) -> str:
        """A parameter of the query or form. Raises ApiError `errcode`."""
        return need(self.params, name, errcode)

    def app(self) -> App:
        """The app that `appid` names. Raises ApiError 41002 or 40013."""
        return self._app(self.params)

    def own_app(self, given: Mapping[str, Any]) -> App:
        """The app that `given` names and proves by its secret.

        Raises ApiError 41002, 40013, 41004 or 40125, and 47001 for what is no text.
        """
        app = self._app(given)
        if need(given, "secret", 41004) != app.secret:
            raise ApiError(40125)
        return app

    def _app(self, given: Mapping[str, Any]) -> App:
        app = self.world.registry.find_app(need(given, "appid", 41002))
        # A program that moved away is gone, as one that was closed.
        gone = app and app.kind == "mini_program" and self.has_moved(app)
        if app is None or gone:
            raise ApiError(40013)
        return app

    def has_moved(self, app: App) -> bool:
        """Whether the app's people are another's now."""
        return bool(self.world.migrations.successor(app.appid))

    def within(self, errcode: int, owner: str, *, most: int, seconds: int) -> None:
        """Count one call of `owner`. Raises ApiError `errcode` past the quota.

        The switch `quota` puts another number in the place of `most`.
        """
        most = self.most(self.path, most)
        if not self.world.quotas.take(self.path, owner, most=most, seconds=seconds):
            raise ApiError(errcode)

    def within_day(self, app: App) -> None:
        """Count one call of the app's day. Raises ApiError 45009 past it."""
        self.within(45009, app.appid, most=DAILY[self.path], seconds=DAY)

    def most(self, path: str, usual: int) -> int:
        """The quota of a path: the usual one, or what the switch says."""
        rule = self.world.switches.for_path("quota", path)
        return rule["calls"] if rule else usual

    def switch(self, name: str, app: App, person: str = "") -> Any:
        """The value of a switch for this app and person, None when off."""
        return self.world.switches.get(name, app=app.name, person=person)


def need(given: Mapping[str, Any], name: str, errcode: int) -> str:
    """A text of `given`. Raises ApiError `errcode` without, 47001 for no text."""
    value = given.get(name, "")
    if not isinstance(value, str):
        raise ApiError(47001)
    if not value:
        raise ApiError(errcode)
    return value


@dataclass(frozen=True)
class Picture:
    """An answer that is no JSON; `errcode` where it is an error that looks like it."""

    body: bytes
    mimetype: str
    errcode: int = 0


Answer = dict[str, Any] | Picture
