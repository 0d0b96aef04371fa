"""Reads a user's fields strictly.

Ids are held to what WeChat gives out (`wechat.identifiers`, security row 44), and
every way of writing "nothing" is nothing. What is not understood refuses the line: a
field nobody read would be lost.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from wxlogin.accounts.person import WRITTEN, Profile
from wxlogin.config import App
from wxlogin.errors import BadRequest
from wxlogin.sites.groups import read_groups
from wxlogin.sites.members import require_external_id
from wxlogin.transfer.damage import Digits, damage
from wxlogin.transfer.record import FIELDS, Alias, Record, Refusal
from wxlogin.wechat.identifiers import is_issued, says_nothing

# More ids than a person has; it bounds what one line can ask of the database.
MOST_IDS = 100
_UID = re.compile(r"[A-Za-z0-9]{22}")
# WeChat is younger; a table's "no date" is often older.
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_NOT_TRUSTED = (
    "uid, former_uids and disabled hold at every site, so they are not one site's to "
    "say: import without --site, or say --trust for a file that you made yourself"
)
_AS_IS = "if it really is written so, say --as-is"


@dataclass(kw_only=True)
class Records:
    """Makes records of what stands in a file. A moment that lies ahead of `at` counts
    as `at`; without a site there can be no external id."""

    apps: tuple[App, ...]
    at: datetime
    with_site: bool
    #: The file may say which uids of ours its people have, and who may not sign in; a
    #: site's own may not.
    trusted: bool = True
    #: External ids are taken although they look damaged or like nothing.
    as_is: bool = False
    #: Open platforms that count although no app is bound to one any more.
    platforms: tuple[str, ...] = ()
    #: Gives the address at which we would fetch a picture.
    picture: Callable[[str], str | None] = str
    _digits: Digits = field(default_factory=Digits)

    @cached_property
    def app_by_name(self) -> dict[str, App]:
        """The apps by appid and by name."""
        appids = {app.appid: app for app in self.apps}
        return appids | {app.name: app for app in self.apps}

    @cached_property
    def known_platforms(self) -> set[str]:
        """The open platforms of which a unionid can be."""
        bound = {app.open_platform for app in self.apps if app.open_platform}
        return bound.union(self.platforms)

    def read(self, fields: Mapping[str, Any]) -> Record:
        """Raises Refusal."""
        for name in fields:
            if name not in FIELDS:
                raise Refusal(f"there is no field {name[:40]!r}")
        _object(fields.get("phones"), "phones")
        unionids = self._unionids(fields.get("unionids"))
        openids = tuple(self._openids(fields.get("openids"), unionids))
        for alias in openids:
            if alias.open_platform and alias.unionid:
                unionids.setdefault((alias.open_platform, alias.unionid))
        if not openids and not unionids:
            raise Refusal("neither an openid nor a unionid: no sign-in could match it")
        if len(openids) + len(unionids) > MOST_IDS:
            raise Refusal(f"more than {MOST_IDS} openids and unionids")
        _require_one_each(openids)
        formers = _former_uids(fields.get("former_uids"))
        uid = _uid(fields.get("uid"))
        disabled = self._disabled(fields.get("disabled"))
        if not self.trusted and (uid or formers or disabled):
            raise Refusal(_NOT_TRUSTED)
        profile, lost = self._profile(fields)
        record = Record(
            openids=openids,
            unionids=tuple(unionids),
            external_id=self._external_id(fields.get("external_id")),
            uid=uid,
            former_uids=formers,
            former_external_ids=self._former_external_ids(
                fields.get("former_external_ids"), formers
            ),
            profile=profile,
            picture_elsewhere=lost,
            as_is=self.as_is,
            created=self._moment(fields.get("created"), "created") or self.at,
            disabled=disabled,
            groups=self._groups(fields.get("groups")),
        )
        _require_each_id_once(record)
        return record

    def _unionids(self, value: Any) -> dict[tuple[str, str], None]:
        found: dict[tuple[str, str], None] = {}
        for platform, listed in _object(value, "unionids").items():
            if platform not in self.known_platforms:
                raise Refusal(f"no app is bound to an open platform {platform[:64]!r}")
            for unionid in _listed(listed):
                _require_issued(unionid, f"the unionid of {platform}")
                found[(platform, unionid)] = None
        return found

    def _openids(
        self, value: Any, unionids: Mapping[tuple[str, str], None]
    ) -> Iterator[Alias]:
        for name, listed in _object(value, "openids").items():
            app = self.app_by_name.get(name)
            if app is None:
                raise Refusal(f"no app is called {name[:64]!r}")
            here = [
                unionid for place, unionid in unionids if place == app.open_platform
            ]
            only = here[0] if len(here) == 1 else None
            for one in _listed(listed):
                yield _alias(app, one, only)

    def _external_id(self, value: Any) -> str | None:
        if value is None or value == "":
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            raise Refusal("external_id is no text")
        if not self.with_site:
            raise Refusal("an external_id is a site's: name the site")
        if not self.as_is:
            self._require_whole(value)
        try:
            require_external_id(value)
        except BadRequest as error:
            raise Refusal(str(error)) from None
        return value

    def _groups(self, value: Any) -> tuple[str, ...] | None:
        if value is None:
            return None
        if not self.with_site:
            raise Refusal("groups are a site's: name the site")
        try:
            return read_groups(value, site="the line")
        except BadRequest as error:
            raise Refusal(str(error)) from None

    def _require_whole(self, text: str) -> None:
        why = damage(text)
        # Some number their customers from 0 on.
        if why is None and says_nothing(text) and not text.isdecimal():
            why = "a way of writing that there is none"
        if why is None and self._digits.rounded(text):
            why = "a number of which a spreadsheet has kept fifteen digits"
        if why:
            raise Refusal(f"the external_id is {why}; {_AS_IS}")

    def _profile(self, fields: Mapping[str, Any]) -> tuple[Profile, bool]:
        """The profile, and whether its picture is one that we never fetch."""
        texts: dict[str, Any] = {}
        for name, written in WRITTEN.items():
            texts[name] = fields.get(written)
            if not isinstance(texts[name], str | None):
                raise Refusal(f"{written} is no text")
        given = texts["avatar"]
        texts["avatar"] = self.picture(given) if given else None
        profile = Profile(**texts)
        return profile, bool(given) and profile.avatar is None

    def _former_external_ids(
        self, value: Any, formers: tuple[str, ...]
    ) -> tuple[tuple[str, str], ...]:
        found = []
        for uid, text in _object(value, "former_external_ids").items():
            external_id = self._external_id(text)
            if uid not in formers or external_id is None:
                raise Refusal("former_external_ids goes by uids of former_uids")
            found.append((uid, external_id))
        return tuple(found)

    def _moment(self, value: Any, name: str) -> datetime | None:
        if value is None or value == "":
            return None
        try:
            at = datetime.fromisoformat(value)
            at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        except (TypeError, ValueError, OverflowError):
            raise Refusal(f"{name} is written 2024-05-31T08:00:00+08:00") from None
        if at < _EARLIEST:
            raise Refusal(f"{name} lies before 1970")
        return min(at, self.at)

    def _disabled(self, value: Any) -> datetime | None:
        if isinstance(value, bool):
            return self.at if value else None
        return self._moment(value, "disabled")


def _alias(app: App, value: Any, unionid: str | None) -> Alias:
    openid = value
    if isinstance(value, dict):
        if not value.keys() <= {"openid", "unionid"}:
            raise Refusal(f"an openid of {app.name} has fields nobody knows")
        openid, unionid = value.get("openid"), value.get("unionid")
        if unionid is not None:
            _require_issued(unionid, f"the unionid of an openid of {app.name}")
            if not app.open_platform:
                raise Refusal(f"{app.name} is bound to no open platform: no unionid")
    _require_issued(openid, f"the openid of {app.name}")
    return Alias(app, openid, unionid)


def _require_issued(value: Any, what: str) -> None:
    if is_issued(value):
        return
    why = damage(value) if isinstance(value, str) else None
    if why:
        raise Refusal(f"{what} is {why}")
    raise Refusal(
        f"{what} cannot be one: WeChat's have 28 or 29 letters, digits, - and _"
    )


def _require_one_each(openids: tuple[Alias, ...]) -> None:
    """Within one app a unionid has one openid at most (docs/accounts.md)."""
    pairs = [(one.app.appid, one.unionid) for one in openids if one.unionid]
    if len(set(pairs)) < len(pairs):
        raise Refusal("two openids of one app for one person of WeChat")


def _require_each_id_once(record: Record) -> None:
    ids = list(record.ids())
    if len(set(ids)) < len(ids):
        raise Refusal("the line names one id twice")


def _object(value: Any, name: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refusal(f"{name} is no object")
    return value


def _listed(value: Any) -> list[Any]:
    """What is given for an app; nothing for the ways of writing nothing."""
    given = value if isinstance(value, list) else [value]
    return [one for one in given if not _is_nothing(one)]


def _is_nothing(value: Any) -> bool:
    if isinstance(value, dict):
        return _is_nothing(value.get("openid")) and _is_nothing(value.get("unionid"))
    return value is None or (isinstance(value, str) and says_nothing(value))


def _uid(value: Any) -> str | None:
    if _is_nothing(value):
        return None
    if not isinstance(value, str) or not _UID.fullmatch(value):
        raise Refusal("a uid of ours has 22 letters and digits")
    return value


def _former_uids(value: Any) -> tuple[str, ...]:
    found = tuple(_uid(one) for one in _listed(value))
    if len(found) > MOST_IDS:
        raise Refusal(f"more than {MOST_IDS} former_uids")
    return tuple(one for one in found if one is not None)
