"""What we say, as a Chinese visitor reads it."""

from gettext import translation

from wxlogin.config.paths import package_dir

_CHINESE = translation("messages", package_dir() / "translations", ["zh"])


def in_chinese(text: str) -> str:
    return _CHINESE.gettext(text)
