"""Where each setting comes from: arguments, the environment, files, wxlogin.toml.

What wins, from the top: arguments (tests, `mount`, the demo), the variable
`WXLOGIN_<NAME>` or the file that `WXLOGIN_<NAME>_FILE` names (never both),
wxlogin.toml, where a file is `<name>_file`, PORT and SIMULATOR_PORT, the defaults. A
file holds what the variable takes, whatever the setting is: lists and tables are JSON
in both.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from wxlogin.config.notation import (
    line_in_toml,
    read_file,
    read_json,
    read_toml,
    reason,
)
from wxlogin.config.settings import Settings, holds_secrets, is_structured, table_of
from wxlogin.config.written import shown
from wxlogin.errors import ConfigurationError

PREFIX = "WXLOGIN_"
#: Variables without the prefix that move a default, with its setting and host.
PORTS = {
    "PORT": ("public_url", "127.0.0.1"),
    "SIMULATOR_PORT": ("simulator_url", "localhost"),
}
_FILE = "_FILE"
# Names in the environment that are read elsewhere than in Settings.
_OTHER_NAMES = {"instance", "worker"}


@dataclass(frozen=True)
class Given:
    """A value as it was found, and where: a variable's name, a line of wxlogin.toml
    (`wxlogin.toml:3`), a word."""

    value: Any = field(repr=False)
    place: str
    #: The file that holds the value alone.
    file: Path | None = None


def collect(folder: Path, arguments: Mapping[str, Any]) -> dict[str, Given]:
    """Everything that is set, by the setting's name in lower case.

    Raises ConfigurationError with a sentence for each thing that cannot be read.
    """
    mistakes: list[str] = []
    found: dict[str, Given] = {}
    for source in (_ports(), _toml(folder), _environment(), _arguments(arguments)):
        try:
            for name, given in source:
                found[name] = _above(found.get(name), given)
        except _Mistakes as error:
            mistakes += error.sentences
    if mistakes:
        raise ConfigurationError("\n".join(mistakes))
    return found


def unknown_names() -> list[str]:
    """WXLOGIN_ variables that no setting is named after (spelling mistakes)."""
    known = {*Settings.model_fields, *_OTHER_NAMES}
    known |= {f"{name}{_FILE.lower()}" for name in Settings.model_fields}
    names = (key for key in os.environ if key.upper().startswith(PREFIX))
    return sorted(key for key in names if key[len(PREFIX) :].lower() not in known)


def advice_for(variable: str) -> str:
    """What to write for a variable that no setting is named after, or an empty text."""
    name = variable[len(PREFIX) :].lower()
    end = _FILE if name.endswith(_FILE.lower()) else ""
    near = nearest(name.removesuffix(_FILE.lower()), Settings.model_fields)
    return f"did you mean {PREFIX}{near.upper()}{end}?" if near else ""


def nearest(name: str, known: Iterable[str], *, like: float = 0.72) -> str | None:
    """The name that a misspelled one most likely means; `like` is from 0 (anything) to
    1 (the same)."""
    names = list(known)
    # Joints are left out or put in: `clientid`, `site-name`.
    bare = {one.replace("_", ""): one for one in names}
    if found := bare.get("".join(filter(str.isalnum, name.lower()))):
        return found
    close = get_close_matches(name.lower(), names, n=1, cutoff=like)
    return close[0] if close else None


def port_in(variable: str) -> int | None:
    """The port that a variable without our prefix names; None where it is not set.

    Raises ConfigurationError where it is no port.
    """
    text = os.environ.get(variable, "").strip()
    if not text:
        return None
    if not re.fullmatch("[0-9]{1,5}", text) or not 0 < int(text) < 65536:
        raise ConfigurationError(f"{variable} is {shown(text)}: a port is 1 to 65535")
    return int(text)


class _Mistakes(Exception):
    def __init__(self, sentences: Iterable[str]) -> None:
        self.sentences = list(sentences)


def _above(below: Given | None, given: Given) -> Given:
    """The upper one; of tables both, name by name."""
    if below and isinstance(below.value, dict) and isinstance(given.value, dict):
        return Given({**below.value, **given.value}, f"{given.place}, {below.place}")
    return given


def _ports() -> Iterator[tuple[str, Given]]:
    """Defaults that follow PORT and SIMULATOR_PORT."""
    for variable, (name, host) in PORTS.items():
        try:
            if port := port_in(variable):
                yield name, Given(f"http://{host}:{port}", variable)
        except ConfigurationError as error:
            raise _Mistakes([error.operator]) from None


def _arguments(given: Mapping[str, Any]) -> Iterator[tuple[str, Given]]:
    strangers = sorted(set(given) - set(Settings.model_fields))
    if strangers:
        raise _Mistakes(map(_stranger, strangers))
    for name, value in given.items():
        yield name, Given(value, "argument")


def _stranger(name: str, where: str = "") -> str:
    near = nearest(name, Settings.model_fields)
    meant = f"did you mean {near}?" if near else "docs/settings.md lists them all"
    return f"{where}there is no setting named {name}; {meant}"


def _toml(folder: Path) -> Iterator[tuple[str, Given]]:
    path = folder / "wxlogin.toml"
    try:
        text = _text_of(folder, path)
        values = read_toml(path, text)
    except ConfigurationError as error:
        raise _Mistakes([error.operator]) from None
    named = {name: name.removesuffix(_FILE.lower()) for name in values}
    if strangers := sorted(set(named.values()) - set(Settings.model_fields)):
        raise _Mistakes(_stranger(name, f"{path}: ") for name in strangers)
    mistakes = []
    for written, name in named.items():
        try:
            given = _value_in_toml(path, written, name, values)
        except ConfigurationError as error:
            mistakes.append(error.operator)
        else:
            line = line_in_toml(text, written)
            yield name, replace(given, place=f"{path.name}{f':{line}' if line else ''}")
    if mistakes:
        raise _Mistakes(mistakes)


def _value_in_toml(
    path: Path, written: str, name: str, values: Mapping[str, Any]
) -> Given:
    """The value itself; or what stands in the file that `<name>_file` names, beside
    wxlogin.toml where that is no whole path."""
    if written == name:
        return Given(values[name], path.name)
    where, file = f"{path}: {written}", values[written]
    if name in values:
        raise ConfigurationError(f"{where} and {name} both stand there; keep one")
    if not isinstance(file, str) or not file.strip():
        raise ConfigurationError(f"{where}: write the name of a file")
    whole = str(path.parent / file.strip())
    return Given(_from_file(name, where, whole), path.name, Path(whole))


def _text_of(folder: Path, path: Path) -> str:
    """What stands in wxlogin.toml; nothing where there is none.

    A link that leads nowhere, a folder of this name, and what Windows' editors make of
    the name are mistakes, and no other way to have no settings.
    """
    if _is_there(folder) and not folder.is_dir():
        raise ConfigurationError(f"{folder} is no folder; set WXLOGIN_INSTANCE to one")
    if _is_there(path):
        return read_file(path, secret=False)
    if _is_there(odd := path.with_name("wxlogin.toml.txt")):
        raise ConfigurationError(f"{odd} is not read; name it {path.name}")
    return ""


def _is_there(path: Path) -> bool:
    """Also a link that leads nowhere. Raises ConfigurationError where we may not look:
    that is not the same as nothing."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {reason(error)}") from None
    return True


