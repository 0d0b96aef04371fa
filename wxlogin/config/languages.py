"""The languages of the pages: English, which they are written in, and each catalogue.

A catalogue is a folder of FOLDER by the language's name as Babel writes it, `zh` or
`zh_Hant`, with LC_MESSAGES/messages.po and what `make translations` compiles of it.
Whatever knows of languages asks here, so a new one is a catalogue and nothing else;
DEFAULT_LANGUAGE may name it.
"""

from functools import cache
from pathlib import Path

from babel import Locale

from wxlogin.config.paths import package_dir

FOLDER = package_dir() / "translations"
#: What the texts are written in; who speaks none of ours knows it best.
SOURCE = "en"
# Our Chinese is that of the mainland; browsers of elsewhere ask for theirs.
_TAGS = {"zh": "zh-CN"}
_TRADITIONAL = ("zh-TW", "zh-HK", "zh-MO")
# Both call themselves 中文 where there is but one of them.
_NAMES = {"zh": "简体中文", "zh_Hant": "繁體中文"}


def languages() -> tuple[str, ...]:
    """The names of all languages; English last, which needs no catalogue."""
    return (*_catalogues(FOLDER), SOURCE)


@cache
def _catalogues(folder: Path) -> tuple[str, ...]:
    found = folder.glob("*/LC_MESSAGES/messages.mo")
    return tuple(sorted(file.parent.parent.name for file in found))


def tag_of(language: str) -> str:
    """The language's tag in a page or a document, such as `zh-CN` (RFC 5646)."""
    return _TAGS.get(language, language.replace("_", "-"))


def name_of(language: str) -> str:
    """What its speakers call the language."""
    return _NAMES.get(language) or str(Locale.parse(language).display_name)


def by_tag() -> dict[str, str]:
    """The languages by each tag that a browser may ask for them with."""
    known = {one.replace("_", "-"): one for one in languages()}
    known |= {tag_of(one): one for one in languages()}
    chinese = known.get("zh-Hant") or known.get("zh")
    return known | dict.fromkeys(_TRADITIONAL, chinese) if chinese else known


def spoken(tag: str) -> str | None:
    """The language for this tag, however much more it says (RFC 4647 section 3.4)."""
    known = {name.lower(): language for name, language in by_tag().items()}
    # No language has more than language, script and region; a stranger's tag may.
    parts = tag.lower().split("-", 3)[:3]
    names = ("-".join(parts[:end]) for end in range(len(parts), 0, -1))
    return next((known[name] for name in names if name in known), None)


def known_language(value: object) -> str:
    """The name of one of our languages. Raises ValueError for anything else."""
    names = languages()
    if isinstance(value, str) and value in names:
        return value
    raise ValueError(f"write {', '.join(names[:-1])} or {names[-1]}")
