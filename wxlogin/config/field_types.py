"""What can stand in a setting, where it is more than a text or a number.

Each type brings what was written into the form in which it is used, or refuses it with
a sentence (ValueError). LOGO and ACCENT are what an operator puts on our pages: the one
is a picture that browsers find, the other a colour on which white text can be read.
"""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, SecretStr

from wxlogin.config.languages import known_language
from wxlogin.config.urls import base_url, link
from wxlogin.config.written import require_utf_8

# Mini programs' and websites' files have names without MP_verify_.
_VERIFY_NAME = re.compile(r"[A-Za-z0-9_]{1,100}\.txt")
_MAIL_DOMAIN = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
_COLOUR = re.compile(r"#[0-9a-f]{6}")
# Normal text on a plain ground, WCAG 2.2 success criterion 1.4.3 (level AA).
_CONTRAST = 4.5


def _verify_files(value: Any) -> Any:
    for name, content in value.items() if isinstance(value, dict) else ():
        if isinstance(content, dict) and content:
            # TOML takes an unquoted dot for a table in a table.
            raise ValueError(f'put the name in quotes: "{name}.{next(iter(content))}"')
        if not _VERIFY_NAME.fullmatch(str(name)):
            raise ValueError(
                "a verification file is named as WeChat names it: letters, digits "
                "and _, then .txt"
            )
        if not content or str(content).startswith("\ufeff"):
            raise ValueError(f"{name}: write what stands in the file, without a BOM")
        require_utf_8(str(content))
    return value


def _mail_domain(value: str) -> str:
    if value and not _MAIL_DOMAIN.fullmatch(value):
        raise ValueError(
            "write a domain of yours in small letters, without @: "
            "users.login.shop.example"
        )
    return value


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


Secrets = tuple[SecretStr, ...]


def keys_in(text: str) -> list[str]:
    """Keys as they are written: commas between, or one in each line of a file."""
    return [part for part in re.split(r"[,\r\n]", text) if part.strip()]


BaseUrl = Annotated[str, AfterValidator(base_url)]
MaybeUrl = Annotated[str, AfterValidator(lambda value: value and base_url(value))]
Link = Annotated[str, AfterValidator(lambda value: value and link(value))]
Logo = Annotated[str, AfterValidator(findable_logo)]
Accent = Annotated[str, AfterValidator(readable_accent)]
MailDomain = Annotated[str, AfterValidator(_mail_domain)]
Language = Annotated[str, BeforeValidator(known_language)]
VerifyFiles = Annotated[dict[str, str], BeforeValidator(_verify_files)]
