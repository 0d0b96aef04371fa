"""The network is tried by who has most to lose in it: the client of WeChat."""

from tests.unit.wechat.conftest import app, pauses, server, transport, wechat

__all__ = ["app", "pauses", "server", "transport", "wechat"]
