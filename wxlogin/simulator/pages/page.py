"""How our own pages are sent: with a policy, without framing, in one of our languages.

The policy binds scripts to a nonce. The QR page is the exception in the rest: WeChat
lets every site frame it and name a style sheet from anywhere. The language is what the
visitor clicked, otherwise what the browser wants.
"""

import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, g, render_template, request
from flask_babel import Babel, get_locale

from ..world import rules

#: Our languages, with the tag of each in a page and what its speakers call it.
LANGUAGES = {
    "zh": ("zh-CN", "简体中文"),
    "zh_Hant": ("zh-Hant", "繁體中文"),
    "en": ("en", "English"),
}
# What browsers of Taiwan, Hong Kong and Macau ask for.
_TRADITIONAL = ("zh-hant", "zh-tw", "zh-hk", "zh-mo")
_COOKIE = "wxsim_lang"
_TRANSLATIONS = Path(__file__).parent.with_name("translations")


def page(
    template: str,
    *,
    framing: bool = False,
    leads_away: bool = False,
    scripts_from: str = "",
    **values: Any,
) -> Response:
    """A page of ours, from `template` with `values` and a nonce for its scripts.

    With `framing` it is one that WeChat lets everybody frame. `leads_away` says that a
    form of it ends on another site, where browsers apply form-action. `scripts_from` is
    an origin that a framed page may load scripts from beside its own.
    """
    nonce = secrets.token_urlsafe(16)
    html = render_template(template, nonce=nonce, **values)
    response = Response(html, content_type="text/html; charset=utf-8")
    scripts = f"default-src 'none'; base-uri 'none'; script-src 'nonce-{nonce}'"
    policy = f"{scripts}{_framed(scripts_from) if framing else _alone(leads_away)}"
    response.headers["Content-Security-Policy"] = policy
    # "Back" must not show a code, a person or a switch that was.
    response.headers["Cache-Control"] = "no-store"
    if not framing:
        response.headers["Referrer-Policy"] = "same-origin"
    return response


def refused(problem: str, rule: str) -> Response:
    """WeChat's error page with the text `problem`; below it, which rule that was."""
    rules.report(request.path, rule)
    broken = rules.told(rule)
    return page("weui_error.html", framing=True, problem=problem, broken=broken)


def _framed(scripts_from: str) -> str:
    # The poll is a script, too, as in WeChat.
    return (
        f" 'self' {scripts_from}".rstrip()
        + "; img-src 'self' https:; style-src 'self' https: data:"
    )


def _alone(leads_away: bool) -> str:
    # A redirect behind a form counts, too; a callback may be anywhere.
    targets = "'self' http: https:" if leads_away else "'self'"
    return (
        "; style-src 'self'; img-src 'self' http: https: data:; "
        f"connect-src 'self'; form-action {targets}; frame-ancestors 'none'"
    )


def add_pages(app: Flask) -> None:
    """Give the templates `_()`, `language_tag()` and `other_languages()`."""
    Babel(
        app,
        locale_selector=_select,
        default_translation_directories=str(_TRANSLATIONS),
    )
    app.after_request(_finish)
    app.jinja_env.globals["other_languages"] = _other_languages
    app.jinja_env.globals["language_tag"] = _tag


def _select() -> str:
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


def _finish(response: Response) -> Response:
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    # Only our own pages ask for the language; the `lang` of WeChat's is another.
    if g.get("translated") and request.args.get("lang") in LANGUAGES:
        response.set_cookie(
            _COOKIE, request.args["lang"], httponly=True, samesite="Lax"
        )
    return response


def _tag() -> str:
    return LANGUAGES[str(get_locale())][0]


def _other_languages() -> list[dict[str, str]]:
    """The links that switch: the same page in each other language."""
    g.translated = True
    found = []
    for code, (tag, name) in LANGUAGES.items():
        if code != str(get_locale()):
            args = request.args.to_dict() | {"lang": code}
            url = f"{request.path}?{urlencode(args)}"
            found.append({"tag": tag, "name": name, "url": url})
    return found
