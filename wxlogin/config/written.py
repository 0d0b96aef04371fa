"""What a person wrote into a setting, without what came along unseen.

An editor puts a byte order mark in front, a copied table brings blanks and zero-width
characters, a file ends with a line end. At the ends they are harmless and are taken
off, from every setting alike. In the middle nobody can tell what was meant: there a
sentence names the character and its place, and nothing else of the value, which may
be a secret. WeChat's ids and secrets, keys, names and addresses hold none of them.
"""

import re
import unicodedata
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationInfo, field_validator
from pydantic.fields import FieldInfo

# Characters that are seen as nothing and are no "format" of Unicode (category Cf):
# fillers, variation selectors, and what else is ignored by default
# (DerivedCoreProperties.txt of Unicode).
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164"
    "\ufe00-\ufe0f\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]"
)
# Those that turn the direction of what follows, names included.
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
# Longer ones may hold a secret that stands in the wrong place.
_SHOWN = 20
_QUOTES = "\"'“”‘’„«»"


class Written(BaseModel):
    """A table of settings. Each text in it is taken without its unseen ends."""

    # Nothing of a secret in pydantic's own words either, should they be seen.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    #: Fields that hold words for people, where a joiner holds an emoji together.
    prose: ClassVar[frozenset[str]] = frozenset()

    @field_validator("*", mode="before")
    @classmethod
    def _plain(cls, value: Any, info: ValidationInfo) -> Any:
        name = info.field_name or ""
        field = cls.model_fields[name]
        if isinstance(value, bool) and field.annotation in (int, float):
            raise ValueError("write a number")
        if name in cls.prose:
            return words(value) if isinstance(value, str) else value
        return _plain(value, hidden=is_secret(field))


def is_secret(field: FieldInfo) -> bool:
    """Is this a field whose value nobody may be shown?"""
    return "SecretStr" in str(field.annotation) or not field.repr


def plain(text: str) -> str:
    """An id, key, name or address without its unseen ends. Raises ValueError where
    one is in the middle."""
    require_utf_8(text)
    unseen = {char for char in set(text) if _is_unseen(char)}
    found = text.strip("".join(unseen))
    for place, char in enumerate(found, start=1):
        if char != " " and char in unseen:
            raise ValueError(
                f"there is an invisible character ({character(char)}) at place "
                f"{place}; type it anew, or copy it without"
            )
    if len(found) > 1 and found[0] in _QUOTES and found[-1] in _QUOTES:
        raise ValueError(
            "there are quotation marks around it; take them off (Docker's --env-file "
            "keeps them)"
        )
    return found


def secret_text(text: str) -> str:
    """The same for a secret, which is of ASCII. Raises ValueError."""
    found = plain(text)
    for place, char in enumerate(found, start=1):
        if not char.isascii():
            raise ValueError(
                f"there is {character(char)} at place {place}; a secret is letters, "
                "digits and signs of ASCII"
            )
    return found


def words(text: str) -> str:
    """Words for people: one line, ends trimmed. Raises ValueError for characters that
    a terminal or a browser would obey."""
    require_utf_8(text)
    found = text.strip().strip("\ufeff\u200b\u2060").strip()
    for char in found:
        if unicodedata.category(char) in ("Cc", "Zl", "Zp") or _TURNING.match(char):
            raise ValueError(f"leave out the invisible character {character(char)}")
    return found


def character(char: str) -> str:
    """How a character is called where it cannot be shown: `U+200B ZERO WIDTH SPACE`."""
    return f"U+{ord(char):04X} {unicodedata.name(char, '')}".strip()


def _plain(value: Any, *, hidden: bool) -> Any:
    clean = _secret_or_plain if hidden else plain
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, SecretStr):
        return SecretStr(clean(value.get_secret_value()))
    if isinstance(value, list | tuple):
        return type(value)(_plain(one, hidden=hidden) for one in value)
    return value


def _secret_or_plain(text: str) -> str:
    # A URL with a password in it may hold whatever the server takes.
    return plain(text) if "://" in text else secret_text(text)


def require_utf_8(text: str) -> None:
    """Raises ValueError for half a character or bytes of another encoding, which would
    fail when a page is written."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("it is no text in UTF-8") from None


def seen(text: str) -> str:
    """What of it shows: no blanks, and no letters that look like none."""
    return "".join(char for char in text if not _is_unseen(char))


def _is_unseen(char: str) -> bool:
    category = unicodedata.category(char)
    return category[0] == "Z" or category in ("Cc", "Cf") or bool(_UNSEEN.match(char))


def shown(value: Any) -> str:
    """A value as it may be repeated: short words and numbers, and addresses without
    anything in them that could be a password."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    if not isinstance(value, str):
        return "nothing" if value is None else str(value)
    if "@" in value:
        return f"{len(value)} characters"
    if "://" in value:
        return f'"{visible(re.split("[?#]", value)[0][:200])}"'
    if len(value) > _SHOWN:
        return f"{len(value)} characters"
    return f'"{visible(value)}"'


def visible(text: str) -> str:
    """The text with a sign in place of each character that no terminal shows."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)
