"""From what is set (sources) to settings that are complete and checked."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from wxlogin.config.demo import demo_apps, demo_site
from wxlogin.config.host_names import is_loopback
from wxlogin.config.mistakes import explain
from wxlogin.config.paths import instance_dir
from wxlogin.config.rules import WECHAT_URLS, check, faults
from wxlogin.config.secret_keys import SEALING_FILE, development_keys
from wxlogin.config.settings import Settings
from wxlogin.config.sources import PORTS, Given, collect
from wxlogin.config.store_urls import placed
from wxlogin.errors import ConfigurationError


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
    return _made(collect(folder, overrides), folder)


def judge(values: Mapping[str, Any], folder: Path) -> list[str]:
    """What start-up would say of these settings alone, whatever else is set here."""
    given = {name: Given(value, "answer") for name, value in values.items()}
    try:
        return list(faults(_made(given, folder), folder))
    except ConfigurationError as error:
        return error.operator.splitlines()


def _made(given: Mapping[str, Given], folder: Path) -> Settings:
    values = {name: one.value for name, one in given.items()}
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise ConfigurationError(explain(error, given)) from None
    # What follows from PORT and SIMULATOR_PORT is a default: nobody has set it.
    settings.model_fields_set.difference_update(
        name for name, one in given.items() if one.place in PORTS
    )
    completed = _completed(settings, folder)
    completed.read_from(_sealing_file(completed, given, folder))
    return completed


def _sealing_file(
    settings: Settings, given: Mapping[str, Given], folder: Path
) -> Path | None:
    if named := given.get("encryption_keys"):
        return named.file
    return folder / SEALING_FILE if settings.encryption_keys else None


def _completed(settings: Settings, folder: Path) -> Settings:
    """The same settings with the defaults that depend on other settings."""
    loopback = settings.public.scheme == "http" and is_loopback(
        settings.public.hostname
    )
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
    more["database_url"] = placed(settings.database_url, folder)
    if env == "development":
        more |= development_keys(settings, folder)
    return settings.model_copy(update=more)


def _simulated(settings: Settings) -> dict[str, Any]:
    urls = {
        name: getattr(settings, name) or settings.simulator_url for name in WECHAT_URLS
    }
    return {**urls, "apps": settings.apps or demo_apps()}
