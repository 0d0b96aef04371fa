"""LOGO and ACCENT: what an operator puts on our pages, so that it can be seen."""

import re

from wxlogin.config.addresses import link

_COLOUR = re.compile(r"#[0-9a-f]{6}")
# Normal text on a plain ground, WCAG 2.2 success criterion 1.4.3 (level AA).
_CONTRAST = 4.5


def findable_logo(value: str) -> str:
    """Where browsers find the logo. Raises ValueError with a sentence."""
    if value and not value.startswith(("/", "https:")):
        raise ValueError(
            "write a path on our host, such as /logo.png, or an https address"
        )
    if value.endswith("/"):
        raise ValueError("name the picture itself, not the folder it lies in")
    return link(value) if value else ""


def readable_accent(value: str) -> str:
    """The colour in small letters. Raises ValueError where it is none, or too light
    for the white text that stands on it, on the light page and on the dark one."""
    colour = value.lower()
    if not _COLOUR.fullmatch(colour):
        raise ValueError("write a colour as # and six hexadecimal digits: #07794a")
    if (found := contrast_with_white(colour)) < _CONTRAST:
        # Cut, not rounded: 4.49 shall not read as 4.5.
        told = int(found * 10) / 10
        raise ValueError(
            f"white text on it has a contrast of {told}, and reads well from "
            f"{_CONTRAST} on; take a darker one, such as #07794a"
        )
    return colour


def contrast_with_white(colour: str) -> float:
    """From 1 (white) to 21 (black): WCAG 2.2, "contrast ratio"."""
    red, green, blue = (_linear(int(colour[at : at + 2], 16)) for at in (1, 3, 5))
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def _linear(channel: int) -> float:
    """WCAG 2.2, "relative luminance"."""
    share = channel / 255
    if share <= 0.04045:
        return share / 12.92
    return float(((share + 0.055) / 1.055) ** 2.4)
