"""A code that opens a page of ours in WeChat: the computer's page, and the phone's.

The rules are flows/device.py's.
"""

from flask import url_for
from flask_babel import gettext

from wxlogin.config import App
from wxlogin.flows import account_code, device, doors
from wxlogin.flows.pairing_ticket import Pairing
from wxlogin.flows.wxacode import Picture
from wxlogin.service import running
from wxlogin.web import code_page, phone_page
from wxlogin.web.code_page import CodeDoor


def _image(_app: App, found: Pairing) -> Picture:
    """The phone's page as a code; WeChat is not asked for it."""
    settings = running().settings
    path = url_for("device_phone.page", ticket=found.key)
    return account_code.drawn(settings.public_url + path.removeprefix(settings.prefix))


bp = code_page.blueprint(
    CodeDoor(doors.DEVICE, "device/page.html", device.account, _image)
)
phone_bp = phone_page.blueprint(
    doors.DEVICE,
    device,
    lambda site: gettext("Sign in to %(site)s on the computer?", site=site),
)
