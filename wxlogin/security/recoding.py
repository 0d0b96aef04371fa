"""A foreign picture becomes one of our own.

What came from elsewhere is never handed on. It is decoded under limits, cut to a
square and written anew, so that nothing survives but pixels: no metadata, no second
format hidden behind the first, no script (SVG is no picture here), no animation.

Limits: a small file may unpack to gigabytes (a decompression bomb), so the size in
the header is judged before a pixel is decoded. Two formats are read, those that
WeChat serves; each further decoder would be one more door.
"""

import io

from PIL import Image, ImageOps

FORMATS = ("JPEG", "PNG")
# WeChat's largest picture has 640 x 640, its smallest 46 x 46.
MOST_PIXELS = 2_000_000
LEAST_SIDE = 40
_QUALITY = 88

#: The content type of what `square_jpeg` makes.
JPEG = "image/jpeg"


class NoPicture(ValueError):
    """These bytes are no picture that we would show."""


def square_jpeg(data: bytes, side: int) -> bytes:
    """The picture as a JPEG of `side` x `side` pixels, cut from the middle.

    Raises NoPicture, and nothing else, for what is not a still JPEG or PNG of a
    sensible size.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _judge(image)
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


def _judge(image: Image.Image) -> None:
    width, height = image.size
    if width * height > MOST_PIXELS or min(width, height) < LEAST_SIDE:
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
