"""Faults and quirks, each for everyone, for one app or for one person.

The narrowest setting wins: person, then app, then everyone. All are off at first.
"""

from copy import deepcopy
from threading import Condition
from typing import Any, TypedDict

from . import switch_values

# (what it is for, its name): ("everyone", ""), ("app", "web"), ("person", "lihua").
Scope = tuple[str, str]
EVERYONE: Scope = ("everyone", "")


class Who(TypedDict):
    """The names of the app and the person that something is about, or nothing."""

    app: str
    person: str


class Switches:
    """What is switched on. Values are checked when they are set, not when read."""

    def __init__(self, changed: Condition) -> None:
        self._changed = changed
        self._on: dict[Scope, dict[str, Any]] = {}

    def reset(self) -> None:
        with self._changed:
            self._on = {}

    def put(self, values: dict[str, Any], scope: Scope = EVERYONE) -> None:
        """Set switches for `scope`; None or False turns one off. All or none.

        Raises Invalid for an unknown name or a value the switch does not take.
        """
        checked = {
            name: None if _is_off(name, value) else switch_values.check(name, value)
            for name, value in values.items()
        }
        with self._changed:
            kept = self._on.get(scope, {}) | checked
            self._on[scope] = {k: v for k, v in kept.items() if v is not None}

    def get(self, name: str, *, app: str = "", person: str = "") -> Any:
        """The value for this app's and person's name, None when off."""
        with self._changed:
            for scope in (("person", person), ("app", app), EVERYONE):
                if name in self._on.get(scope, {}):
                    return self._on[scope][name]
        return None

    def for_path(
        self,
        name: str,
        path: str,
        *,
        app: str = "",
        person: str = "",
        named: bool = False,
    ) -> dict[str, Any] | None:
        """The rule of a switch that may be limited to a path, None when off here.

        `named` is for pages, which only a rule that names a path is about.
        """
        rule: dict[str, Any] | None = self.get(name, app=app, person=person)
        return rule if rule and _covers(rule["path"], path, named) else None

    def latency(
        self, path: str, *, app: str = "", person: str = "", named: bool = False
    ) -> int:
        """Milliseconds that an answer of this path waits."""
        value = self.get("latency_ms", app=app, person=person) or 0
        rule: dict[str, Any] = (
            value if isinstance(value, dict) else {"path": "", "ms": value}
        )
        return int(rule["ms"]) if _covers(rule["path"], path, named) else 0

    def take_errcode(
        self, path: str, *, app: str = "", person: str = "", named: bool = False
    ) -> dict[str, Any] | None:
        """The error this call must answer with, if any; counts `times` down."""
        with self._changed:
            for rule in self.get("errcode", app=app, person=person) or []:
                if _covers(rule["path"], path, named) and rule.get("times") != 0:
                    if "times" in rule:
                        rule["times"] -= 1
                    return dict(rule)
        return None

    def as_json(self) -> dict[str, Any]:
        """{"everyone": {…}, "apps": {name: {…}}, "people": {name: {…}}}"""
        with self._changed:
            on = deepcopy(self._on)
        return {
            "everyone": on.get(EVERYONE, {}),
            "apps": {n: v for (kind, n), v in on.items() if kind == "app" and v},
            "people": {n: v for (kind, n), v in on.items() if kind == "person" and v},
        }


def _covers(limit: str, path: str, named: bool) -> bool:
    """Whether a rule for `limit`, which may be empty, is about `path`."""
    if not limit:
        return not named
    return path == limit or path.startswith(f"{limit.rstrip('/')}/")


def _is_off(name: str, value: object) -> bool:
    # A misspelled name is an error even when it is being turned off.
    if name not in switch_values.SWITCHES:
        switch_values.check(name, value)
    return value is None or value is False
