"""An official account's code on a page: the browser's half of flows/follow.py."""

from wxlogin.config import App
from wxlogin.flows import account_code, doors, follow
from wxlogin.flows.pairing_ticket import Pairing
from wxlogin.flows.wxacode import Picture
from wxlogin.web import code_page
from wxlogin.web.code_page import CodeDoor
from wxlogin.wechat.user_agents import Surroundings

# A code to press.
_PLACES = {Surroundings.wechat_phone: "wechat"}


def _image(app: App, found: Pairing) -> Picture:
    """The picture of the code, which WeChat makes once."""
    return account_code.picture(app, found.key, seconds=found.left)


bp = code_page.blueprint(
    CodeDoor(doors.FOLLOW, "follow/page.html", follow.account, _image, _PLACES)
)
