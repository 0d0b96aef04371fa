"""The settings, also those that start-up refuses: one line for each mistake."""

from collections.abc import Iterator
from pathlib import Path

from wxlogin.config import Settings, instance_dir
from wxlogin.config.loading import read_settings
from wxlogin.config.rules import faults
from wxlogin.config.sources import advice_for, unknown_names
from wxlogin.doctor.finding import Finding, ok, warning, wrong
from wxlogin.errors import ConfigurationError

_CHECK = "settings"


def read(folder: Path | None) -> tuple[Settings | None, list[Finding]]:
    """The settings of this machine, if they can be read, and what is to be said.

    Settings that break a rule of start-up are given all the same, so that one
    mistake does not hide the others.
    """
    try:
        settings = read_settings(folder)
    except ConfigurationError as error:
        return None, [*_unknown(), *_sentences(error.operator.splitlines())]
    except OSError as error:
        text = f"{error.filename}: {error.strerror}; wxlogin writes there."
        return None, [wrong(_CHECK, text, todo="Set WXLOGIN_INSTANCE, or mend it.")]
    broken = list(faults(settings, folder or instance_dir()))
    found = [*_unknown(), *_sentences(broken)]
    if not broken:
        found.insert(0, ok(_CHECK, f"{settings.env} at {settings.public_url}"))
    return settings, found


def _sentences(lines: list[str]) -> Iterator[Finding]:
    for line in lines:
        yield wrong(_CHECK, line if line.endswith("?") else f"{line}.")


def _unknown() -> Iterator[Finding]:
    for name in unknown_names():
        advice = advice_for(name)
        yield warning(
            _CHECK,
            f"{name} is set, and no setting has this name.",
            todo=advice[:1].upper() + advice[1:] or "docs/settings.md lists them all.",
        )
