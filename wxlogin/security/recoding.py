"""A foreign picture becomes one of our own.

What came from elsewhere is never handed on. It is decoded under limits, cut to a
square and written anew, so that nothing survives but pixels: no metadata, no second
format hidden behind the first, no script (SVG is no picture here), no animation.

Limits: a small file may unpack to gigabytes (a decompression bomb), or have its
pixels computed thousands of times over (a JPEG of as many scans). So before a pixel
is decoded the size is judged and the file is looked through: which parts it has, and
how many. A decoder gets only what a picture needs. Two formats are read, those that
WeChat serves; each further decoder would be one more door.
"""

import io
from collections.abc import Iterator

from PIL import Image, ImageOps

FORMATS = ("JPEG", "PNG")
# WeChat's largest picture has 640 x 640, its smallest 46 x 46.
MOST_PIXELS = 1_000_000
# A photograph that was cut on a phone.
MOST_PIXELS_OF_PHOTO = 2048 * 2048
MOST_SIDE = 4_000
LEAST_SIDE = 40
# A progressive JPEG has about ten scans, each of which costs a pass over all pixels.
MOST_SCANS = 24
# Segments of a JPEG's head, chunks of a PNG: pictures have some dozens.
MOST_PARTS = 500
_QUALITY = 88

#: The content type of what `square_jpeg` makes.
JPEG = "image/jpeg"

_SOI, _SOS = 0xD8, 0xDA
# The end of a JPEG, behind which some programs leave a few bytes. In the pixels' own
# bytes it cannot stand.
_EOI, _TAIL = b"\xff\xd9", 32
# Frames that are baseline, extended or progressive with Huffman codes. The others
# (lossless, hierarchical, arithmetic) are nobody's pictures, and slow. Then tables,
# the restart interval, JFIF's segment and Adobe's.
_NEEDED = {0xC0, 0xC1, 0xC2, 0xC4, 0xDB, 0xDD, 0xE0, 0xEE}
# Applications' segments and comments besides, which are left out.
_SEGMENTS = {_SOS, *_NEEDED, *range(0xE0, 0xF0), 0xFE}
_PNG = b"\x89PNG\r\n\x1a\n"
# Colours, transparency and pixels; texts and profiles may be bombs of their own.
_CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")


class NoPicture(ValueError):
    """These bytes are no picture that we would show."""


def square_jpeg(data: bytes, side: int, *, most: int = MOST_PIXELS) -> bytes:
    """The picture as a JPEG of `side` x `side` pixels, cut from the middle.

    It may have `most` pixels. Raises NoPicture, and nothing else, for what is not a
    still JPEG or PNG of a sensible size and make.
    """
    try:
        plain = _plain(data)
        with Image.open(io.BytesIO(plain), formats=FORMATS) as image:
            _judge(image, most)
            pixels = _opaque(image)
        out = io.BytesIO()
        small = ImageOps.fit(pixels, (side, side), Image.Resampling.LANCZOS)
        # Pillow hands comments on from picture to picture; these are pixels alone.
        bare = Image.frombytes("RGB", small.size, small.tobytes())
        bare.save(out, "JPEG", quality=_QUALITY, optimize=True)
    except NoPicture:
        raise
    except Exception as error:
        # Decoders fail on hostile bytes in more ways than they list.
        raise NoPicture(type(error).__name__) from None
    return out.getvalue()


def whole(data: bytes) -> str:
    """The content type of a picture that is handed on as it came, from a source that
    is trusted: it decodes to its last pixel.

    Raises NoPicture as `square_jpeg` does, and for a file that breaks off.
    """
    try:
        with Image.open(io.BytesIO(_plain(data)), formats=FORMATS) as image:
            _judge(image, MOST_PIXELS)
            image.load()
            kind = Image.MIME[image.format or ""]
    except NoPicture:
        raise
    except Exception as error:
        raise NoPicture(type(error).__name__) from None
    # A decoder takes the last rows of a JPEG as they are, without its end.
    if kind == JPEG and _EOI not in data[-_TAIL:]:
        raise NoPicture("cut")
    return kind


def _plain(data: bytes) -> bytes:
    """The file with only those parts that its pixels need."""
    if data.startswith(_PNG):
        return _PNG + b"".join(_png_chunks(data))
    if data.count(b"\xff\xda") > MOST_SCANS:
        raise NoPicture("scans")
    return b"\xff\xd8" + b"".join(_jpeg_parts(data))


def _png_chunks(data: bytes) -> Iterator[bytes]:
    """The chunks that pixels are made of (PNG, third edition, section 5.3)."""
    at = len(_PNG)
    for _ in range(MOST_PARTS):
        length = int.from_bytes(data[at : at + 4], "big")
        name, end = data[at + 4 : at + 8], at + 12 + length
        if end > len(data):
            raise NoPicture("cut")
        if name == b"acTL":
            raise NoPicture("animated")
        if name in _CHUNKS:
            yield data[at:end]
        if name == b"IEND":
            return
        at = end
    raise NoPicture("parts")


def _jpeg_parts(data: bytes) -> Iterator[bytes]:
    """Its segments without comments and applications' own, and then its scans
    (ITU-T T.81 annex B). JFIF's and Adobe's say how colours are meant, and stay."""
    at = 2
    if data[:2] != bytes((0xFF, _SOI)):
        raise NoPicture("format")
    for _ in range(MOST_PARTS):
        mark, code = data[at], data[at + 1]
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if mark != 0xFF or code not in _SEGMENTS or not at + 4 <= end <= len(data):
            raise NoPicture("make")
        if code == _SOS:
            yield data[at:]
            return
        if code in _NEEDED:
            yield data[at:end]
        at = end
    raise NoPicture("parts")


def _judge(image: Image.Image, most: int) -> None:
    width, height = image.size
    if width * height > most or min(width, height) < LEAST_SIDE:
        raise NoPicture("size")
    if max(width, height) > MOST_SIDE:
        raise NoPicture("size")
    if getattr(image, "is_animated", False):
        raise NoPicture("animated")


def _opaque(image: Image.Image) -> Image.Image:
    """The pixels alone; what is transparent lies on white."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    ground = Image.new("RGBA", layer.size, "white")
    return Image.alpha_composite(ground, layer).convert("RGB")
