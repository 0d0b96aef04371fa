"""Chinese or English: what the visitor chose, else what the site wishes that sends the
visitor, else what the browser asks for."""

from collections.abc import Iterable
from datetime import datetime

from flask import Flask, has_request_context, request
from flask_babel import Babel, format_datetime, get_locale
from markupsafe import Markup
from werkzeug.datastructures import LanguageAccept

from wxlogin.config.paths import package_dir
from wxlogin.security.cookies import cookie_name
from wxlogin.service import running

LANGUAGES = ("zh", "en")
#: Seconds the visitor's choice is kept.
KEEP_SECONDS = 365 * 24 * 3600

babel = Babel()


def init_language(app: Flask) -> None:
    babel.init_app(
        app,
        default_locale="en",
        default_timezone="Asia/Shanghai",
        default_translation_directories=str(package_dir() / "translations"),
        locale_selector=choose,
    )
    app.jinja_env.globals.update(language=language, html_lang=html_lang)
    app.jinja_env.filters["moment"] = moment


def choose() -> str:
    """`zh` or `en` for this request."""
    settings = running().settings
    if not has_request_context():
        return settings.default_language
    chosen = request.cookies.get(cookie_name(settings, "language"))
    if chosen in LANGUAGES:
        return chosen
    if of_site := wished(request.args.get("ui_locales", "").split()):
        return of_site
    # `*` is no wish for a language; the operator's default answers it.
    wishes = LanguageAccept(
        [wish for wish in request.accept_languages if wish[0] != "*"]
    )
    asked = wishes.best_match(("zh", "zh-CN", "zh-TW", "zh-HK", "en"))
    return asked.partition("-")[0] if asked else settings.default_language


def language() -> str:
    return "zh" if str(get_locale()).startswith("zh") else "en"


def wished(tags: Iterable[str]) -> str | None:
    """The first of these language tags that we speak, as `zh` or `en`; they are the
    `ui_locales` of a site's request (OpenID Connect Core 3.1.2.1)."""
    spoken = (tag.lower().partition("-")[0] for tag in tags)
    return next((tag for tag in spoken if tag in LANGUAGES), None)


def html_lang() -> str:
    return "zh-CN" if language() == "zh" else "en"


def moment(value: datetime) -> Markup:
    """A moment to the minute, in Beijing's time; a script turns it into the
    visitor's own."""
    shown = format_datetime(value, "yyyy-MM-dd HH:mm")
    return Markup('<time datetime="{}">{}</time>').format(value.isoformat(), shown)
