"""`wxlogin demo`: a shop, the service and a simulated WeChat, on this machine.

The tea shop is a site like any other: it talks with the service by HTTP alone and finds
its settings in the environment. It shares the process, not a line of code.
"""

import os
import runpy
import threading
import webbrowser
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click
from werkzeug.serving import make_server

from wxlogin import create_app
from wxlogin.cli.serving import QuietHandler, port_of, require_free
from wxlogin.cli.upkeep import start_delivery, stop_delivery
from wxlogin.config import App, AppKind, Settings, asset_dir, load_settings
from wxlogin.config.demo import demo_site, shop_url
from wxlogin.db.schema import bring_up_to_date
from wxlogin.errors import ConfigurationError

if TYPE_CHECKING:
    # Nothing of it is loaded where the service runs against the real WeChat.
    from wxlogin.simulator.server import SimulatorServer
    from wxlogin.simulator.world import World
    from wxlogin.simulator.world.parties import App as SimulatedApp

_NAME = "teashop"


@click.command(help="A shop, the service and a simulated WeChat, on this machine.")
@click.option(
    "--port", type=click.IntRange(1, 65535), help="The service's; PORT or 5000."
)
@click.option("--no-shop", is_flag=True, help="Without the tea shop.")
@click.option("--open", "opens", is_flag=True, help="Open the first page in a browser.")
def demo(port: int | None, no_shop: bool, opens: bool) -> None:
    settings = _settings(port)
    if settings.env != "development":
        raise ConfigurationError(
            "the demo is for development on a loopback address: unset "
            "WXLOGIN_PUBLIC_URL and WXLOGIN_ENV, or use `wxlogin run`"
        )
    app = create_app(settings)
    with app.app_context():
        bring_up_to_date()
    host, here = settings.public.hostname or "127.0.0.1", port_of(settings.public_url)
    require_free(host, here, "PORT")
    server = make_server(host, here, app, threaded=True, request_handler=QuietHandler)
    if settings.simulated:
        simulator_for(settings).start()
    has_shop = is_for_demo(settings) and not no_shop
    shop = start_shop(settings) if has_shop else None
    _print_addresses(settings, shop, no_shop=no_shop)
    start_delivery(app)
    if opens:
        _open(shop or f"{settings.public_url}/login")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
        stop_delivery(app)


def _settings(port: int | None) -> Settings:
    settings = load_settings()
    if port is None or port == port_of(settings.public_url):
        return settings
    if "public_url" in settings.model_fields_set:
        raise ConfigurationError(
            f"PUBLIC_URL is {settings.public_url}, which says the port: leave one of "
            "it and --port out"
        )
    return load_settings(public_url=f"http://127.0.0.1:{port}")


def _open(url: str) -> None:
    """The port is open, and the page comes as soon as we serve."""
    threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()


def _print_addresses(settings: Settings, shop: str | None, *, no_shop: bool) -> None:
    click.echo()
    if shop:
        click.echo(f"  The tea shop        {shop}")
    elif settings.sites and not no_shop:
        click.echo("  The tea shop        closed: SITES lists sites of your own")
    click.echo(f"  Sign in             {settings.public_url}/login")
    if settings.simulated:
        click.echo(f"  The simulated phone {settings.simulator_url}/phone")
    click.echo("\nStop with Ctrl-C.")


def simulator_for(settings: Settings) -> "SimulatorServer":
    """The simulator of these settings, not started yet.

    Raises ConfigurationError where its port is taken.
    """
    from wxlogin.simulator.server import SimulatorServer

    port = port_of(settings.simulator_url)
    require_free("127.0.0.1", port, "SIMULATOR_PORT")
    name = urlsplit(settings.simulator_url).hostname or "localhost"
    return SimulatorServer(world=world_for(settings), port=port, names=[name])


def is_for_demo(settings: Settings) -> bool:
    """Is the tea shop the one site of these settings? Others are not ours to start."""
    return settings.sites == (demo_site(),)


def start_shop(settings: Settings) -> str:
    """Serves the shop in a thread of its own; its address.

    Raises ConfigurationError where its port is taken.
    """
    url = shop_url()
    port = port_of(url)
    require_free("127.0.0.1", port, "SHOP_PORT")
    app = _load(settings, url)
    server = make_server(
        "127.0.0.1", port, app, threaded=True, request_handler=QuietHandler
    )
    threading.Thread(target=server.serve_forever, name=_NAME, daemon=True).start()
    return url


def _load(settings: Settings, url: str) -> Any:
    """The shop's WSGI object, made with an environment that is complete."""
    site = demo_site()
    os.environ |= {
        "ISSUER": settings.public_url,
        "SHOP_URL": url,
        "CLIENT_ID": site.client_id or "",
        "CLIENT_SECRET": site.client_secret or "",
        "no_proxy": _no_proxy_for(settings.public.hostname or ""),
    }
    file = asset_dir("docs/examples/flask") / "shop.py"
    return runpy.run_path(str(file), run_name=_NAME)["app"]


def _no_proxy_for(host: str) -> str:
    """A proxy on the way to the wide world is none on the way to this machine."""
    known = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    return ",".join(filter(None, (known, host)))


def world_for(settings: Settings) -> "World":
    """A World with the demo's people; `reset` comes back to just this.

    It has the fixed apps and those configured. An app of the settings takes the place
    of a fixed app with its name or its appid. It is known by its own secret and kind,
    and PUBLIC_URL's host is its registered callback domain, so that whatever is
    configured can sign in. PUBLIC_URL is also the server of its mini programs.
    """
    from wxlogin.simulator.world import World, seed

    fixed = seed.apps()
    names = {app.name for app in settings.apps}
    appids = {app.appid for app in settings.apps}
    others = [a for a in fixed if a.name not in names and a.appid not in appids]
    ours = [_simulated(app, fixed, settings) for app in settings.apps]
    return World([*ours, *others], seed.PEOPLE)


def _simulated(
    app: App, fixed: "tuple[SimulatedApp, ...]", settings: Settings
) -> "SimulatedApp":
    from wxlogin.simulator.world.parties import App as SimulatedApp

    base = next((a for a in fixed if a.name == app.name and a.appid == app.appid), None)
    base = base or SimulatedApp(app.name, app.kind.value, app.appid, app.secret)
    host = settings.public.hostname or "127.0.0.1"
    is_program = app.kind is AppKind.mini_program
    return replace(
        base,
        kind=app.kind.value,
        secret=app.secret,
        open_platform=app.open_platform or "",
        callback_domains=tuple(dict.fromkeys((host, *base.callback_domains))),
        token=app.token or base.token,
        aes_key=app.aes_key or base.aes_key,
        request_domain=settings.public_url if is_program else "",
        push_url=f"{settings.public_url}/oa/{app.name}" if app.token else "",
        original_id=app.original_id or base.original_id,
        title=app.title or base.title,
        verified=app.verified_service is not False and base.verified,
    )
