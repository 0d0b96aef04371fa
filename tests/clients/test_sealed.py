"""Clients that know nothing of us sign in at WeChat's real names, in a sealed network:
those that are here anyway. `tests.proof.clients` has all of docs/simulator.md's."""

import sys

from tests.clients.conftest import NODE, node_modules, required
from tests.proof.clients import HERE, sealed
from wxlogin.simulator import sealed as networks

WEB = {"qr": "ok", "token": "ok", "user_info": "ok"}


def what(found: list[dict[str, str]]) -> dict[str, dict[str, str]]:
    for one in found:
        del one["version"]
    return {one.pop("client"): one for one in found}


def test_clients_in_python() -> None:
    """Where this machine gives no network of its own, the proxy leads them."""
    names = ("wechatpy", "social_auth_core", "django_allauth")
    script = str(HERE / "in_python.py")
    way = "namespaces" if networks.is_allowed() else "proxy"
    found = sealed(sys.executable, "-Wignore", script, *names, way=way)
    assert what(found) == {
        "wechatpy": WEB | {"h5": "ok", "push": "ok"},
        "social-auth-core": WEB | {"h5": "ok"},
        "django-allauth": WEB | {"h5": "ok with link_check=fragment_optional"},
    }


def test_clients_on_node() -> None:
    node_modules()
    if not networks.is_allowed():
        required("this system gives this user no namespaces (unshare)")
    names = ("betterAuth", "authCore")
    found = sealed("node", str(HERE / "in_node.mjs"), str(NODE), *names)
    word = "ok with link_check=off, and without its state, too long for WeChat"
    assert what(found) == {"better-auth": WEB, "@auth/core": WEB | {"h5": word}}
