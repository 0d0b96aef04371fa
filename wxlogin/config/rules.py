"""What start-up refuses, each with a sentence that says what to do.

Weak and default secrets, a debug-friendly set-up on a public address, and the
simulator in production (security rows 37 and 111).

Who stands at WeChat's addresses decides who everybody is, and is told the AppSecret.
So wherever people other than the developer come these are https, and never this
machine, where the simulator of a test may still run: `http://localhost:5001` has many
other spellings, and all of them are one host by now (urls).
"""

import base64
import binascii
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from wxlogin.config.apps import AppKind
from wxlogin.config.host_names import ip_of, is_loopback, is_this_machine
from wxlogin.config.notation import require_private
from wxlogin.config.outbound import proxy_faults
from wxlogin.config.push_rules import push_faults
from wxlogin.config.redis_urls import redis_faults
from wxlogin.config.secret_keys import MAKE_KEY, is_monotonous, is_sample, is_weak
from wxlogin.config.settings import Settings
from wxlogin.config.site_rules import site_faults
from wxlogin.config.store_urls import database_faults
from wxlogin.errors import ConfigurationError

#: The settings that say where WeChat is.
WECHAT_URLS = ("wechat_open_url", "wechat_api_url", "wechat_res_url", "wechat_mp_url")
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
    yield from push_faults(settings)
    yield from _operator(settings)
    yield from site_faults(settings)
    yield from database_faults(settings)
    yield from redis_faults(settings)
    yield from proxy_faults(settings)
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
    yield from _addresses(settings)
    if settings.simulated:
        yield (
            f"SIMULATOR is on and ENV is {settings.env}: anybody could sign in as "
            "anybody; set SIMULATOR=off and APPS to your apps"
        )
    if not settings.apps:
        yield (
            "APPS is empty: set it to at least one app of WeChat's console (name, "
            "kind, appid, secret), as `wxlogin init` does; docs/going-live.md shows "
            "where they are"
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
            yield f"{name} is missing; {MAKE_KEY}"
        elif is_weak(value) or (
            # On one's own machine a key may be one that is easy to type.
            settings.env != "development" and is_monotonous(value, different=10)
        ):
            yield f"{name} is too weak (32 random characters or more); {MAKE_KEY}"


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
    yield from _programs(settings)
    yield from _to_follow(settings)
    if settings.simulated or settings.env == "development":
        return
    for app in settings.apps:
        if len(app.secret) < 16 or len(set(app.secret)) < 6 or "secret" in app.secret:
            yield (
                f"APPS: the secret of {app.name} is not one that WeChat gives out (32 "
                "letters and digits); copy the AppSecret from WeChat's console"
            )


def _programs(settings: Settings) -> Iterator[str]:
    program = settings.scan_program
    if settings.scan_app and (
        program is None
        or program.kind is not AppKind.mini_program
        or not program.scan_page
    ):
        yield "SCAN_APP is no mini_program in APPS with a scan_page: write one's name"
    for app in settings.apps:
        site = settings.site_of(app.site or "")
        if app.site and (site is None or site.is_public):
            yield (
                f"APPS: the site of {app.name} is {app.site}, and SITES has none with "
                "this client_id and a client_secret"
            )


def _to_follow(settings: Settings) -> Iterator[str]:
    """Who follows an account is told by its pushes, and by nothing else."""
    telling = {app.name for app in settings.telling_accounts}
    named = [("MUST_FOLLOW", settings.must_follow)]
    named += [
        (f"SITES: must_follow of {s.name}", s.must_follow) for s in settings.sites
    ]
    for place, name in named:
        if name and name not in telling:
            yield (
                f"{place} is {name}, and APPS has no official_account of this name "
                "with a token: without its pushes nobody is known to follow; write "
                "the name of one that has a token, or leave it out"
            )


def _operator(settings: Settings) -> Iterator[str]:
    key = settings.operator_key.get_secret_value()
    shared = next((app for app in settings.apps if app.share_access_token), None)
    if shared and not key:
        yield (
            f"APPS: share_access_token of {shared.name} needs OPERATOR_KEY, which is "
            f"what the other systems show; {MAKE_KEY}"
        )
    yield from _bearer("OPERATOR_KEY", key)
    yield from _bearer("METRICS_TOKEN", settings.metrics_token.get_secret_value())


def _bearer(name: str, key: str) -> Iterator[str]:
    if " " in key:
        yield f"{name} has a blank in it, which no Authorization header can hold"
    if key and (len(key) < 24 or is_monotonous(key, different=10) or is_sample(key)):
        yield f"{name} is too weak (24 random characters or more); {MAKE_KEY}"


def _addresses(settings: Settings) -> Iterator[str]:
    """A sentence for each address that a trial or production cannot have."""
    if settings.env == "production":
        yield from _public_url(settings)
    if settings.simulated:
        # That is refused as a whole, and its addresses follow from it.
        return
    for name in WECHAT_URLS:
        if url := getattr(settings, name):
            yield from _wechat(settings, name, url)
    if "simulator_url" in settings.model_fields_set:
        yield from _simulator(settings)


def _public_url(settings: Settings) -> Iterator[str]:
    if not settings.https:
        yield (
            f"PUBLIC_URL is {settings.public_url}: production needs https; set "
            "PUBLIC_URL to the https address people use, or ENV=trial for WeChat's "
            "test accounts"
        )
    if ip_of(settings.public.hostname or ""):
        yield (
            f"PUBLIC_URL is {settings.public_url}: WeChat takes no IP address as "
            "callback domain; set PUBLIC_URL to the name people use, or ENV=trial for "
            "WeChat's test accounts"
        )


def _wechat(settings: Settings, name: str, url: str) -> Iterator[str]:
    parts, env = urlsplit(url), settings.env
    here = is_this_machine(parts.hostname)
    if here and env == "trial":
        return
    todo = "leave the setting out for WeChat's own address"
    if here or url == settings.simulator_url:
        yield (
            f"{name.upper()} is {url} and ENV is {env}: whoever answers there decides "
            f"who signs in, as the simulator does; {todo}"
        )
    elif parts.scheme != "https":
        yield (
            f"{name.upper()} is {url} and ENV is {env}: AppSecret and codes would "
            f"travel where others can read them; use https, or {todo}"
        )


def _simulator(settings: Settings) -> Iterator[str]:
    parts = urlsplit(settings.simulator_url)
    on_trial = settings.env == "trial" and is_loopback(parts.hostname)
    if parts.scheme == "http" and not on_trial:
        yield (
            f"SIMULATOR_URL is {settings.simulator_url} and ENV is {settings.env}: "
            "nothing asks the simulator there; leave the setting out"
        )
