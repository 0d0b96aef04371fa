"""Somebody with every key to a service, for the calls that its document makes up."""

from collections.abc import Iterable
from typing import Any

from flask import Flask

from tests.support.contract import Caller
from tests.web.mini_program import MiniProgram
from tests.web.site_server import SITES, Server
from wxlogin.config import App
from wxlogin.simulator.server import SimulatorServer
from wxlogin.web.openapi import Key

_OPERATOR = "0perator-key-of-24-characters"
# The mini program is one of the shop's and shares its access token.
_SHARED = {"site": "shop", "share_access_token": True}


def settings_of_all(apps: Iterable[App]) -> dict[str, Any]:
    """What the service has to be set to."""
    return {
        "apps": [
            app.model_dump() | (_SHARED if app.name == "mp" else {}) for app in apps
        ],
        "sites": SITES,
        "operator_key": _OPERATOR,
        "simulator": "on",
        "limits": "off",
    }


def knowing_caller(app: Flask, simulator: SimulatorServer) -> Caller:
    """Somebody with every key: 小明 is signed in by the mini program, and the shop
    knows the account."""
    program, shop = MiniProgram(app, simulator), Server(app)
    assert program.logs_in().status_code == 200
    signed_in = program.who()
    assert signed_in is not None
    uid = signed_in["uid"]
    shop.learns_of(uid)
    keys = {
        Key.site.value: shop.headers,
        Key.operator.value: {"Authorization": f"Bearer {_OPERATOR}"},
        Key.program.value: {"Authorization": f"Bearer {program.token}"},
        "": {"Origin": SITES[0].origins[0]},
    }
    known = {
        "/api/apps/{name}": "mp",
        "/api/mobile/{name}": "app",
        "/api/mp/{name}": "mp",
        "/api/site/users/{uid}": uid,
        "/api/users/{uid}": uid,
    }
    return Caller(app, keys, known)
