"""The tea shop of docs/examples, as the demo starts it.

It is a site like any other: it talks with the service by HTTP alone and finds its
settings in the environment. It shares the process, not a line of code.
"""

import os
import runpy
import threading
from typing import Any

from werkzeug.serving import make_server

from wxlogin.cli.ports import port_of, require_free
from wxlogin.cli.quiet import QuietHandler
from wxlogin.config import Settings, asset_dir
from wxlogin.config.demo import demo_site, shop_url

_NAME = "teashop"


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
