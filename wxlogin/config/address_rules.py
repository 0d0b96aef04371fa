"""What start-up refuses about addresses wherever people other than the developer come.

Who stands at WeChat's addresses decides who everybody is, and is told the AppSecret.
So these are https, and never this machine, where the simulator of a test may still
run: `http://localhost:5001` has many other spellings, and all of them are one host by
now (addresses). Security rows 37 and 111.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

from wxlogin.config.host_names import ip_of, is_loopback, is_this_machine
from wxlogin.config.settings import Settings

#: The settings that say where WeChat is.
WECHAT_URLS = ("wechat_open_url", "wechat_api_url", "wechat_res_url", "wechat_mp_url")


def address_faults(settings: Settings) -> Iterator[str]:
    """A sentence for each address that a trial or production cannot have."""
    if settings.env == "production":
        yield from _public(settings)
    if settings.simulated:
        # That is refused as a whole, and its addresses follow from it.
        return
    for name in WECHAT_URLS:
        if url := getattr(settings, name):
            yield from _wechat(settings, name, url)
    if "simulator_url" in settings.model_fields_set:
        yield from _simulator(settings)


def _public(settings: Settings) -> Iterator[str]:
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
