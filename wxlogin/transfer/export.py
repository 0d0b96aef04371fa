"""Writes people out, in the form an import takes.

All of it is one reading transaction, so a merge in the meantime loses nobody, and in
the order of our numbers, a page at a time, so memory stays the same.
"""

import csv
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TextIO

import sqlalchemy as sa
from sqlalchemy.orm import Session

from wxlogin.accounts import phones
from wxlogin.accounts.avatars import is_chosen
from wxlogin.accounts.models import Identity, SiteUser, UnionId, User
from wxlogin.accounts.person import PROFILE, WRITTEN
from wxlogin.accounts.phones import KeptPhone
from wxlogin.config import App
from wxlogin.db import reading
from wxlogin.errors import AccountGone
from wxlogin.service import running
from wxlogin.transfer.lines import Format
from wxlogin.transfer.rows import columns, row_of

PAGE = 1000
_USERS = sa.select(
    User.id,
    User.uid,
    *(getattr(User, name) for name in PROFILE),
    User.created_at,
    User.disabled_at,
).where(User.merged_into_id.is_(None))
# JSON need not escape them, and yet many programs end a line there.
_LINE_ENDS = {ord(one): f"\\u{ord(one):04x}" for one in "\x85\u2028\u2029"}


def export_people(
    file: TextIO, shape: Format, apps: Sequence[App], *, client_id: str | None = None
) -> Iterator[int]:
    """Writes every user, or those whom a site knows; yields how many so far.

    `file` gets the lines, in the form of `shape`; `apps` are those of the settings,
    whose names stand for their appids. With a `client_id` the lines have the external
    ids of this site, which are its alone. Raises Unready where the database does not
    answer.
    """
    with reading() as session:
        see_one_moment(session)
        known = {app.appid: app for app in apps}
        write = _writer(file, shape, session, known)
        pages = _Pages(session, known, client_id)
        done = 0
        for page in pages:
            for fields in page:
                write(fields)
            done += len(page)
            yield done


def line_of(session: Session, user_id: int, apps: Sequence[App]) -> dict[str, Any]:
    """The line of this user alone, inside the caller's session. Raises AccountGone."""
    known = {app.appid: app for app in apps}
    line = _Pages(session, known, None).one(user_id)
    if line is None:
        raise AccountGone("no account has this id")
    return line


def see_one_moment(session: Session) -> None:
    """Reads what is committed now until the end; SQLite does so anyway."""
    if session.get_bind().dialect.name != "sqlite":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def _writer(
    file: TextIO, shape: Format, session: Session, known: dict[str, App]
) -> Callable[[dict[str, Any]], object]:
    if shape is Format.jsonl:
        return lambda fields: file.write(_json_line(fields))
    header = columns(*_places(session, known))
    # Rows end as RFC 4180 has it; with another end a lone CR in a cell goes unquoted.
    rows = csv.writer(file, lineterminator="\r\n")
    rows.writerow(header)
    return lambda fields: rows.writerow(row_of(header, fields))


