"""What the settings say by themselves, also those that start-up refuses.

Keys: what start-up accepts and is still worth a word; weak and missing ones are among
its rules (`wxlogin.config.rules`). No key is ever shown.

What stands between people and us: over https cookies are Secure and carry the prefix
`__Host-`, or `__Secure-` where PUBLIC_URL has a path (security row 21). wxlogin itself
speaks plain http, so with an https PUBLIC_URL a proxy is in front, and unless
TRUSTED_PROXIES counts it every visitor seems to come from the proxy's address.
"""

from collections.abc import Iterator
from pathlib import Path

from wxlogin.config import Settings, instance_dir
from wxlogin.config.loading import read_settings
from wxlogin.config.rules import faults
from wxlogin.config.site_rules import site_warnings
from wxlogin.config.sources import advice_for, unknown_names
from wxlogin.doctor.findings import Finding, ok, warning, wrong
from wxlogin.errors import ConfigurationError

_SETTINGS, _KEYS, _EDGE = "settings", "keys", "edge"


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
        return None, [wrong(_SETTINGS, text, todo="Set WXLOGIN_INSTANCE, or mend it.")]
    broken = list(faults(settings, folder or instance_dir()))
    found = [*_unknown(), *_sentences(broken)]
    if not broken:
        found.insert(0, ok(_SETTINGS, f"{settings.env} at {settings.public_url}"))
        found += sites(settings)
    return settings, found


def sites(settings: Settings) -> list[Finding]:
    """A warning for each thing about the sites that works and is not wise."""
    return [warning(_SETTINGS, f"{one}.") for one in site_warnings(settings)]


def _sentences(lines: list[str]) -> Iterator[Finding]:
    for line in lines:
        yield wrong(_SETTINGS, line if line.endswith("?") else f"{line}.")


def _unknown() -> Iterator[Finding]:
    for name in unknown_names():
        advice = advice_for(name)
        yield warning(
            _SETTINGS,
            f"{name} is set, and no setting has this name.",
            todo=advice[:1].upper() + advice[1:] or "docs/settings.md lists them all.",
        )


def keys(settings: Settings) -> Iterator[Finding]:
    """A line per thing to do about the keys, or one that all is well."""
    found = [*_twice(settings), *_rotating(settings)]
    yield from found or [ok(_KEYS, "one for signing, one for sealing")]


def _twice(settings: Settings) -> Iterator[Finding]:
    named = [
        ("SECRET_KEY", settings.secret_key),
        ("OPERATOR_KEY", settings.operator_key),
        ("METRICS_TOKEN", settings.metrics_token),
    ]
    named += [("SECRET_KEY_FALLBACKS", key) for key in settings.secret_key_fallbacks]
    named += [("ENCRYPTION_KEYS", key) for key in settings.encryption_keys]
    first: dict[str, str] = {}
    for name, key in named:
        value = key.get_secret_value()
        if value and first.setdefault(value, name) != name:
            yield warning(
                _KEYS,
                f"{first[value]} and {name} hold the same key.",
                todo="Each needs its own; a key found out would open two doors.",
            )


def _rotating(settings: Settings) -> Iterator[Finding]:
    if count := len(settings.secret_key_fallbacks):
        yield ok(
            _KEYS,
            f"{count} former SECRET_KEYs still count.",
            todo=f"Take them out {settings.session_days} days after the change.",
        )
    if (count := len(settings.encryption_keys)) > 1:
        yield ok(
            _KEYS,
            f"{count} ENCRYPTION_KEYS, the first one writes.",
            todo="Take the others out when everything is sealed with it: "
            "`wxlogin rotate-keys --finish`, or after `wxlogin keys reseal` by hand.",
        )


def edge(settings: Settings) -> Iterator[Finding]:
    """How cookies travel, and whether proxies are counted."""
    yield _cookies(settings)
    if settings.https and not settings.trusted_proxies:
        yield warning(
            _EDGE,
            "PUBLIC_URL is https and TRUSTED_PROXIES is 0: everybody seems to come "
            "from the address of the proxy.",
            todo="Set TRUSTED_PROXIES to the number of proxies, usually 1.",
        )


def _cookies(settings: Settings) -> Finding:
    if settings.https:
        prefix = "__Host-" if settings.cookie_path == "/" else "__Secure-"
        return ok(_EDGE, f"cookies travel by https only and begin with {prefix}")
    if settings.env == "development":
        return ok(_EDGE, "plain cookies, as a laptop needs them")
    return warning(
        _EDGE,
        "PUBLIC_URL is http: cookies and codes can be read on the way.",
        todo="Nobody but testers should sign in here; use https for everybody else.",
    )
