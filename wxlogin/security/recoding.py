"""A foreign picture becomes one of our own.

What came from elsewhere is never handed on. It is decoded under limits, cut to a
square and written anew, so that nothing survives but pixels: no metadata, no second
format hidden behind the first, no script (SVG is no picture here), no animation. A
phone's photograph lies on its side and says so in its metadata; it is turned upright.

Limits: a small file may unpack to gigabytes (a decompression bomb), or have its
pixels computed thousands of times over (a JPEG of as many scans). So before a pixel
is decoded the size is judged and the file is looked through: which parts it has, and
how many. A decoder gets only what a picture needs. Two formats are read, those that
WeChat serves; each further decoder would be one more door.
"""

import io
import struct
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

_SOI, _SOS, _APP1 = 0xD8, 0xDA, 0xE1
_Turn = Image.Transpose
_TURNS = {
    2: _Turn.FLIP_LEFT_RIGHT,
    3: _Turn.ROTATE_180,
    4: _Turn.FLIP_TOP_BOTTOM,
    5: _Turn.TRANSPOSE,
    6: _Turn.ROTATE_270,
    7: _Turn.TRANSVERSE,
    8: _Turn.ROTATE_90,
}
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
        if (turn := _TURNS.get(_orientation(data))) is not None:
            small = small.transpose(turn)
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
            # Pillow wants a file to its end, and the end's own mark with it.
            image.load()
            return Image.MIME[image.format or ""]
    except NoPicture:
        raise
    except Exception as error:
        raise NoPicture(type(error).__name__) from None


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
    """Its segments without comments and applications' own, and then its scans. JFIF's
    and Adobe's say how colours are meant, and stay."""
    for code, at, end in _segments(data):
        if code == _SOS:
            yield data[at:]
        elif code in _NEEDED:
            yield data[at:end]


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Code, beginning and end of each, up to the first scan's (ITU-T T.81 annex B)."""
    at = 2
    if data[:2] != bytes((0xFF, _SOI)):
        raise NoPicture("format")
    for _ in range(MOST_PARTS):
        mark, code = data[at], data[at + 1]
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if mark != 0xFF or code not in _SEGMENTS or not at + 4 <= end <= len(data):
            raise NoPicture("make")
        yield code, at, end
        if code == _SOS:
            return
        at = end
    raise NoPicture("parts")


def _orientation(data: bytes) -> int:
    """How a JPEG lies, 1 to 8, by the first directory of its Exif segment (CIPA
    DC-008, tag 0x0112); 1 where it says nothing that can be read."""
    if data.startswith(_PNG):
        return 1
    for code, at, end in _segments(data):
        if code == _APP1 and data[at + 4 : at + 10] == b"Exif\0\0":
            try:
                return _tag(data[at + 10 : end])
            except struct.error:
                return 1
    return 1


def _tag(tiff: bytes) -> int:
    order = "<" if tiff[:2] == b"II" else ">"
    (directory,) = struct.unpack_from(f"{order}I", tiff, 4)
    (entries,) = struct.unpack_from(f"{order}H", tiff, directory)
    for entry in range(min(entries, MOST_PARTS)):
        place = directory + 2 + 12 * entry
        tag, kind, _, value = struct.unpack_from(f"{order}HHIH", tiff, place)
        if (tag, kind) == (0x0112, 3):
            return int(value)
    return 1


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