def _json_line(fields: dict[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False).translate(_LINE_ENDS) + "\n"


def _places(session: Session, known: dict[str, App]) -> tuple[list[str], list[str]]:
    """The apps and open platforms that somebody has an id of."""
    appids = session.scalars(sa.select(Identity.appid).distinct())
    apps = sorted(_name(known.get(appid), appid) for appid in appids)
    platforms = session.scalars(sa.select(UnionId.open_platform).distinct())
    return apps, sorted(platforms)


@dataclass
class _Person:
    """What stands about one user in the tables beside `users`."""

    identities: list[Any] = field(default_factory=list)
    unionids: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    former_uids: list[str] = field(default_factory=list)
    external_id: str | None = None
    #: The user's own, or what the site said of one who was merged into the user.
    groups: list[str] | None = None
    former_external_ids: dict[str, str] = field(default_factory=dict)
    phones: list[KeptPhone] = field(default_factory=list)


class _Pages:
    """Users as fields, PAGE of them at a time, in the order of their numbers."""

    def __init__(
        self, session: Session, apps: dict[str, App], client_id: str | None
    ) -> None:
        self._session = session
        self._apps = apps
        self._client_id = client_id

    def __iter__(self) -> Iterator[list[dict[str, Any]]]:
        last = 0
        while page := self._users(last):
            last = page[-1].id
            people = self._people([user.id for user in page])
            yield [
                self._fields(user, people[user.id])
                for user in page
                if self._client_id is None or user.id in people
            ]

    def one(self, user_id: int) -> dict[str, Any] | None:
        """The fields of this user; None for one that is gone."""
        user = self._session.execute(_USERS.where(User.id == user_id)).first()
        return self._fields(user, self._people([user_id])[user_id]) if user else None

    def _users(self, last: int) -> Sequence[Any]:
        query = _USERS.where(User.id > last).order_by(User.id).limit(PAGE)
        return self._session.execute(query).all()

    def _people(self, ids: list[int]) -> dict[int, _Person]:
        """With a site: only those whom it knows."""
        people: dict[int, _Person] = defaultdict(_Person)
        formers = self._formers(ids)
        if self._client_id is not None:
            self._add_customers(people, ids, formers)
            ids = [user_id for user_id in ids if user_id in people]
        for owner, uid in formers.values():
            if owner in people or self._client_id is None:
                people[owner].former_uids.append(uid)
        self._add_ids(people, ids)
        if self._client_id is None:
            # They were given to the operator's programs, and not to a site.
            sealer = running().sealer
            for owner, kept in phones.of_users(self._session, ids, sealer).items():
                people[owner].phones = kept
        return people

    def _formers(self, ids: list[int]) -> dict[int, tuple[int, str]]:
        query = sa.select(User.id, User.merged_into_id, User.uid).where(
            User.merged_into_id.in_(ids)
        )
        rows = self._session.execute(query.order_by(User.id))
        return {number: (owner, uid) for number, owner, uid in rows if owner}

    def _add_ids(self, people: dict[int, _Person], ids: list[int]) -> None:
        identities = sa.select(
            Identity.user_id,
            Identity.appid,
            Identity.openid,
            Identity.open_platform,
            Identity.unionid,
        ).where(Identity.user_id.in_(ids))
        for row in self._session.execute(identities.order_by(Identity.id)):
            people[row.user_id].identities.append(row)
        unionids = sa.select(
            UnionId.user_id, UnionId.open_platform, UnionId.unionid
        ).where(UnionId.user_id.in_(ids))
        for owner, platform, unionid in self._session.execute(
            unionids.order_by(UnionId.id)
        ):
            people[owner].unionids[platform].append(unionid)

    def _add_customers(
        self,
        people: dict[int, _Person],
        ids: list[int],
        formers: dict[int, tuple[int, str]],
    ) -> None:
        query = sa.select(
            SiteUser.user_id, SiteUser.external_id, SiteUser.groups
        ).where(
            SiteUser.client_id == self._client_id,
            SiteUser.user_id.in_([*ids, *formers]),
        )
        # A user's own row is the last word, whenever it was written.
        rows = self._session.execute(query.order_by(SiteUser.id)).all()
        for user_id, external_id, groups in sorted(
            rows, key=lambda r: r[0] not in formers
        ):
            if user_id not in formers:
                person = people[user_id]
                person.external_id = external_id
                person.groups = person.groups if groups is None else groups
                continue
            owner, uid = formers[user_id]
            person = people[owner]
            if external_id is not None:
                person.former_external_ids[uid] = external_id
            if person.groups is None:
                person.groups = groups

    def _fields(self, user: Any, person: _Person) -> dict[str, Any]:
        disabled = user.disabled_at and user.disabled_at.isoformat()
        everything = {
            "external_id": person.external_id,
            "uid": user.uid,
            "openids": self._openids(person),
            "unionids": {name: _one(ids) for name, ids in person.unionids.items()},
            **_profile(user),
            "created": user.created_at.isoformat(),
            "disabled": disabled,
            "former_uids": person.former_uids,
            "former_external_ids": person.former_external_ids,
            "phones": self._phones(person),
        }
        said = {name: value for name, value in everything.items() if value}
        # No groups at all is something that a site may have said.
        return said if person.groups is None else said | {"groups": person.groups}

    def _openids(self, person: _Person) -> dict[str, Any]:
        found: dict[str, list[Any]] = defaultdict(list)
        for row in person.identities:
            app = self._apps.get(row.appid)
            found[_name(app, row.appid)].append(_openid(row, app, person))
        return {name: _one(ids) for name, ids in found.items()}

    def _phones(self, person: _Person) -> dict[str, Any]:
        found: dict[str, list[str]] = defaultdict(list)
        for kept in person.phones:
            text = f"+{kept.phone.country_code} {kept.phone.number}"
            found[_name(self._apps.get(kept.appid), kept.appid)].append(text)
        return {name: _one(texts) for name, texts in found.items()}


def _name(app: App | None, appid: str) -> str:
    return app.name if app else appid


def _openid(row: Any, app: App | None, person: _Person) -> Any:
    """The openid; with its unionid where an import would not come to that alone."""
    platform = app.open_platform if app else row.open_platform
    recorded = row.unionid if row.open_platform == platform else None
    here = person.unionids.get(platform, []) if platform else []
    if (here[0] if len(here) == 1 else None) == recorded:
        return row.openid
    return {"openid": row.openid, "unionid": recorded}


def _profile(user: Any) -> dict[str, str | None]:
    """A picture that the person sent us has no address at WeChat's."""
    said = {said: getattr(user, name) for name, said in WRITTEN.items()}
    if is_chosen(said["avatar"] or ""):
        said["avatar"] = None
    return said


def _one(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values
