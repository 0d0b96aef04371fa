"""The simulated world that the demo starts: the fixed one, and the apps configured.

An app of the settings takes the place of a fixed app with its name or its appid. It
is known by its own secret and kind, and PUBLIC_URL's host is its registered callback
domain, so that whatever is configured can sign in.
"""

from dataclasses import replace

from wxlogin.config import App, Settings
from wxlogin.simulator.world import World, seed
from wxlogin.simulator.world.parties import App as SimulatedApp


def world_for(settings: Settings) -> World:
    """A World with the demo's people; `reset` comes back to just this."""
    fixed = seed.apps()
    names = {app.name for app in settings.apps}
    appids = {app.appid for app in settings.apps}
    others = [a for a in fixed if a.name not in names and a.appid not in appids]
    host = settings.public.hostname or "127.0.0.1"
    ours = [_simulated(app, fixed, host) for app in settings.apps]
    return World([*ours, *others], seed.PEOPLE)


def _simulated(app: App, fixed: tuple[SimulatedApp, ...], host: str) -> SimulatedApp:
    base = next((a for a in fixed if a.name == app.name and a.appid == app.appid), None)
    base = base or SimulatedApp(app.name, app.kind.value, app.appid, app.secret)
    return replace(
        base,
        kind=app.kind.value,
        secret=app.secret,
        open_platform=app.open_platform or "",
        callback_domains=tuple(dict.fromkeys((host, *base.callback_domains))),
        token=app.token or base.token,
        aes_key=app.aes_key or base.aes_key,
    )
