"""What the demo has: the apps of the simulator, and the tea shop of docs/examples.

The secret of the shop, a site, is written here and in the documents, so everybody knows
it. It exists in development only, and start-up refuses it anywhere else (security row
37).
"""

import hashlib
from functools import cache

from wxlogin.config.apps import App, AppKind
from wxlogin.config.sites import Site
from wxlogin.config.sources import port_in

_SECRET = "the-tea-shop-has-no-secrets"  # noqa: S105  public, as said above
# As the simulator's fixed world has it.
_AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFM"
# As the simulator's accounts call themselves: people meet the names there, too.
_TITLES = {"oa": "示例服务号 Demo Account", "lone": "独立服务号 Lone Account"}
_HASHED = f"sha256:{hashlib.sha256(_SECRET.encode()).hexdigest()}"
# Where the same shop is in PHP and in Node, when somebody starts it.
_OTHER_SHOPS = ("http://127.0.0.1:5003", "http://127.0.0.1:5004")


@cache
def demo_apps() -> tuple[App, ...]:
    """The apps of the simulator's fixed world."""
    kinds = {
        "web": AppKind.website,
        "oa": AppKind.official_account,
        "mp": AppKind.mini_program,
        "mp2": AppKind.mini_program,
        "app": AppKind.mobile,
        "lone": AppKind.official_account,
    }
    return tuple(
        App(
            name=name,
            kind=kind,
            appid=f"wx0000000000000a{number:02x}",
            secret=f"secret-of-{name}",
            token=f"token-of-{name}",
            aes_key=_AES_KEY,
            title=_TITLES.get(name, ""),
            open_platform=None if name == "lone" else "main",
        )
        for number, (name, kind) in enumerate(kinds.items(), start=1)
    )


def shop_url() -> str:
    """Where the demo's shop is: on SHOP_PORT, or 5002.

    Raises ConfigurationError where SHOP_PORT is no port.
    """
    return f"http://127.0.0.1:{port_in('SHOP_PORT') or 5002}"


def demo_site() -> Site:
    """The tea shop, in whichever of the three languages it runs."""
    shops = tuple(dict.fromkeys((shop_url(), *_OTHER_SHOPS)))
    return Site(
        name="茶铺",
        client_id="teashop",
        client_secret=_SECRET,
        home=f"{shops[0]}/",
        start_url=f"{shops[0]}/login",
        redirect_uris=tuple(f"{shop}/callback" for shop in shops),
        post_logout_redirect_uris=tuple(f"{shop}/" for shop in shops),
    )


def has_known_secret(site: Site) -> bool:
    """Is the site's secret the one that stands in our documents?"""
    return site.client_secret in (_SECRET, _HASHED)
