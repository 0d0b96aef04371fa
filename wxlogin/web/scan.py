"""A mini program's code on a page: the browser's half of flows/scan.py."""

from wxlogin.config import App
from wxlogin.flows import doors, scan, wxacode
from wxlogin.flows.pairing_ticket import Pairing
from wxlogin.flows.wxacode import Picture
from wxlogin.service import hosts_of, running
from wxlogin.web import code_page
from wxlogin.web.code_page import CodeDoor
from wxlogin.wechat.endpoints import program_url
from wxlogin.wechat.user_agents import Surroundings

# A button instead of the code, or a code to press.
_PLACES = {
    Surroundings.phone: "phone",
    Surroundings.wecom_phone: "phone",
    Surroundings.wechat_phone: "wechat",
    Surroundings.mini_program: "wechat",
}


def _image(app: App, found: Pairing) -> Picture:
    """The picture of the code, which WeChat draws once."""
    return wxacode.picture(app, found.key, seconds=found.left)


def _link(app: App) -> str:
    """What a phone's browser opens the program by, with TICKET in the scene's place."""
    return program_url(
        hosts_of(running().settings),
        appid=app.appid,
        path=app.scan_page,
        query="scene=TICKET",
        env_version=app.env_version.value,
    )


bp = code_page.blueprint(
    CodeDoor(doors.SCAN, "scan/page.html", scan.program, _image, _PLACES, _link)
)
