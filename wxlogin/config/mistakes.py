"""What is wrong with a value, in words for who wrote it.

pydantic finds the faults; its own words ("Input should be a valid integer") speak of
Python's types, and none of them reaches an operator. A sentence names the setting,
and of a list the app or site by its name, repeats what was written unless it may be a
secret, and says what to write instead.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from wxlogin.config.apps import App
from wxlogin.config.settings import Settings, table_of
from wxlogin.config.sites import Site
from wxlogin.config.sources import Given, nearest
from wxlogin.config.written import is_secret, shown, visible

# What stands in a list of tables, and how one of them is called.
_TABLES: dict[str, tuple[type[BaseModel], str]] = {
    "apps": (App, "app"),
    "sites": (Site, "site"),
}
_LIST = re.compile(r"(?:tuple|list|set|frozen_set)_type")
_READ_ON = "docs/settings.md says what it takes"


def explain(error: ValidationError, given: Mapping[str, Given]) -> str:
    """A sentence per fault, one a line."""
    return "\n".join(
        _Fault(fault, given).sentence() for fault in error.errors(include_url=False)
    )


class _Fault:
    """One fault of pydantic's, and where it is."""

    def __init__(self, fault: ErrorDetails, given: Mapping[str, Given]) -> None:
        self._kind, self._facts = fault["type"], fault.get("ctx", {})
        self._text, self._value = fault["msg"], fault["input"]
        self._path = fault["loc"]
        self._model: type[BaseModel]
        top = str(self._path[0]) if self._path else ""
        self._whole = given[top].value if top in given else None
        self._in_table = top in _TABLES and len(self._path) > 1
        names = self._path
        self._model, self._noun = Settings, "setting"
        if self._in_table:
            self._model, self._noun = _TABLES[top]
            names = self._path[2:]
        elif len(self._path) > 1 and (table := table_of(top)):
            self._model, self._noun = table, top.upper()
            names = self._path[1:]
        self._name = str(names[0]) if names else ""
        self._places = names[1:]

    def sentence(self) -> str:
        if self._kind == "missing":
            return f"{self._where()} is missing"
        if self._kind == "extra_forbidden":
            return f"{self._where()} is no field of {self._article()}{self._meant()}"
        given = "" if self._is_hidden() else f" is {shown(self._value)}"
        return f"{self._where()}{given}: {self._advice()}"

    def _where(self) -> str:
        top = str(self._path[0]).upper() if self._path else "settings"
        if self._noun == top:
            return f"{top}: {self._name}"
        if not self._in_table:
            places = "".join(f", {_at(place)}" for place in self._places)
            return f"{top}{places}"
        item = self._item(int(self._path[1]))
        return f"{top}: {self._name} of {item}" if self._name else f"{top}: {item}"

    def _item(self, at: int) -> str:
        """The app or site by its name; by its place where that is none or wrong."""
        items = self._whole if isinstance(self._whole, list | tuple) else ()
        item = items[at] if at < len(items) else None
        name = item.get("name") if isinstance(item, dict) else None
        if isinstance(name, str) and name.strip() and self._name != "name":
            return visible(name.strip()[:64])
        return f"the {self._noun} at place {at + 1}"

    def _article(self) -> str:
        articles = {"app": "an app", "site": "a site", "setting": "a setting"}
        return articles.get(self._noun, self._noun)

    def _meant(self) -> str:
        if self._in_table and self._name in Settings.model_fields:
            # In TOML all that stands below a [[…]] belongs to it.
            return f"; {self._name} is a setting: write it above the first [[…]]"
        near = nearest(self._name, self._model.model_fields, like=0.6)
        names = ", ".join(self._model.model_fields)
        return f"; did you mean {near}?" if near else f"; it has {names}"

    def _field(self) -> FieldInfo | None:
        return self._model.model_fields.get(self._name)

    def _is_hidden(self) -> bool:
        """A secret, a whole table, or a fault of several fields together."""
        if self._kind == "value_error" and isinstance(self._value, dict):
            return True
        field = self._field()
        return field is not None and is_secret(field)

    def _advice(self) -> str:
        if self._kind == "value_error":
            return str(self._facts.get("error") or self._text)
        for fits, advice in _ADVICE:
            if re.fullmatch(fits, self._kind):
                return advice(self._facts, self._field())
        if _LIST.fullmatch(self._kind):
            return f"write a list, also for one: {self._sample()}"
        if self._kind in ("model_type", "model_attributes_type", "dataclass_type"):
            return "write a table: {…}"
        return _READ_ON

    def _sample(self) -> str:
        tables = self._name in _TABLES and not self._in_table
        if tables:
            return f"[[{self._name}]] in TOML, [{{…}}] in JSON"
        return '["…"]'


def _at(place: int | str) -> str:
    return f"place {place + 1}" if isinstance(place, int) else place


def _choices(facts: Mapping[str, Any], _field: FieldInfo | None) -> str:
    names = re.findall(r"'([^']*)'", str(facts.get("expected", "")))
    return f"write {_joined(names)}"


def _joined(names: Sequence[str]) -> str:
    *front, last = names
    return f"{', '.join(front)} or {last}" if front else last


def _number(_facts: Mapping[str, Any], field: FieldInfo | None) -> str:
    whole = "a whole number" if field and field.annotation is int else "a number"
    bounds = _bounds(field)
    return f"write {whole}{', ' if bounds else ''}{bounds}"


def _bounds(field: FieldInfo | None) -> str:
    found = {
        name: getattr(one, name)
        for one in (field.metadata if field else ())
        for name in ("ge", "gt", "le", "lt")
        if hasattr(one, name)
    }
    low = f"{found['ge']} or more" if "ge" in found else ""
    low = f"more than {found['gt']}" if "gt" in found else low
    high = f"{found['le']} at most" if "le" in found else ""
    return ", ".join(filter(None, (low, high)))


def _length(facts: Mapping[str, Any], _field: FieldInfo | None) -> str:
    if "max_length" in facts:
        return f"it may have {facts['max_length']} characters at most"
    least = facts.get("min_length", 1)
    return "it is empty" if least == 1 else f"it has {least} characters or more"


_Advice = Callable[[Mapping[str, Any], FieldInfo | None], str]
_ADVICE: tuple[tuple[str, _Advice], ...] = (
    (r"literal_error|enum", _choices),
    (r"(?:int|float|finite)_.*|(?:greater|less)_than.*", _number),
    (r"bool_.*", lambda _facts, _field: "write on or off"),
    (r"string_too_.*|too_(?:long|short)", _length),
    (
        r"string_.*",
        lambda _facts, _field: "write text; in TOML and JSON in quotation marks",
    ),
    (
        r"dict_.*|mapping_.*",
        lambda _facts, _field: 'write a table of names and texts: {"name": "text"}',
    ),
)
