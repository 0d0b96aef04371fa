"""What start-up refuses, each with a sentence that says what to do.

Weak and default secrets, a debug-friendly set-up on a public address, and the
simulator in production (security rows 37 and 111).
"""

import base64
import binascii
from collections.abc import Iterator
from pathlib import Path

from wxlogin.config.address_rules import address_faults
from wxlogin.config.database import database_faults
from wxlogin.config.files import require_private
from wxlogin.config.host_names import is_loopback
from wxlogin.config.redis_rules import redis_faults
from wxlogin.config.settings import Settings
from wxlogin.config.site_rules import site_faults
from wxlogin.config.weakness import is_monotonous, is_sample
from wxlogin.errors import ConfigurationError

_MAKE_KEY = "make one with: python3 -c 'import secrets; print(secrets.token_hex(32))'"
_MAKE_SEAL = "make one with: openssl rand -base64 32"


def check(settings: Settings, folder: Path) -> None:
    """Raises ConfigurationError that names every broken rule at once."""
    if found := list(faults(settings, folder)):
        raise ConfigurationError("\n".join(found))


def faults(settings: Settings, folder: Path) -> Iterator[str]:
    """A sentence for each rule of start-up that these settings break."""
    yield from _signing(settings)
    yield from _sealing(settings)
    yield from _apps(settings)
    yield from _operator(settings)
    yield from site_faults(settings)
    yield from database_faults(settings)
    yield from redis_faults(settings)
    if settings.env == "development":
        if not is_loopback(settings.public.hostname):
            yield (
                f"PUBLIC_URL is {settings.public_url} and ENV is development: "
                "development is for loopback addresses; set ENV=production, or "
                "ENV=trial for WeChat's test accounts"
            )
        return
    yield from _public(settings, folder)


def _public(settings: Settings, folder: Path) -> Iterator[str]:
    yield from address_faults(settings)
    if settings.simulated:
        yield (
            f"SIMULATOR is on and ENV is {settings.env}: anybody could sign in as "
            "anybody; set SIMULATOR=off and APPS to your apps"
        )
    if not settings.apps:
        yield (
            "APPS is empty: set it to at least one app of WeChat's console (name, "
            "kind, appid, secret); docs/going-live.md shows where they are"
        )
    toml = folder / "wxlogin.toml"
    if toml.is_file():
        try:
            require_private(toml, toml.stat().st_mode)
        except ConfigurationError as error:
            yield error.operator


def _signing(settings: Settings) -> Iterator[str]:
    keys = [("SECRET_KEY", settings.secret_key)]
    keys += [("SECRET_KEY_FALLBACKS", key) for key in settings.secret_key_fallbacks]
    for name, key in keys:
        value = key.get_secret_value()
        if not value:
            yield f"{name} is missing; {_MAKE_KEY}"
        elif is_weak(value) or (
            # On one's own machine a key may be one that is easy to type.
            settings.env != "development" and is_monotonous(value, different=10)
        ):
            yield f"{name} is too weak (32 random characters or more); {_MAKE_KEY}"


def _sealing(settings: Settings) -> Iterator[str]:
    if not settings.encryption_keys:
        yield f"ENCRYPTION_KEYS is missing; {_MAKE_SEAL}"
    for key in settings.encryption_keys:
        try:
            raw = base64.b64decode(key.get_secret_value(), validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        if len(raw) != 32 or len(set(raw)) < 8:
            yield f"a key in ENCRYPTION_KEYS is not 32 random bytes; {_MAKE_SEAL}"


def _apps(settings: Settings) -> Iterator[str]:
    for field in ("name", "appid"):
        values = [getattr(app, field) for app in settings.apps]
        for value in sorted({value for value in values if values.count(value) > 1}):
            yield f"APPS: two apps have the {field} {value}; each needs its own"
    if settings.simulated or settings.env == "development":
        return
    for app in settings.apps:
        if len(app.secret) < 16 or len(set(app.secret)) < 6 or "secret" in app.secret:
            yield (
                f"APPS: the secret of {app.name} is not one that WeChat gives out (32 "
                "letters and digits); copy the AppSecret from WeChat's console"
            )


def _operator(settings: Settings) -> Iterator[str]:
    key = settings.operator_key.get_secret_value()
    if " " in key:
        yield "OPERATOR_KEY has a blank in it, which no Authorization header can hold"
    if key and (len(key) < 24 or is_monotonous(key, different=10) or is_sample(key)):
        yield f"OPERATOR_KEY is too weak (24 random characters or more); {_MAKE_KEY}"


def is_weak(value: str) -> bool:
    """Shorter than 32 characters, of few different ones, or a well-known sample."""
    return len(value) < 32 or len(set(value)) < 10 or is_sample(value)
