"""A mini program's code for a web page: `/wxa/getwxacodeunlimit`.

Checked in this order:

- the access_token · 5,000 calls a minute, also for equal codes 45009
- the body 44002, 47001; a value of a wrong type is 47001, too
- scene of 1 to 32 characters 40169, of those allowed 40129
- page, without a leading `/` and a query, in the released version unless check_path is
  false 41030
- width, env_version, line_color 40097

Other names, such as `path`, are ignored, and the home page opens (developers.weixin.qq.
com/miniprogram/dev/server/API/qrcode-link/qr-code/api_getunlimitedqrcode).

WeChat's picture is its own round code. Here it is a QR code with the link to the
simulated phone, which opens the page with its scene.
"""

import re
from collections.abc import Mapping
from typing import Any

from ..pages.images import Colour, program_code
from ..refusals import ApiError
from ..world.launches import Launch
from ..world.parties import App
from ..world.quotas import MINUTE
from .access_token import caller
from .asked import Asked, Picture, need
from .dialect import error_body, fresh_rid

_SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@._~-]*")
_ENV_VERSIONS = ("release", "trial", "develop")

# What each field must be; a number in the place of `true` is no JSON of this call.
_TYPES: dict[str, type] = {
    "scene": str,
    "page": str,
    "check_path": bool,
    "env_version": str,
    "width": int,
    "auto_color": bool,
    "line_color": dict,
    "is_hyaline": bool,
}


def unlimited(asked: Asked) -> Picture:
    """The picture of a code, or what the switch `wxacode` makes of it."""
    app = _caller(asked)
    asked.within(45009, app.appid, most=5000, seconds=MINUTE)
    given = _typed(asked.json())
    scene, page = _scene(given), _page(given, app)
    width, env = _width(given), given.get("env_version", "release")
    if env not in _ENV_VERSIONS:
        raise ApiError(40097)
    launch, colour = Launch(app, page, scene, env), _colour(given)
    clear, fault = given.get("is_hyaline", False), asked.switch("wxacode", app) or ""
    png = clear or fault == "png"
    link = launch.link(asked.origin)
    body = program_code(link, width, colour, clear=clear, png=png)
    asked.world.launches.add(launch)
    return _spoiled(asked, fault, Picture(body, "image/png" if clear else "image/jpeg"))


def _caller(asked: Asked) -> App:
    try:
        return caller(asked, "mini_program")
    except ApiError as error:
        # A token that is over was seen here with 118 bytes, which are the short words.
        raise ApiError(error.errcode) from None


def _typed(given: Mapping[str, Any]) -> Mapping[str, Any]:
    for name, kind in _TYPES.items():
        if name in given and type(given[name]) is not kind:
            raise ApiError(47001)
    return given


def _width(given: Mapping[str, Any]) -> int:
    width: int = given.get("width", 430)
    if not 280 <= width <= 1280:
        raise ApiError(40097)
    return width


def _scene(given: Mapping[str, Any]) -> str:
    scene = need(given, "scene", 40169)
    if len(scene) > 32:
        raise ApiError(40169)
    if not _SCENE.fullmatch(scene):
        raise ApiError(40129)
    return scene


def _page(given: Mapping[str, Any], app: App) -> str:
    page: str = given.get("page", "")
    if not page:
        return app.pages[0] if app.pages else ""
    # Half a character (a lone surrogate) has no place in a link.
    halves = page.encode("utf-8", "replace").decode() != page
    if page.startswith("/") or "?" in page or halves:
        raise ApiError(41030)
    if given.get("check_path", True) and page not in app.pages:
        raise ApiError(41030)
    return page


def _colour(given: Mapping[str, Any]) -> Colour:
    wanted = given.get("line_color", {}) if not given.get("auto_color") else {}
    red, green, blue = (_byte(wanted.get(name, 0)) for name in "rgb")
    return red, green, blue


def _byte(value: object) -> int:
    # Tencent's own examples write them as texts, too.
    text = str(value)
    if not re.fullmatch("[0-9]{1,3}", text, re.ASCII) or int(text) > 255:
        raise ApiError(40097)
    return int(text)


def _spoiled(asked: Asked, fault: str, picture: Picture) -> Picture:
    if fault == "empty":
        return Picture(b"", picture.mimetype)
    if fault == "half":
        return Picture(picture.body[: len(picture.body) // 2], picture.mimetype)
    if fault.startswith("error:"):
        rid = fresh_rid(asked.world.now())
        body = error_body(ApiError(41030), asked.path, rid)
        return Picture(body, fault.removeprefix("error:"), errcode=41030)
    return picture
