"""What start-up refuses about where pushes are passed on to, with what to do.

Passed on to ourselves, a push would come back and be passed on again. So an address of
ours is refused in every spelling that can be known here: PUBLIC_URL's host by either
scheme, dots and percent signs in the path, and this machine with a path under which
pushes are taken. (Two services that pass on to each other are stopped by
flows/forwarding.py.) In production what people write travels by https.
"""

from collections.abc import Iterator
from posixpath import normpath
from urllib.parse import SplitResult, unquote, urlsplit

from wxlogin.config.apps import App
from wxlogin.config.host_names import is_loopback, is_this_machine
from wxlogin.config.settings import Settings

_USUAL = {"http": 80, "https": 443}


def push_faults(settings: Settings) -> Iterator[str]:
    """A sentence for each rule that the apps' addresses break."""
    for app in settings.apps:
        if app.forward_url:
            yield from _forward(settings, app, app.forward_url)


def _forward(settings: Settings, app: App, url: str) -> Iterator[str]:
    if _is_ours(settings, urlsplit(url)):
        yield (
            f"APPS: forward_url of {app.name} is an address of this service: what is "
            "passed on would come back; write the other system's, or leave it out"
        )
    elif (
        settings.env == "production"
        and not app.forward_inside
        and not url.startswith("https:")
    ):
        yield (
            f"APPS: forward_url of {app.name} is not https: what people write could be "
            "read and answered on the way; use https, or forward_inside = true for a "
            "server of the same inner network"
        )


def _is_ours(settings: Settings, there: SplitResult) -> bool:
    here, path = settings.public, _plain(there.path)
    below = path.removeprefix(settings.prefix)
    if is_this_machine(there.hostname) and _takes_pushes(settings, below):
        return True
    if _is_same_host(here, there) and _is_same_port(here, there):
        return f"{path}/".startswith(f"{settings.prefix}/")
    return False


def _is_same_host(here: SplitResult, there: SplitResult) -> bool:
    if is_loopback(here.hostname):
        return is_this_machine(there.hostname)
    return here.hostname == there.hostname


def _is_same_port(here: SplitResult, there: SplitResult) -> bool:
    """The usual port of one scheme leads to that of the other, as a rule."""
    ports = [one.port or _USUAL[one.scheme] for one in (here, there)]
    return ports[0] == ports[1] or {*ports} <= {*_USUAL.values()}


def _takes_pushes(settings: Settings, path: str) -> bool:
    return any(path == f"/oa/{app.name}" for app in settings.apps)


def _plain(path: str) -> str:
    """As a server reads it: no %41, no dots, no slash at the end."""
    return normpath("/" + unquote(path).lstrip("/"))
