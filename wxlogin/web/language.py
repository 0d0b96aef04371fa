"""The language of a page: what the visitor chose, else what the site wishes that sends
the visitor, else what the browser asks for. Which there are: config/languages.py."""

import re
from collections.abc import Iterable
from datetime import datetime

from flask import Flask, has_request_context, request
from flask_babel import Babel, format_datetime, get_locale
from markupsafe import Markup

from wxlogin.config import languages
from wxlogin.config.languages import name_of, spoken, tag_of
from wxlogin.security.cookies import cookie_name
from wxlogin.service import running

#: Seconds the visitor's choice is kept.
KEEP_SECONDS = 365 * 24 * 3600

# A tag that begins with a language (RFC 5646 section 2.1).
_NAMED = re.compile(r"[a-z]{2,3}(-|\Z)", re.IGNORECASE)

babel = Babel()


def init_language(app: Flask) -> None:
    babel.init_app(
        app,
        default_locale="en",
        default_timezone="Asia/Shanghai",
        default_translation_directories=str(languages.FOLDER),
        locale_selector=choose,
    )
    app.jinja_env.globals.update(html_lang=html_lang, other_languages=other_languages)
    app.jinja_env.filters["moment"] = moment


def choose() -> str:
    """The name of this request's language, such as `zh`."""
    settings = running().settings
    if not has_request_context():
        return settings.default_language
    chosen = request.cookies.get(cookie_name(settings, "language"))
    if chosen in languages.languages():
        return chosen
    if of_site := wished(request.args.get("ui_locales", "").split()):
        return of_site
    # The dearest first; `*` names no language, nor does what is no tag.
    asked = [tag for tag, quality in request.accept_languages if quality > 0]
    if ours := wished(asked):
        return ours
    named = any(map(_NAMED.match, asked))
    return settings.foreign_language if named else settings.default_language


def language() -> str:
    """The language that texts are in by now."""
    found = str(get_locale())
    return found if found in languages.languages() else "en"


def wished(tags: Iterable[str]) -> str | None:
    """The language of the first of these tags that we speak: of a browser's, or of the
    `ui_locales` of a site's request (OpenID Connect Core 3.1.2.1). `en-GB` is English
    to us, whatever comes after it."""
    return next(filter(None, map(spoken, tags)), None)


def for_wechat(wish: str) -> str:
    """How WeChat's pages name this language of ours: they know `cn`, which they take
    any other wish for, and `en`."""
    is_ours = wish in languages.languages()
    return "en" if is_ours and not wish.startswith("zh") else "cn"


def html_lang() -> str:
    return tag_of(language())


def other_languages() -> list[tuple[str, str, str]]:
    """For the switch of a page: name, tag and own word of each other language."""
    others = (one for one in languages.languages() if one != language())
    return [(one, tag_of(one), name_of(one)) for one in others]


def moment(value: datetime) -> Markup:
    """A moment to the minute, in Beijing's time; a script turns it into the
    visitor's own."""
    shown = format_datetime(value, "yyyy-MM-dd HH:mm")
    return Markup('<time datetime="{}">{}</time>').format(value.isoformat(), shown)
