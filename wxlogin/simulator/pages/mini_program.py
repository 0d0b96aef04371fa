"""A mini program on the phone: the page that a code opens, its scene, wx.login.

The program itself is somebody else's and does not run here. The screen shows what
WeChat would give it: `App.onLaunch` a number that says how it was opened, `Page.onLoad`
the page's query, in which `scene` is the encoded text of the code.
"""

from urllib.parse import urlencode

from ..world.parties import App


def launch_link(
    origin: str, app: App, *, page: str, scene: str, env_version: str
) -> str:
    """The content of a mini program's code: the phone's screen of that page."""
    query = {"appid": app.appid, "page": page, "scene": scene, "env": env_version}
    return f"{origin}/phone/mp?{urlencode(query)}"
