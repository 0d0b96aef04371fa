"""The access_token of an app: `/cgi-bin/token`, `/cgi-bin/stable_token`, and its use.

Checked in this order, as inferred: method 43001, 43002 · body 44002, 47001 · grant_type
40002 · appid 41002, 40013 · secret 41004, 40125 · the caller's address 40164 · quota
45009, 45011.

A mini program's list of addresses covers these calls alone (developers.weixin.qq.com/
miniprogram/dev, API IP 白名单), an account's every call with an access_token, too
(developers.weixin.qq.com/doc/subscription/guide/dev/api). An app without a list has
none to be refused by.

The access_token stands in the query, also where the rest is posted.
"""

import ipaddress
from typing import Any

from ..refusals import ApiError
from ..world.app_tokens import AppToken
from ..world.parties import App
from ..world.quotas import DAY, MINUTE
from .asked import Asked, need

Fields = dict[str, Any]


def token(asked: Asked) -> Fields:
    """Another token each time."""
    if asked.params.get("grant_type") != "client_credential":
        raise ApiError(40002)
    app = asked.own_app(asked.params)
    refuse_strangers(asked, app)
    asked.within_day(app)
    issued = asked.world.app_tokens.issue(app)
    return {"access_token": issued.value, "expires_in": _left(asked, issued)}


def stable_token(asked: Asked) -> Fields:
    """The same token while it has five minutes left, unless a refresh is forced."""
    given = asked.json()
    if given.get("grant_type") != "client_credential":
        raise ApiError(40002)
    force = given.get("force_refresh", False)
    if not isinstance(force, bool):
        raise ApiError(47001)
    app = asked.own_app(given)
    refuse_strangers(asked, app)
    asked.within(45011, app.appid, most=10_000, seconds=MINUTE)
    asked.within_day(app)
    tokens = asked.world.app_tokens
    with asked.world.changed:
        if force and tokens.may_force(app):
            asked.within(45009, f"{app.appid} force", most=20, seconds=DAY)
            issued = tokens.force(app)
        else:
            issued = tokens.stable(app)
    return {"access_token": issued.value, "expires_in": _left(asked, issued)}


def caller(asked: Asked, kind: str = "") -> App:
    """The app whose access_token this is, of a kind that has this call, or of any.

    Raises ApiError 41001, 40014, 40001, 42001, 40013, 40164 or 48001.
    """
    used = asked.world.app_tokens.check(need(asked.query, "access_token", 41001))
    app = asked.world.registry.app(used.appid)
    if app.kind == "mini_program" and asked.has_moved(app):
        raise ApiError(40013)
    if app.kind == "official_account":
        refuse_strangers(asked, app)
    if kind and app.kind != kind:
        raise ApiError(48001)
    return app


def _left(asked: Asked, issued: AppToken) -> int:
    # A breath of the clock between making it and saying so is no second.
    return round(issued.ends - asked.world.now())


def refuse_strangers(asked: Asked, app: App) -> None:
    """Raises ApiError 40164 for an address that is not on the app's list."""
    address = ipaddress.ip_address(asked.address)
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    networks = [ipaddress.ip_network(entry) for entry in app.ip_list]
    if not networks or any(address in network for network in networks):
        return
    mapped = f"::ffff:{address}" if address.version == 4 else str(address)
    raise ApiError(40164, f"invalid ip {address} ipv6 {mapped}, not in whitelist")