def _environment() -> Iterator[tuple[str, Given]]:
    set_here = {
        key.upper(): (key, value)
        for key, value in os.environ.items()
        # `WXLOGIN_LOGO=` in a file of variables means: not set here.
        if key.upper().startswith(PREFIX) and value.strip()
    }
    mistakes = []
    for name in Settings.model_fields:
        variable = PREFIX + name.upper()
        try:
            if given := _variable(name, variable, set_here):
                yield name, given
        except ConfigurationError as error:
            mistakes.append(error.operator)
    if mistakes:
        raise _Mistakes(mistakes)


def _variable(
    name: str, variable: str, set_here: Mapping[str, tuple[str, str]]
) -> Given | None:
    here, file = set_here.get(variable), set_here.get(variable + _FILE)
    if here and file:
        raise ConfigurationError(
            f"{variable} and {variable}{_FILE} are both set; keep one of them"
        )
    if here:
        return Given(_parsed(name, variable, here[1]), here[0])
    if file:
        return Given(_from_file(name, *file), file[0], Path(file[1].strip()))
    return None


def _from_file(name: str, variable: str, path: str) -> Any:
    try:
        text = read_file(Path(path.strip()), secret=holds_secrets(name))
    except ConfigurationError as error:
        raise ConfigurationError(f"{variable}: {error.operator}") from None
    if not text.strip():
        raise ConfigurationError(f"{variable}: {path} is empty")
    if text.lstrip().upper().startswith(PREFIX):
        raise ConfigurationError(f"{variable}: write into {path} the value alone")
    return _parsed(name, f"{variable}: {path}", text)


def _parsed(name: str, where: str, text: str) -> Any:
    """Lists and tables are JSON; everything else is taken as it stands. What may be a
    word or a table begins with a bracket where it is one."""
    bare = text.strip("\ufeff \t\r\n")
    table = table_of(name) is not None and bare.startswith("{")
    if not (table or is_structured(name)):
        return text
    if bare.startswith(f"[[{name}]]"):
        raise ConfigurationError(
            f"{where}: write JSON here, [{{…}}]; [[{name}]] is for wxlogin.toml"
        )
    return read_json(where, bare)
