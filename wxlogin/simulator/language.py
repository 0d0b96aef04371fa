"""Chinese or English: what the visitor clicked, otherwise what the browser wants."""

from pathlib import Path
from urllib.parse import urlencode

from flask import Flask, Response, g, request
from flask_babel import Babel, get_locale

LANGUAGES = ("zh", "en")
_COOKIE = "wxsim_lang"
_TRANSLATIONS = Path(__file__).with_name("translations")


def _select() -> str:
    wanted = request.args.get("lang", request.cookies.get(_COOKIE, ""))
    if wanted in LANGUAGES:
        return wanted
    return request.accept_languages.best_match(LANGUAGES) or "en"


def _remember(response: Response) -> Response:
    # Only our own pages ask for the language; the `lang` of WeChat's is another.
    if g.get("translated") and request.args.get("lang") in LANGUAGES:
        response.set_cookie(
            _COOKIE, request.args["lang"], httponly=True, samesite="Lax"
        )
    return response


def _other_language() -> dict[str, str]:
    """The link that switches: the same page in the other language."""
    g.translated = True
    code = "en" if str(get_locale()) == "zh" else "zh"
    args = request.args.to_dict() | {"lang": code}
    return {"code": code, "url": f"{request.path}?{urlencode(args)}"}


def add_language(app: Flask) -> None:
    """Give the templates `_()`, `language()` and `other_language()`."""
    Babel(
        app,
        locale_selector=_select,
        default_translation_directories=str(_TRANSLATIONS),
    )
    app.after_request(_remember)
    app.jinja_env.globals["other_language"] = _other_language
    app.jinja_env.globals["language"] = lambda: str(get_locale())
