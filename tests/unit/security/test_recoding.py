"""A foreign picture becomes one of our own, or none (security row 104)."""

import io
import struct
import time
import zlib
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageOps
from PIL.PngImagePlugin import PngInfo

from wxlogin.security import recoding
from wxlogin.security.recoding import MOST_SCANS, NoPicture, square_jpeg, whole

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="99" height="99"><script/></svg>'


def written(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def plain(width: int = 132, height: int = 132, colour: str = "teal") -> Image.Image:
    return Image.new("RGB", (width, height), colour)


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def chunk(name: bytes, data: bytes) -> bytes:
    body = name + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG of a few bytes that unpacks to as many pixels as it says."""
    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(10_000))
    parts = (chunk(b"IHDR", size), chunk(b"IDAT", pixels), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("size", [(132, 132), (640, 640), (46, 46), (300, 60)])
def test_what_comes_out_is_a_square_jpeg(kind, size):
    image = opened(square_jpeg(written(plain(*size), kind), 132))
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (132, 132))


def test_it_is_cut_from_the_middle():
    image = plain(300, 100, "black")
    ImageDraw.Draw(image).rectangle((100, 0, 199, 99), fill="white")
    square = opened(square_jpeg(written(image), 132))
    for place in ((5, 5), (66, 66), (126, 126)):
        assert min(square.getpixel(place)) > 200


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "1", "I;16"])
def test_every_kind_of_pixel_becomes_rgb_and_what_is_transparent_white(mode):
    clear = Image.new("RGBA", (99, 99), (0, 0, 0, 0))
    image = clear.convert(mode) if mode in ("RGBA", "LA") else Image.new(mode, (99, 99))
    options = {"transparency": 0} if mode == "P" else {}
    square = opened(square_jpeg(written(image, "PNG", **options), 132))
    assert square.mode == "RGB"
    if mode in ("RGBA", "LA", "P"):
        assert min(square.getpixel((66, 66))) > 250


def test_cmyk_is_a_picture_too():
    assert square_jpeg(written(Image.new("CMYK", (99, 99))), 132)


def test_nothing_but_pixels_survives():
    exif = Image.Exif()
    exif[0x010E] = "MARKER description"
    jpeg = written(plain(), exif=exif, comment=b"MARKER comment") + b"MARKER<script>"
    text = PngInfo()
    text.add_text("Comment", "MARKER text")
    png = written(plain(), "PNG", pnginfo=text) + b"MARKER PK\x03\x04"
    for data in (jpeg, png):
        assert b"MARKER" in data
        ours = square_jpeg(data, 132)
        assert b"MARKER" not in ours
        assert not opened(ours).getexif()


CORNERS = ("red", "lime", "blue", "black")


def four_corners() -> Image.Image:
    image = plain(120, 80)
    draw = ImageDraw.Draw(image)
    for place, colour in enumerate(CORNERS):
        left, top = 60 * (place % 2), 40 * (place // 2)
        draw.rectangle((left, top, left + 59, top + 39), fill=colour)
    return image


def corners_of(image: Image.Image) -> list[str]:
    seen = [image.getpixel(place) for place in ((9, 9), (90, 9), (9, 90), (90, 90))]
    names = {(1, 0, 0): "red", (0, 1, 0): "lime", (0, 0, 1): "blue", (0, 0, 0): "black"}
    return [names[tuple(round(part / 255) for part in pixel)] for pixel in seen]


@pytest.mark.parametrize("way", range(10))
@pytest.mark.parametrize("endian", ["<", ">"])
def test_a_photograph_is_turned_upright(way, endian):
    """As every viewer of pictures does (CIPA DC-008)."""
    exif = Image.Exif()
    exif.endian = endian
    exif[0x0112] = way
    data = written(four_corners(), exif=exif.tobytes(), quality=95)
    upright = ImageOps.exif_transpose(opened(data)).resize((100, 100))
    assert corners_of(opened(square_jpeg(data, 100))) == corners_of(upright)


@pytest.mark.parametrize(
    "tiff",
    [
        b"",
        b"II",
        b"MM\0*\xff\xff\xff\xff",
        b"II*\0\x08\0\0\0\xff\xff",
        b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0",
        b"MM\0*\0\0\0\x08\xff\xff" + b"\x01\x12\0\x07\0\0\0\x01\0\x06\0\0" * 99,
    ],
)
def test_a_direction_that_cannot_be_read_is_none(tiff):
    exif = b"Exif\0\0" + tiff
    segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    data = written(four_corners(), quality=95)
    spoilt = data[:2] + segment + data[2:]
    assert square_jpeg(spoilt, 100) == square_jpeg(data, 100)


@pytest.mark.parametrize(
    "picture",
    [
        lambda: b"",
        lambda: b"x",
        lambda: SVG,
        lambda: b"<!doctype html><title>busy</title>",
        lambda: written(plain(), "GIF"),
        lambda: written(plain(), "WEBP"),
        lambda: written(plain(), "BMP"),
        lambda: written(plain(), "TIFF"),
        lambda: written(plain())[:-200],
        lambda: written(plain(), "PNG")[:-40],
        lambda: png_that_claims(30_000, 30_000),
        lambda: png_that_claims(10_000, 10_000),
        lambda: png_that_claims(2_000, 1_001),
        lambda: png_that_claims(0, 100),
        lambda: png_that_claims(2**31 - 1, 1),
        lambda: written(plain(1, 1)),
        lambda: written(plain(39, 640)),
        lambda: written(
            plain(), "PNG", save_all=True, append_images=[plain(colour="red")]
        ),
    ],
)
def test_what_is_no_still_picture_of_sensible_size_is_refused(picture):
    with pytest.raises(NoPicture):
        square_jpeg(picture(), 132)


@pytest.mark.parametrize("size", [(40, 640), (1_000, 1_000), (4_000, 250)])
def test_the_last_sizes_that_are_taken(size):
    assert opened(square_jpeg(written(plain(*size)), 132)).size == (132, 132)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (written(plain(39, 640)), "size"),
        (written(plain(640, 39)), "size"),
        (written(plain(1_001, 1_000)), "size"),
        (written(plain(4_001, 41)), "size"),
        (SVG, "format"),
        (b"GIF89a", "format"),
        (written(plain(), "PNG")[:-40], "cut"),
    ],
)
def test_the_reason_is_named(data, reason):
    for reading in (whole, lambda data: square_jpeg(data, 132)):
        with pytest.raises(NoPicture, match=rf"^{reason}$"):
            reading(data)


def test_one_may_ask_for_more_pixels():
    data = written(plain(1_001, 1_000))
    assert square_jpeg(data, 132, most=1_001_000)
    with pytest.raises(NoPicture, match=r"^size$"):
        square_jpeg(data, 132, most=1_000_999)


def scans(times: int, size: int = 1000) -> bytes:
    """A progressive JPEG whose last scan comes so many times over."""
    jpeg = written(noise(size), progressive=True, quality=1)
    last = jpeg.rindex(b"\xff\xda")
    return jpeg[:-2] + jpeg[last:-2] * times + b"\xff\xd9"


def noise(size: int) -> Image.Image:
    return Image.effect_noise((size, size), 90).convert("RGB")


def jpeg_with(*segments: tuple[int, bytes], frame: int | None = None) -> bytes:
    """A JPEG with these segments in its head, and another kind of frame."""
    jpeg = written(plain())
    head = b"".join(
        bytes((0xFF, code)) + (len(data) + 2).to_bytes(2, "big") + data
        for code, data in segments
    )
    if frame is not None:
        jpeg = jpeg.replace(b"\xff\xc0", bytes((0xFF, frame)), 1)
    return jpeg[:2] + head + jpeg[2:]


def png_with(*chunks: tuple[bytes, bytes]) -> bytes:
    png = written(plain(), "PNG")
    return png[:33] + b"".join(chunk(*each) for each in chunks) + png[33:]


BOMB = zlib.compress(bytes(1_000_000))
TEXT = b"Comment\0\0" + BOMB


@pytest.mark.parametrize(
    "picture",
    [
        lambda: scans(2000, 132),
        lambda: scans(100, 640),
        lambda: scans(20),
        lambda: jpeg_with(*[(0xE1, b"")] * 600),
        lambda: jpeg_with(*[(0xFE, b"x")] * 600),
        lambda: jpeg_with(*[(0xDB, b"")] * 10_000),
        *(
            partial(jpeg_with, frame=code)
            for code in (0xC3, 0xC5, 0xC9, 0xCA, 0xCB, 0xCD)
        ),
        lambda: jpeg_with((0xD0, b"")),
        lambda: jpeg_with((0x01, b"")),
        lambda: written(plain())[:2] + b"\0" * 99 + written(plain())[2:],
        lambda: png_with(*[(b"IDAT", b"")] * 20_000),
        lambda: png_with(*[(b"tEXt", b"a\0b")] * 600),
        lambda: png_with((b"acTL", bytes(8))),
        lambda: png_that_claims(5_000, 100),
        lambda: written(noise(1001), "PNG"),
    ],
)
def test_what_costs_more_than_a_picture_is_refused(picture):
    """finding L5: judged before a pixel is decoded."""
    data = picture()
    begun = time.process_time()
    with pytest.raises(NoPicture):
        square_jpeg(data, 132)
    assert time.process_time() - begun < 0.2


@pytest.mark.parametrize(
    "picture",
    [
        lambda: scans(10, 640),
        lambda: jpeg_with(*[(0xE1, b"Exif\0\0" + bytes(60_000))] * 3),
        lambda: jpeg_with(
            (0xE2, b"ICC_PROFILE\0\1\1" + bytes(9_000)), (0xFE, b"hello")
        ),
        lambda: png_with(*[(b"zTXt", TEXT)] * 100),
        lambda: png_with(*[(b"iTXt", b"a\0\1\0\0\0" + BOMB)] * 100),
        lambda: png_with(*[(b"iCCP", b"a\0\0" + BOMB)] * 100),
        lambda: png_with(
            (b"eXIf", bytes(50_000)), (b"tIME", bytes(7)), (b"gAMA", bytes(4))
        ),
        lambda: written(noise(640), progressive=True, quality=60),
        lambda: written(Image.new("RGBA", (640, 640)), "PNG"),
        lambda: written(plain(4_000, 250)),
    ],
)
def test_what_no_pixel_needs_is_not_looked_at(picture):
    data = picture()
    begun = time.process_time()
    assert opened(square_jpeg(data, 132)).size == (132, 132)
    assert time.process_time() - begun < 0.5


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (scans(20), "scans"),
        (jpeg_with(*[(0xE1, b"")] * 600), "parts"),
        (png_with(*[(b"tEXt", b"a\0b")] * 600), "parts"),
        (jpeg_with(frame=0xC3), "make"),
        (png_with((b"acTL", bytes(8))), "animated"),
        (written(plain(), "PNG")[:50] + b"\xff" * 99, "cut"),
    ],
)
def test_the_reason_names_what_costs_too_much(data, reason):
    with pytest.raises(NoPicture, match=rf"^{reason}$"):
        square_jpeg(data, 132)


@pytest.mark.parametrize("parts", [500, 501])
def test_so_many_parts_and_not_one_more(parts):
    """A plain PNG has three, a plain JPEG six up to its scan."""
    png = png_with(*[(b"tEXt", b"a\0b")] * (parts - 3))
    segments = sum(1 for _ in recoding._segments(written(plain())))
    jpeg = jpeg_with(*[(0xFE, b"x")] * (parts - segments))
    for data in (png, jpeg):
        if parts == 500:
            assert square_jpeg(data, 132)
            continue
        with pytest.raises(NoPicture, match=r"^parts$"):
            square_jpeg(data, 132)


def test_the_most_costly_picture_that_is_let_in_costs_little():
    """The largest size, and as many scans as there may be."""
    data = scans(MOST_SCANS - scans(0).count(b"\xff\xda"))
    begun = time.process_time()
    assert square_jpeg(data, 132)
    assert time.process_time() - begun < 1.5


@settings(deadline=None)
@given(st.binary(max_size=300), st.integers(0, 3), st.integers(0, 600))
def test_no_bytes_bring_another_error(noise, head, place):
    """Also not those that begin like a picture."""
    whole = (b"", written(plain()), written(plain(), "PNG"), png_that_claims(9, 9))
    data = whole[head][:place] + noise + whole[head][place + len(noise) :]
    try:
        ours = square_jpeg(data, 132)
    except NoPicture:
        return
    assert opened(ours).size == (132, 132)


# -- a picture that is handed on as it came --


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_whole_picture_has_a_content_type(kind, options):
    data = written(plain(430, 430), kind, **(options if kind == "JPEG" else {}))
    assert whole(data) == f"image/{kind.lower()}"
    # Some programs leave a few bytes behind.
    assert whole(data + bytes(8)) == f"image/{kind.lower()}"


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_of_a_picture_every_last_byte_is_needed(kind):
    image = plain(64, 64)
    ImageDraw.Draw(image).line((0, 0, 63, 40), fill="white", width=3)
    data = written(image, kind)
    for length in (*range(0, len(data), 17), *range(len(data) - 16, len(data))):
        with pytest.raises(NoPicture):
            whole(data[:length])


@pytest.mark.parametrize("data", [b"", SVG, b'{"errcode":41030}', b"GIF89a", b"<html>"])
def test_what_is_no_picture_is_not_whole(data):
    with pytest.raises(NoPicture):
        whole(data)


def test_a_picture_that_unpacks_to_too_much_is_not_whole():
    with pytest.raises(NoPicture):
        whole(png_that_claims(3_000, 3_000))
