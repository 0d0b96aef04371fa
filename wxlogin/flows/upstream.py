"""The one client of WeChat that this process shares."""

from typing import cast

from flask import current_app

from wxlogin.config import Settings
from wxlogin.wechat import endpoints
from wxlogin.wechat.client import WeChat


def hosts_of(settings: Settings) -> endpoints.Hosts:
    """Where WeChat is: its own hosts, unless a setting says otherwise."""
    return endpoints.Hosts(
        open=settings.wechat_open_url or endpoints.OPEN_HOST,
        api=settings.wechat_api_url or endpoints.API_HOST,
        res=settings.wechat_res_url or endpoints.RES_HOST,
        mp=settings.wechat_mp_url or endpoints.MP_HOST,
    )


def wechat_for(settings: Settings) -> WeChat:
    return WeChat(hosts_of(settings), budget=settings.wechat_budget)


def current_wechat() -> WeChat:
    """The client of the running application."""
    return cast(WeChat, current_app.extensions["wxlogin.wechat"])
