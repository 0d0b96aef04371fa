"""The pictures, JPEG as WeChat's are: QR codes, and avatars at WeChat's path."""

from functools import lru_cache
from hashlib import sha256
from io import BytesIO

import segno
from flask import Blueprint, Response, abort, request
from PIL import Image, ImageDraw, ImageFont, ImageOps

from .. import protocol
from ..current import world
from ..refusals import Unknown
from ..world import ids
from ..world.account_codes import AccountCode, plain

bp = Blueprint("images", __name__)

# Quiet, clearly different colours; white letters on all of them are readable.
_COLOURS = (
    "#4f46e5", "#0f766e", "#b45309", "#be123c", "#6d28d9", "#0369a1", "#4d7c0f",
    "#a21caf", "#c2410c", "#1d4ed8", "#15803d", "#9f1239",
)  # fmt: skip
_GREY = "#c9ced6"

# The last path segment of a headimgurl: 0 stands for 640 (developers.weixin.qq.com/
# doc/service/api/webdev/access/api_snsuserinfo.html).
_SIZES = {"0": 640, "46": 46, "64": 64, "96": 96, "132": 132}

# Pixels for each module of a QR code. JPEG works in squares of eight: where a module is
# one, each square has one colour, and the picture is a twentieth of what it was.
_MODULE = 8
_QUIET_ZONE = 4


def _jpeg(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "JPEG", quality=92, subsampling=0, optimize=True)
    return out.getvalue()


@lru_cache(maxsize=256)
def qr_jpeg(content: str) -> bytes:
    """A QR code for `content`, grey, with its quiet zone; one to two kilobytes."""
    return _jpeg(_enlarged(_modules(content), _MODULE))


def _modules(content: str) -> Image.Image:
    """Black on white, a pixel for each module."""
    rows = [bytes(row) for row in segno.make(content, error="m").matrix_iter(
        border=_QUIET_ZONE
    )]  # fmt: skip
    dots = b"".join(row.translate(_BLACK_ON_WHITE) for row in rows)
    return Image.frombytes("L", (len(rows), len(rows)), dots)


def _enlarged(modules: Image.Image, times: int) -> Image.Image:
    side = modules.width * times
    return modules.resize((side, side), Image.Resampling.NEAREST)


Colour = tuple[int, int, int]


@lru_cache(maxsize=256)
def program_code(
    content: str, width: int, colour: Colour, *, clear: bool, png: bool
) -> bytes:
    """A mini program's code, `width` pixels wide, in `colour` on white or nothing."""
    modules = _modules(content)
    code = _enlarged(modules, max(1, width // modules.width))
    ground = Image.new("RGBA", (width, width), (255, 255, 255, 0 if clear else 255))
    at = (width - code.width) // 2
    ground.paste(colour, (at, at), ImageOps.invert(code))
    if not png:
        return _jpeg(ground.convert("RGB"))
    out = BytesIO()
    ground.save(out, "PNG")
    return out.getvalue()


_BLACK_ON_WHITE = bytes([255, 0]) + bytes(254)


@lru_cache(maxsize=256)
def avatar_jpeg(name: str, revision: int, side: int) -> bytes:
    """A square with the first letter of `name`; its colour comes from both values."""
    pick = sha256(f"{name}/{revision}".encode()).digest()[0]
    # Drawn large and shrunk, which smooths the letter's edges.
    image = Image.new("RGB", (640, 640), _COLOURS[pick % len(_COLOURS)])
    font = ImageFont.load_default(size=360)
    ImageDraw.Draw(image).text(
        (320, 330), name[0].upper(), fill="white", font=font, anchor="mm"
    )
    return _jpeg(image.resize((side, side), Image.Resampling.LANCZOS))


@lru_cache(maxsize=8)
def grey_avatar_jpeg(side: int) -> bytes:
    """The avatar of people who have none: a grey head and shoulders."""
    image = Image.new("RGB", (640, 640), _GREY)
    draw = ImageDraw.Draw(image)
    draw.ellipse((220, 130, 420, 340), fill="white")
    draw.ellipse((110, 380, 530, 800), fill="white")
    return _jpeg(image.resize((side, side), Image.Resampling.LANCZOS))


@bp.get(protocol.SHOWQRCODE)
def account_code() -> Response:
    """An account's code by its ticket; no token is asked for, and it may be kept.

    A ticket that is none is a real 404. That one which is over still has its picture is
    inferred: whoever kept it has it, too.
    """
    try:
        code = world().account_codes.by_ticket(request.args.get("ticket", ""))
    except Unknown:
        abort(404)
    return _account_picture(code)


@bp.get(protocol.PLAIN_QRCODE)
def plain_code() -> Response:
    """An account's plain code, by its gh_ id."""
    named = request.args.get("username", "")
    for app in world().registry.apps():
        if app.kind == "official_account" and app.original_id == named:
            return _account_picture(plain(app))
    abort(404)


def _account_picture(code: AccountCode) -> Response:
    # The type is WeChat's own word for a JPEG.
    response = Response(qr_jpeg(code.url), content_type="image/jpg")
    response.headers["Cache-Control"] = "max-age=604800"
    return response


@bp.get("/mmopen/vi_32/<avatar_id>/<size>")
def avatar(avatar_id: str, size: str) -> Response:
    """A square JPEG. A changed avatar's old address is 404, as it is dead in WeChat."""
    side = _SIZES.get(size)
    if side is None:
        abort(404)
    if avatar_id == ids.DEFAULT_AVATAR:
        return Response(grey_avatar_jpeg(side), mimetype="image/jpeg")
    person = world().registry.find_avatar(avatar_id)
    if person is None:
        abort(404)
    body = avatar_jpeg(person.name, person.revision, side)
    return Response(body, mimetype="image/jpeg")
