"""An official account's code on a page, or where it has none a number to send, and the
page behind the link that its chat gives to who scanned.

The rules are those of flows/follow.py and flows/follow_number.py.
"""

from flask_babel import gettext

from wxlogin.config import App
from wxlogin.flows import account_code, doors, follow, follow_number
from wxlogin.flows.pairing_ticket import Pairing
from wxlogin.flows.wxacode import Picture
from wxlogin.web import code_page, phone_page
from wxlogin.web.code_page import CodeDoor
from wxlogin.wechat.user_agents import Surroundings

# A code to press.
_PLACES = {Surroundings.wechat_phone: "wechat"}


def _image(app: App, found: Pairing) -> Picture:
    """The picture of the code, which WeChat makes once; beside a number that of the
    account's ordinary one."""
    if found.chat_number:
        return account_code.plain(app)
    return account_code.picture(app, found.key, seconds=found.left)


bp = code_page.blueprint(
    CodeDoor(
        doors.FOLLOW,
        "follow/page.html",
        follow.account,
        _image,
        _PLACES,
        ready=follow_number.ready,
        fits=follow_number.fits,
        of_number="follow/number.html",
    )
)
phone_bp = phone_page.blueprint(
    doors.FOLLOW, follow, lambda site: gettext("Sign in to %(site)s?", site=site)
)
