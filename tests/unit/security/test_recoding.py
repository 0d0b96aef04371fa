"""A foreign picture becomes one of our own, or none (security row 104)."""

import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from wxlogin.security.recoding import NoPicture, square_jpeg

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


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x",
        SVG,
        b"<!doctype html><title>busy</title>",
        written(plain(), "GIF"),
        written(plain(), "WEBP"),
        written(plain(), "BMP"),
        written(plain(), "TIFF"),
        written(plain())[:-200],
        written(plain(), "PNG")[:-40],
        png_that_claims(30_000, 30_000),
        png_that_claims(10_000, 10_000),
        png_that_claims(2_000, 1_001),
        png_that_claims(0, 100),
        png_that_claims(2**31 - 1, 1),
        written(plain(1, 1)),
        written(plain(39, 640)),
        written(plain(), "PNG", save_all=True, append_images=[plain(colour="red")]),
    ],
)
def test_what_is_no_still_picture_of_sensible_size_is_refused(data):
    with pytest.raises(NoPicture):
        square_jpeg(data, 132)


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
