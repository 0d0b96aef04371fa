"""JSON and TOML, with the place of a mistake and the sign that stands there.

The readers' own words are kept ("Expecting ',' delimiter"): they speak of the notation,
which is the operator's, and repeat no value.
"""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from wxlogin.config.written import character
from wxlogin.errors import ConfigurationError


def read_json(where: str, text: str) -> Any:
    """What the text says. Raises ConfigurationError that begins with `where`."""
    try:
        return json.loads(text, object_pairs_hook=_without_doubles)
    except json.JSONDecodeError as error:
        at = f"line {error.lineno}, column {error.colno}: {error.msg}"
        why = at + _odd(text, error.pos)
    except _Doubled as error:
        why = str(error)
    except (ValueError, RecursionError):
        why = "a number is too long, or a list too deep"
    raise ConfigurationError(f"{where} is not valid JSON: {why}")


def read_toml(path: Path, text: str) -> dict[str, Any]:
    """What the file at `path` says. Raises ConfigurationError that names it."""
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigurationError(f"{path} is no TOML: too many brackets") from None
    except ValueError as error:
        plain = text.replace("\r\n", "\n")
        odd = _odd(plain, _place_in_toml(plain, str(error)))
        raise ConfigurationError(f"{path} is no TOML: {error}{odd}") from None


class _Doubled(ValueError):
    pass


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if doubled := [name for name in names if names.count(name) > 1]:
        raise _Doubled(f"{doubled[0]} stands there twice in one table")
    return dict(pairs)


def _odd(text: str, place: int) -> str:
    """What a word processor or a Chinese keyboard left at the place of a mistake."""
    char = text[place : place + 1]
    return "" if not char or char.isascii() else f" ({character(char)})"


def _place_in_toml(text: str, told: str) -> int:
    found = re.search(r"at line (\d+), column (\d+)", told)
    if found is None:
        return len(text)
    line, column = int(found[1]), int(found[2])
    before = text.split("\n")[: line - 1]
    return sum(len(one) + 1 for one in before) + column - 1
