"""From the environment and instance/wxlogin.toml to checked settings.

What wins, from the top: arguments (tests, the demo), the environment, secret
files, wxlogin.toml, PORT and SIMULATOR_PORT, the defaults.
"""

import os
import re
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsError,
)

from wxlogin.config.apps import demo_apps
from wxlogin.config.demo import demo_site
from wxlogin.config.keys import development_keys, read_secret_file
from wxlogin.config.paths import instance_dir
from wxlogin.config.rules import check
from wxlogin.config.settings import Settings, is_loopback
from wxlogin.errors import ConfigurationError

_PREFIX = "WXLOGIN_"
# Names in the environment that are read elsewhere than in Settings.
_OTHER_NAMES = {"INSTANCE"}
# pydantic's kinds of faults that its own words do not make plain to an operator.
_PLAINLY = {
    "missing": "is missing",
    "extra_forbidden": "there is no field of this name; docs/settings.md lists them",
    "tuple_type": "write a list, also for one: [{…}]",
}


def load_settings(instance: Path | None = None, **overrides: Any) -> Settings:
    """The settings of this process, complete and checked.

    `overrides` are settings by their name in lower case. Raises
    ConfigurationError with a sentence per mistake that says what to do, one a line;
    it never repeats a secret.
    """
    settings = read_settings(instance, **overrides)
    check(settings, instance or instance_dir())
    return settings


def read_settings(instance: Path | None = None, **overrides: Any) -> Settings:
    """The same, complete but not checked against the rules of start-up: for a look
    at settings that start-up refuses. Raises ConfigurationError for what cannot be
    read at all."""
    folder = instance or instance_dir()
    below = {**_from_ports(), **_toml(folder), **_secret_files()}

    class Loaded(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            files = InitSettingsSource(settings_cls, below)
            return init_settings, env_settings, files

    try:
        loaded = Loaded(**overrides)
    except ValidationError as error:
        raise ConfigurationError(_explain(error)) from None
    except SettingsError as error:
        raise ConfigurationError(_explain_json(error)) from None
    return _completed(loaded, folder)


def unknown_names() -> list[str]:
    """WXLOGIN_ variables that no setting is named after (spelling mistakes)."""
    known = {name.upper() for name in Settings.model_fields} | _OTHER_NAMES
    known |= {f"{name}_FILE" for name in known}
    names = (key.removeprefix(_PREFIX) for key in os.environ if key.startswith(_PREFIX))
    return sorted(_PREFIX + name for name in names if name not in known)


def nearest_name(name: str) -> str | None:
    """The setting, in lower case, that a misspelled name most likely means."""
    found = get_close_matches(name.lower(), Settings.model_fields, n=1, cutoff=0.75)
    return found[0] if found else None


def _meant(strangers: list[str]) -> str:
    nearest = sorted({near for name in strangers if (near := nearest_name(name))})
    return f" (did you mean {', '.join(nearest)}?)" if nearest else ""


def _toml(folder: Path) -> dict[str, Any]:
    path = folder / "wxlogin.toml"
    if not path.is_file():
        return {}
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from None
    if strangers := sorted(set(values) - set(Settings.model_fields)):
        names = ", ".join(strangers)
        raise ConfigurationError(
            f"{path}: there is no setting named {names}{_meant(strangers)}; "
            "docs/settings.md lists them all"
        )
    return values


def _secret_files() -> dict[str, str]:
    found = {}
    for key, path in os.environ.items():
        name = key.removeprefix(_PREFIX).removesuffix("_FILE").lower()
        if key == f"{_PREFIX}{name.upper()}_FILE" and name in Settings.model_fields:
            found[name] = read_secret_file(key, Path(path))
    return found


def _from_ports() -> dict[str, str]:
    """Defaults that follow PORT and SIMULATOR_PORT."""
    found = {}
    if port := os.environ.get("PORT"):
        found["public_url"] = f"http://127.0.0.1:{port}"
    if port := os.environ.get("SIMULATOR_PORT"):
        found["simulator_url"] = f"http://localhost:{port}"
    return found


def _completed(settings: Settings, folder: Path) -> Settings:
    """The same settings with the defaults that depend on other settings."""
    loopback = settings.public.scheme == "http" and is_loopback(settings.public)
    more: dict[str, Any] = {}
    if "env" not in settings.model_fields_set:
        more["env"] = "development" if loopback else "production"
    env = more.get("env", settings.env)
    if settings.simulator == "auto":
        wanted = env == "development" and not settings.apps
        more["simulator"] = "on" if wanted else "off"
    if more.get("simulator", settings.simulator) == "on":
        more |= _simulated(settings)
        if env == "development" and not settings.sites:
            more["sites"] = (demo_site(),)
    if not settings.database_url:
        more["database_url"] = f"sqlite:///{folder / 'wxlogin.db'}"
    if env == "development":
        more |= development_keys(settings, folder)
    return settings.model_copy(update=more)


def _simulated(settings: Settings) -> dict[str, Any]:
    names = ("wechat_open_url", "wechat_api_url", "wechat_res_url", "wechat_mp_url")
    urls = {name: getattr(settings, name) or settings.simulator_url for name in names}
    return {**urls, "apps": settings.apps or demo_apps()}


def _explain(error: ValidationError) -> str:
    lines = []
    for fault in error.errors(include_input=False, include_url=False):
        name = ".".join(str(part) for part in fault["loc"])
        text = _PLAINLY.get(fault["type"], fault["msg"].removeprefix("Value error, "))
        lines.append(f"{name.upper()}: {text}")
    return "\n".join(lines)


def _explain_json(error: SettingsError) -> str:
    """pydantic-settings names the field in its text only."""
    name = re.search(r'field "(\w+)"', str(error))
    variable = _PREFIX + name[1].upper() if name else "a list in the environment"
    return f"{variable} is not valid JSON; docs/settings.md has an example"
