"""What the simulator refuses, and the reading of somebody's JSON or TOML that does so.

SimulatorError (a ValueError)
├── Invalid    400  the request or the file is wrong; the text names the field
├── Unknown    404  no such code, app or person
└── Clash      409  what is asked contradicts the state of things

A call of a server that WeChat refuses is another thing: ApiError, with an errcode.
"""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar


class SimulatorError(ValueError):
    """Base of the tree. `str()` is a sentence for whoever drives the simulator."""

    status: ClassVar[int] = 400


class Invalid(SimulatorError):
    status = 400


class Unknown(SimulatorError):
    status = 404


class Clash(SimulatorError):
    status = 409


class ApiError(Exception):
    """A call ends with this errcode; without an errmsg with its usual one."""

    def __init__(self, errcode: int, errmsg: str | None = None) -> None:
        super().__init__(errcode)
        self.errcode = errcode
        self.errmsg = errmsg


#: Stands in the place of a secret that is not shown.
MASK = "•••"


def mapping(data: object, where: str) -> Mapping[str, Any]:
    """`data` as an object, or Invalid."""
    if not isinstance(data, Mapping):
        raise Invalid(f"{where}: an object is needed, not {type(data).__name__}")
    return data


def known(data: Mapping[str, Any], names: Iterable[str], where: str) -> None:
    """Refuse a misspelled field instead of silently ignoring it."""
    names = list(names)
    for name in data:
        if name not in names:
            raise Invalid(
                f"{where}.{name}: no such field; there are {', '.join(names)}"
            )


def text(data: Mapping[str, Any], name: str, where: str, default: str | None) -> str:
    """A string; `default` None means that the field is required."""
    value = data.get(name, default)
    if value is None and default is None:
        raise Invalid(f"{where}.{name}: missing")
    if not isinstance(value, str):
        raise Invalid(f"{where}.{name}: a string is needed, not {value!r}")
    return value


def flag(data: Mapping[str, Any], name: str, where: str, default: bool) -> bool:
    """True or false, `default` where it is not said."""
    value = data.get(name, default)
    if not isinstance(value, bool):
        raise Invalid(f"{where}.{name}: true or false, not {value!r}")
    return value


def texts(
    data: Mapping[str, Any], name: str, where: str, default: tuple[str, ...]
) -> tuple[str, ...]:
    """A list of strings; a single string counts as a list of one."""
    value = data.get(name, list(default))
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise Invalid(f"{where}.{name}: a list of strings is needed, not {value!r}")
    return tuple(value)
