"""The language of our own pages: what the visitor clicked, or what the browser wants.

The catalogues are gettext's, read by Python's own: what else reads them is three times
the size of the whole simulator.
"""

from gettext import GNUTranslations, NullTranslations, translation
from pathlib import Path
from urllib.parse import urlencode

from flask import Flask, Response, g, request

#: Our languages, with the tag of each in a page and what its speakers call it.
LANGUAGES = {
    "zh": ("zh-CN", "简体中文"),
    "zh_Hant": ("zh-Hant", "繁體中文"),
    "en": ("en", "English"),
}
# What browsers of Taiwan, Hong Kong and Macau ask for.
_TRADITIONAL = ("zh-hant", "zh-tw", "zh-hk", "zh-mo")
_COOKIE = "wxsim_lang"
_FOLDER = Path(__file__).with_name("translations")
# English is what the texts themselves are.
_TEXTS: dict[str, GNUTranslations | NullTranslations] = {
    "en": NullTranslations(),
    "zh": translation("messages", _FOLDER, ["zh"]),
    "zh_Hant": translation("messages", _FOLDER, ["zh_Hant"]),
}


def add_languages(app: Flask) -> None:
    """Give the templates `_()`, `language_tag()` and `other_languages()`."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        translated,
        lambda one, many, n: _TEXTS[language()].ngettext(one, many, n),
        newstyle=True,
    )
    app.jinja_env.globals["other_languages"] = _other_languages
    app.jinja_env.globals["language_tag"] = _tag
    app.after_request(_remember)


def marked(text: str) -> str:
    """Puts a text into the catalogues; whoever shows it has it `translated`."""
    return text


def translated(text: str) -> str:
    """`text` in the language of this request."""
    return _TEXTS[language()].gettext(text)


def language() -> str:
    """One of LANGUAGES, for this request."""
    wanted = request.args.get("lang", request.cookies.get(_COOKIE, ""))
    if wanted in LANGUAGES:
        return wanted
    wanted_tags = [tag for tag, quality in request.accept_languages if quality > 0]
    return next(filter(None, map(_spoken, wanted_tags)), "en")


def _spoken(tag: str) -> str | None:
    """Our language for what a browser asks for, the dearest first."""
    low = tag.lower()
    if low.startswith(_TRADITIONAL):
        return "zh_Hant"
    return next((one for one in ("zh", "en") if low.split("-")[0] == one), None)


def _remember(response: Response) -> Response:
    # Only our own pages ask for the language; the `lang` of WeChat's is another.
    if g.get("translated") and request.args.get("lang") in LANGUAGES:
        response.set_cookie(
            _COOKIE, request.args["lang"], httponly=True, samesite="Lax"
        )
    return response


def _tag() -> str:
    return LANGUAGES[language()][0]


def _other_languages() -> list[dict[str, str]]:
    """The links that switch: the same page in each other language."""
    g.translated = True
    found = []
    for code, (tag, name) in LANGUAGES.items():
        if code != language():
            args = request.args.to_dict() | {"lang": code}
            url = f"{request.path}?{urlencode(args)}"
            found.append({"tag": tag, "name": name, "url": url})
    return found
