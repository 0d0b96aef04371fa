"""Who is there, and what ties people to official accounts.

- The apps and the people, found by any of their names.
- A consent to snsapi_userinfo is remembered for about 30 days; within them WeChat
  does not ask again (developers.weixin.qq.com/community/develop/doc/
  000ac4abf2076822e4ff4d75a51c00). It is not prolonged by silent logins.
- A preview is a page that WeChat opened with a virtual visitor; its link is kept
  until the person taps 使用完整服务.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from threading import Condition
from typing import Any

from ..refusals import Clash, Unknown, mapping
from . import ids
from .account_codes import AccountCode
from .part import Part
from .parties import App, Person, app_from, person_from


class Registry:
    """Apps and people. What one call changes, it changes wholly or not at all."""

    def __init__(
        self, changed: Condition, apps: Iterable[App], people: Iterable[Person]
    ) -> None:
        self._changed = changed
        self._first_apps = {app.name: app for app in apps}
        self._first_people = {person.name: person for person in people}
        self.reset()

    def reset(self) -> None:
        """Back to the apps and people the world began with."""
        with self._changed:
            self._apps = dict(self._first_apps)
            self._people = dict(self._first_people)
            self._crowd: dict[str, Person] = {}
            self._found: dict[str, dict[str, str]] = {}

    def beginning(self) -> tuple[list[App], list[Person]]:
        """The apps and people the world began with."""
        return list(self._first_apps.values()), list(self._first_people.values())

    def apps(self) -> list[App]:
        with self._changed:
            return list(self._apps.values())

    def people(self) -> list[Person]:
        with self._changed:
            return list(self._people.values())

    def crowd(self, count: int) -> list[Person]:
        """So many people whom no list and no page shows; the same ones each time."""
        with self._changed:
            for number in range(len(self._crowd) + 1, count + 1):
                name = f"crowd-{number}"
                self._crowd[name] = Person(name, nickname=f"路人{number}")
            self._found.clear()
            return list(self._crowd.values())[:count]

    def find_app(self, appid: str) -> App | None:
        """The app with this appid, as WeChat looks it up."""
        with self._changed:
            return next((a for a in self._apps.values() if a.appid == appid), None)

    def app(self, key: str) -> App:
        """The app with this name or appid, or Unknown."""
        with self._changed:
            app = self._apps.get(key) or self.find_app(key)
        if app is None:
            raise Unknown(f"no app {key!r}")
        return app

    def person(self, name: str) -> Person:
        """The person with this name, or Unknown."""
        with self._changed:
            person = self._people.get(name) or self._crowd.get(name)
        if person is None:
            raise Unknown(f"no person {name!r}")
        return person

    def find_openid(self, app: App, openid: str) -> Person | None:
        """Who has this openid in this app."""
        with self._changed:
            found = self._found.get(app.appid)
            if found is None:
                names = (*self._people, *self._crowd)
                found = {ids.openid(app.appid, name): name for name in names}
                self._found[app.appid] = found
            name = found.get(openid)
            return self.person(name) if name else None

    def find_avatar(self, avatar_id: str) -> Person | None:
        """Whose present avatar has this id; an outdated one is nobody's."""
        for person in self.people():
            if ids.avatar_id(person.name, person.revision) == avatar_id:
                return person
        return None

    def put_apps(self, data: object) -> list[App]:
        """Add or change apps; one object or a list. The name says which app is meant.

        Raises Invalid (a field is wrong) and Clash (an appid is taken already).
        """
        items = data if isinstance(data, list) else [data]
        with self._changed:
            apps = dict(self._apps)
            done = [_put_app(apps, item, i) for i, item in enumerate(items)]
            self._apps = apps
        return done

    def put_person(self, data: object) -> Person:
        """Add a person, or change the fields named. Raises Invalid."""
        fields = mapping(data, "person")
        with self._changed:
            old = self._people.get(str(fields.get("name", "")))
            person = person_from(fields, where="person", old=old)
            self._people[person.name] = person
            self._found.clear()
        return person

    def ids_of(self, person: Person) -> dict[str, Any]:
        """openids by app name, unionids by open platform."""
        apps = self.apps()
        platforms = {app.open_platform for app in apps if app.open_platform}
        return {
            "openids": {a.name: ids.openid(a.appid, person.name) for a in apps},
            "unionids": {p: ids.unionid(p, person.name) for p in sorted(platforms)},
        }


def _put_app(apps: dict[str, App], item: object, index: int) -> App:
    where = f"apps[{index}]"
    fields: Mapping[str, Any] = mapping(item, where)
    app = app_from(fields, where=where, old=apps.get(str(fields.get("name", ""))))
    for other in apps.values():
        if other.appid == app.appid and other.name != app.name:
            raise Clash(f"{where}.appid: {app.appid} is the app {other.name!r} already")
    apps[app.name] = app
    return app


#: Seconds a consent is good for; Tencent names no number, about 30 days were seen.
CONSENT_SECONDS = 30 * 24 * 3600


@dataclass(frozen=True)
class Following:
    """That a person follows an account; `code` is what led there."""

    since: float
    code: AccountCode | None


class Relations(Part):
    """Follows, consents and previews, each for one account and one person."""

    def reset(self) -> None:
        with self._changed:
            self._followers: dict[tuple[str, str], Following] = {}
            self._consents: dict[tuple[str, str], float] = {}
            self._previews: dict[tuple[str, str], str] = {}

    def follow(self, app: App, person: str, code: AccountCode | None = None) -> None:
        """From now on; `code` is the account's that led there."""
        with self._changed:
            new = Following(self._now(), code)
            self._followers.setdefault((app.appid, person), new)

    def unfollow(self, app: App, person: str) -> None:
        with self._changed:
            self._followers.pop((app.appid, person), None)

    def followers(self, app: App) -> list[str]:
        """Who follows the account, the longest first."""
        with self._changed:
            return [name for appid, name in self._followers if appid == app.appid]

    def follows(self, app: App, person: str) -> bool:
        return self.following(app, person) is not None

    def following(self, app: App, person: str) -> Following | None:
        """Since when the person follows, and by what; None for not at all."""
        with self._changed:
            return self._followers.get((app.appid, person))

    def consent(self, app: App, person: str) -> None:
        """The person tapped "allow"; a preview that was open is over."""
        with self._changed:
            self._consents[app.appid, person] = self._now()
            self._previews.pop((app.appid, person), None)

    def consented(self, app: App, person: str) -> bool:
        """Whether the person ever allowed this account to read the profile."""
        with self._changed:
            return (app.appid, person) in self._consents

    def consented_lately(self, app: App, person: str) -> bool:
        """Whether WeChat still remembers it and does not ask."""
        with self._changed:
            given = self._consents.get((app.appid, person))
            return given is not None and self._now() < given + CONSENT_SECONDS

    def forget_consent(self, app: App, person: str) -> None:
        """The person took it back, and will be asked again."""
        with self._changed:
            self._consents.pop((app.appid, person), None)

    def show_preview(self, app: App, person: str, link: str) -> None:
        with self._changed:
            self._previews[app.appid, person] = link

    def preview(self, app: App, person: str) -> str:
        """The consent link whose preview this person is looking at, or nothing."""
        with self._changed:
            return self._previews.get((app.appid, person), "")
