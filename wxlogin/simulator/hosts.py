"""WeChat's hosts, the paths of each, and where its parts are said to be.

WeChat is a dozen hosts, and a path of one is not at another: `/sns/` is at
api.weixin.qq.com and not at open.weixin.qq.com (developers.weixin.qq.com/doc/service/
Basic_Information/Interface_field_description.html names the hosts of the calls; those
of pages, pictures and scripts are what WeChat's own pages and answers name).

The simulator stands for all of them in one of two ways. As **one origin** every path is
at every name that it answers to, and addresses are of that origin. At the **real
names** each host has its own paths, and addresses are fixed: they never come from a
request. What WeChat does not have, the phone and `/_sim/`, is beside the pages at
open.weixin.qq.com; loopback's names have everything there, too.
"""

from dataclasses import dataclass

OPEN = "open.weixin.qq.com"
#: The long poll of the QR page; the second is the older name.
POLLS = ("lp.open.weixin.qq.com", "long.open.weixin.qq.com")
#: The calls of servers: the nearest, disaster recovery, Shanghai, Shenzhen, Hong Kong.
API = (
    "api.weixin.qq.com",
    "api2.weixin.qq.com",
    "sh.api.weixin.qq.com",
    "sz.api.weixin.qq.com",
    "hk.api.weixin.qq.com",
)
SCRIPTS = "res.wx.qq.com"
ACCOUNTS = "mp.weixin.qq.com"
#: Avatars; the second is the older name.
AVATARS = ("thirdwx.qlogo.cn", "wx.qlogo.cn")

#: Every host, the most important first.
NAMES = (OPEN, *POLLS, *API, SCRIPTS, ACCOUNTS, *AVATARS)

_SHOWQRCODE = "/cgi-bin/showqrcode"
_PAGES = (
    "/connect/qrconnect",
    "/connect/qrcode/",
    "/connect/confirm",
    "/connect/oauth2/",
    "/qr/",
    # What is the simulator's own.
    "/phone",
    "/_sim/",
    "/static/",
    "/dl/",
    "/calls",
    "/pushes",
    "/favicon.ico",
)


def has(host: str, path: str) -> bool:
    """Whether WeChat has `path` at `host`, one of NAMES; wrong paths have no host."""
    if host == OPEN:
        return path == "/" or path.startswith(_PAGES)
    if host in POLLS:
        return path.startswith("/connect/l/")
    if host in API:
        return path.startswith(("/sns/", "/cgi-bin/", "/wxa/")) and path != _SHOWQRCODE
    if host == SCRIPTS:
        return path.startswith("/connect/zh_CN/")
    if host == ACCOUNTS:
        return path == _SHOWQRCODE
    return path.startswith("/mmopen/")


@dataclass(frozen=True)
class Addresses:
    """Where people, browsers and programs are sent, each without a slash at the end."""

    #: Pages: in QR codes, in the frames of wxLogin.js, in a mini program's codes.
    open: str
    #: The QR page's long poll; empty: where the page is.
    poll: str
    #: Profiles' pictures.
    avatars: str
    #: Pictures of account codes on pages of our own; empty: where the page is.
    accounts: str
    #: The three places that a client of a web login has to know.
    places: tuple[tuple[str, str], ...]


def one_origin(origin: str) -> Addresses:
    """Everything is at `origin`."""
    places = tuple((name, origin) for name in (OPEN, API[0], SCRIPTS))
    return Addresses(origin, "", origin, "", places)


def real_names(port: int) -> Addresses:
    """Each part is at its host, by https, and the port is written unless it is 443."""

    def at(name: str) -> str:
        return f"https://{name}" if port == 443 else f"https://{name}:{port}"

    places = tuple((name, at(name)) for name in (OPEN, API[0], SCRIPTS))
    return Addresses(at(OPEN), at(POLLS[0]), at(AVATARS[0]), at(ACCOUNTS), places)
