"""Reads a user's fields strictly.

Ids are held to the same rule as WeChat's own answers (`accounts.person`, security
row 44). What is not understood refuses the line: a field nobody read would be lost.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from wxlogin.accounts.person import Profile, is_id
from wxlogin.accounts.site_users import require_external_id
from wxlogin.accounts.transfer.record import FIELDS, Alias, Record, Refusal
from wxlogin.config import App
from wxlogin.errors import BadRequest

# More ids than a person has; it bounds what one line can ask of the database.
MOST_IDS = 100
_UID = re.compile(r"[A-Za-z0-9]{22}")
# WeChat is younger; a table's "no date" is often older.
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


class Records:
    """Makes records of what stands in a file.

    `platforms` are open platforms that count although no app is bound to one any
    more; without a site there can be no external id. A moment that lies ahead of
    `at` counts as `at`.
    """

    def __init__(
        self,
        apps: tuple[App, ...],
        *,
        platforms: tuple[str, ...] = (),
        with_site: bool,
        at: datetime,
    ) -> None:
        self.apps = {app.appid: app for app in apps} | {app.name: app for app in apps}
        self.platforms = {*platforms, *(app.open_platform for app in apps)} - {None}
        self._with_site = with_site
        self._at = at

    def read(self, fields: Mapping[str, Any]) -> Record:
        """Raises Refusal."""
        for name in fields:
            if name not in FIELDS:
                raise Refusal(f"there is no field {name[:40]!r}")
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
        record = Record(
            openids=openids,
            unionids=tuple(unionids),
            external_id=self._external_id(fields.get("external_id")),
            uid=_uid(fields.get("uid")),
            former_uids=formers,
            former_external_ids=self._former_external_ids(
                fields.get("former_external_ids"), formers
            ),
            profile=_profile(fields),
            created=self._moment(fields.get("created"), "created") or self._at,
            disabled=self._disabled(fields.get("disabled")),
        )
        _require_each_id_once(record)
        return record

    def _unionids(self, value: Any) -> dict[tuple[str, str], None]:
        found: dict[tuple[str, str], None] = {}
        for platform, listed in _object(value, "unionids").items():
            if platform not in self.platforms:
                raise Refusal(f"no app is bound to an open platform {platform[:64]!r}")
            for unionid in _listed(listed):
                if not is_id(unionid):
                    raise Refusal(f"the unionid of {platform} cannot be one")
                found[(platform, unionid)] = None
        return found

    def _openids(
        self, value: Any, unionids: Mapping[tuple[str, str], None]
    ) -> Iterator[Alias]:
        for name, listed in _object(value, "openids").items():
            app = self.apps.get(name)
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
        if not self._with_site:
            raise Refusal("an external_id is a site's: name the site")
        try:
            require_external_id(value)
        except BadRequest as error:
            raise Refusal(str(error)) from None
        return value

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
        return min(at, self._at)

    def _disabled(self, value: Any) -> datetime | None:
        if isinstance(value, bool):
            return self._at if value else None
        return self._moment(value, "disabled")


def _alias(app: App, value: Any, unionid: str | None) -> Alias:
    openid = value
    if isinstance(value, dict):
        if not value.keys() <= {"openid", "unionid"}:
            raise Refusal(f"an openid of {app.name} has fields nobody knows")
        openid, unionid = value.get("openid"), value.get("unionid")
        if unionid is not None and not (app.open_platform and is_id(unionid)):
            raise Refusal(f"the unionid of an openid of {app.name} cannot be one")
    if not is_id(openid):
        raise Refusal(f"the openid of {app.name} cannot be one")
    return Alias(app, openid, unionid)


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
    if value is None or value == "":
        return []
    return value if isinstance(value, list) else [value]


def _uid(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not _UID.fullmatch(value):
        raise Refusal("a uid of ours has 22 letters and digits")
    return value


def _former_uids(value: Any) -> tuple[str, ...]:
    found = tuple(_uid(one) for one in _listed(value))
    if len(found) > MOST_IDS:
        raise Refusal(f"more than {MOST_IDS} former_uids")
    return tuple(one for one in found if one is not None)


def _profile(fields: Mapping[str, Any]) -> Profile:
    for name in ("name", "avatar", "language"):
        if not isinstance(fields.get(name), str | None):
            raise Refusal(f"{name} is no text")
    return Profile(
        fields.get("name") or "", fields.get("avatar"), fields.get("language")
    )
