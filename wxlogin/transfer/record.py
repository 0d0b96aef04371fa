"""One user as a file has it, and what became of the line.

    {"external_id": "42", "openids": {"web": "o6_bm…"}, "unionids": {"main": "oAb…"},
     "name": "小明", "created": "2024-05-31T08:00:00+08:00"}

`openids` goes by an app's name or appid, `unionids` by the name of an open platform.
An openid belongs to the unionid of its app's open platform, if the line has just one.
A user who is several persons of WeChat has lists, and says which openid has which
unionid: {"web": ["o1", {"openid": "o2", "unionid": "u2"}]}. `avatar`, `language`,
`groups` (a list, of the site's own software) and `disabled` (true, or since when) may
stand there, and in a file of our own `uid`, `former_uids`, `former_external_ids` by
former uid, and `phones`, which an import leaves out: what a person has told one program
of ours is no word of a file's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from wxlogin.accounts.person import WRITTEN, Profile
from wxlogin.config import App

FIELDS = (
    "external_id",
    "uid",
    "groups",
    "openids",
    "unionids",
    *WRITTEN.values(),
    "created",
    "disabled",
    "former_uids",
    "former_external_ids",
    "phones",
)


class Refusal(Exception):
    """The line is not taken; the text says why."""


@dataclass(frozen=True)
class Alias:
    """One openid, with the unionid that belongs to it."""

    app: App
    openid: str
    unionid: str | None

    @property
    def key(self) -> tuple[str, str]:
        return (self.app.appid, self.openid)

    @property
    def open_platform(self) -> str | None:
        return self.app.open_platform if self.unionid else None


@dataclass(frozen=True)
class Record:
    """One user; every id in it can be one."""

    openids: tuple[Alias, ...]
    #: Pairs of open platform and unionid, those of `openids` among them.
    unionids: tuple[tuple[str, str], ...]
    external_id: str | None
    uid: str | None
    former_uids: tuple[str, ...]
    #: A former uid, and the external id that leads to it.
    former_external_ids: tuple[tuple[str, str], ...]
    profile: Profile
    created: datetime
    disabled: datetime | None
    #: The groups of the site's that the user is in; None: nothing is said.
    groups: tuple[str, ...] | None = None
    #: The line has a picture at an address that we never fetch from.
    picture_elsewhere: bool = False
    #: External ids are texts, whatever they look like.
    as_is: bool = False

    def ids(self) -> Iterator[tuple[str, str, str]]:
        """Everything that names this user: kind, where it counts, id."""
        for alias in self.openids:
            yield ("openid", alias.app.name, alias.openid)
        for platform, unionid in self.unionids:
            yield ("unionid", platform, unionid)
        if self.external_id is not None:
            yield ("external_id", "", self.external_id)
        for _, external_id in self.former_external_ids:
            yield ("external_id", "", external_id)
        if self.external_id is not None and self.external_id.isdecimal():
            if not self.as_is:
                # A spreadsheet drops zeros in front: 007 and 7 may be one customer.
                yield ("number", "", self.external_id.lstrip("0"))
        if self.uid is not None:
            yield ("uid", "", self.uid)
        for uid in self.former_uids:
            yield ("uid", "", uid)


class Outcome(StrEnum):
    """In the order in which they are told."""

    #: A user was made.
    new = "new"
    #: Everything on the line was there before.
    known = "known"
    #: A user who was there before gained something.
    linked = "linked"
    #: The line contradicts what is there; nothing was changed.
    conflict = "conflict"
    #: An earlier line of the same file is about the same user.
    duplicate = "duplicate"
    #: The line cannot be read, or could never match anybody.
    refused = "refused"

    @property
    def taken(self) -> bool:
        """Is what the line says in the database now?"""
        return self in (Outcome.new, Outcome.known, Outcome.linked)


@dataclass(frozen=True)
class Result:
    """One line of a file. `reason` is a sentence for the operator, without ids of
    WeChat's; `uid` is the user's, where there is one already."""

    line: int
    outcome: Outcome
    reason: str = ""
    uid: str | None = None
    external_id: str | None = None
    #: For a duplicate: the line that came first.
    earlier_line: int | None = None
    #: The line is taken, but for a picture at an address that we never fetch from.
    picture_elsewhere: bool = False
