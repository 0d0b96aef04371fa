"""People of the simulated world: who holds the phone."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .errors import Invalid
from .fields import known, text

#: The avatar the simulator draws itself; empty means that the person has none,
#: anything else is sent as it stands.
GENERATED = "generated"

_NAME = re.compile(r"[a-z0-9_-]{1,40}")
_FIELDS = ("name", "nickname", "avatar", "language")


@dataclass(frozen=True)
class Person:
    """One person. `name` is the simulator's handle, `nickname` what WeChat tells.

    `revision` counts changes of the avatar: an old picture's address dies with it.
    """

    name: str
    nickname: str
    avatar: str = GENERATED
    language: str = "zh_CN"
    revision: int = 0

    @property
    def label(self) -> str:
        """What a page calls this person, also one without a nickname."""
        shown = "".join(c for c in self.nickname if c.isprintable()).strip()
        return shown or self.name


def person_from(
    data: Mapping[str, Any], *, where: str, old: Person | None = None
) -> Person:
    """A Person from JSON or TOML; fields not named keep the value they have in `old`.

    Raises Invalid with a text that begins with `where` and the field's name.
    """
    known(data, _FIELDS, where)
    name = text(data, "name", where, None)
    if not _NAME.fullmatch(name):
        raise Invalid(f"{where}.name: 1 to 40 of a-z, 0-9, `_`, `-`, not {name!r}")
    base = old or Person(name, nickname=name)
    changed = "avatar" in data and old is not None
    return replace(
        base,
        nickname=text(data, "nickname", where, base.nickname),
        avatar=text(data, "avatar", where, base.avatar),
        language=text(data, "language", where, base.language),
        revision=base.revision + changed,
    )
