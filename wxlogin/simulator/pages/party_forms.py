"""People and apps by the front page's forms.

A field of such a form is called `app.…` or `person.…`: an `appid` of its own name would
say which world the request is about. What a form does not have keeps its value, as do
fields that are left as they were shown.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..current import world, worlds
from ..refusals import Clash, Invalid, SimulatorError
from ..world.parties import App, Person
from ..world.registry import Registry

#: The fields of each form, in their order on the page.
PERSON = ("name", "nickname", "avatar", "language", "phone", "country_code")
APP = (
    *("name", "title", "kind", "appid", "secret", "open_platform"),
    *("callback_domains", "push_url"),
)
_FIELDS = {"person": PERSON, "app": APP}


@dataclass(frozen=True)
class Draft:
    """A form that was refused: what was typed, to be shown again, and why."""

    what: str
    is_new: bool
    fields: Mapping[str, str]
    problem: str

    def of(self, what: str, name: str = "") -> bool:
        """Whether it is the form of this party, or with no name that of a new one."""
        same = self.is_new if not name else not self.is_new
        return self.what == what and same and name in ("", self.fields["name"])

    def wrong(self, field: str) -> bool:
        """Whether the sentence is about this field."""
        words = self.problem.partition(": ")[0].replace(",", " ").split()
        return field in [word.rpartition(".")[2] for word in words]


def put(what: str, form: Mapping[str, str]) -> str | Draft:
    """Add or change a `person` or an `app`; the party's name, or the refused Draft."""
    given = {
        name: form[f"{what}.{name}"].strip()
        for name in _FIELDS[what]
        if f"{what}.{name}" in form
    }
    given.setdefault("name", "")
    is_new = form.get("put") == "new"
    try:
        _put(world().registry, what, given, is_new)
    except SimulatorError as error:
        # A party that went away meanwhile may be added again from what was typed.
        is_new = is_new or _old(world().registry, what, given["name"]) is None
        return Draft(what, is_new, given, str(error))
    return given["name"]


def _put(registry: Registry, what: str, given: Mapping[str, str], is_new: bool) -> None:
    old = _old(registry, what, given["name"])
    if is_new and old:
        raise Clash(f"{what}.name: {given['name']!r} is there already")
    if not is_new and not old:
        raise Invalid(f"{what}.name: there is no {given['name']!r}")
    fields = _changed(given, old)
    if what == "person":
        registry.put_person(fields)
        return
    worlds().require_free(world(), given.get("appid", ""))
    if "callback_domains" in fields:
        fields["callback_domains"] = given["callback_domains"].replace(",", " ").split()
    registry.put_apps(fields)


def _old(registry: Registry, what: str, name: str) -> App | Person | None:
    parties = registry.people() if what == "person" else registry.apps()
    return next((each for each in parties if each.name == name), None)


def _changed(given: Mapping[str, str], old: App | Person | None) -> dict[str, Any]:
    """Without what is as it was shown: a field may not hold it whole, and naming the
    avatar alone would change its address."""
    if old is None:
        return dict(given)
    return {
        name: value
        for name, value in given.items()
        if name == "name" or value != shown(getattr(old, name))
    }


def shown(value: str | tuple[str, ...]) -> str:
    """A party's value as a field can hold it: no control characters, no halves."""
    text = value if isinstance(value, str) else " ".join(value)
    odd = ("Cc", "Cs")
    whole = ("\ufffd" if unicodedata.category(c) in odd else c for c in text)
    return "".join(whole).strip()
