"""Is PUBLIC_URL us? Is the logo there, and does WeChat find its verification files?

WeChat fetches MP_verify_XXXX.txt (content XXXX) from the root of the domain or from
the path entered in the console, when 网页授权域名 is saved: developers.weixin.qq.com/
doc/service/guide/h5/auth.html. Many networks do not let a machine reach its own public
address, so not to reach it is no mistake by itself.
"""

import json
from collections.abc import Iterator
from urllib.parse import urljoin

from wxlogin.config import AppKind, Settings
from wxlogin.doctor.asking import Asking, asking
from wxlogin.doctor.console import DOMAIN_PAGES
from wxlogin.doctor.finding import Finding, note, ok, warning, wrong
from wxlogin.errors import WeChatUnavailable

_CHECK = "public url"
_FILES = "verify files"
_LOGO = "logo"


def check(settings: Settings) -> Iterator[Finding]:
    """Who answers at PUBLIC_URL, and then each of VERIFY_FILES."""
    if _wants_file(settings):
        yield warning(
            _FILES,
            "VERIFY_FILES has no MP_verify file; an official account wants one.",
            todo="Put it there, unless another server answers with it.",
            console=DOMAIN_PAGES[AppKind.official_account],
        )
    with asking() as ask:
        us = _us(settings, ask)
        yield us
        if us.level == "ok":
            for name, content in settings.verify_files.items():
                yield _file(settings, ask, name, content)
            if settings.logo:
                yield _logo(settings, ask)


def _wants_file(settings: Settings) -> bool:
    # Test accounts need none.
    if settings.env != "production" or settings.simulated:
        return False
    account = settings.app_of_kind(AppKind.official_account)
    named = any(name.startswith("MP_verify_") for name in settings.verify_files)
    return account is not None and not named


def _us(settings: Settings, ask: Asking) -> Finding:
    url = settings.public_url
    try:
        answer = ask.get(f"{url}/healthz")
    except WeChatUnavailable as error:
        why = error.facts.get("fault")
        text = f"nobody answers at {url} from this machine ({why})"
        return note(_CHECK, f"{text}; fine before the start, or behind a firewall")
    if answer.status_code == 200 and _status(answer.content) == "ok":
        return ok(_CHECK, f"wxlogin answers at {url}")
    return warning(
        _CHECK,
        f"Something else than wxlogin answers at {url}.",
        todo="Check the proxy's rules, and PUBLIC_URL with its path.",
    )


def _status(body: bytes) -> object:
    try:
        data = json.loads(body)
    except ValueError:
        return None
    return data.get("status") if isinstance(data, dict) else None


def _file(settings: Settings, ask: Asking, name: str, content: str) -> Finding:
    root = settings.public_url.removesuffix(settings.prefix)
    for place in dict.fromkeys((root, settings.public_url)):
        if _serves(ask, f"{place}/{name}", content.encode("utf-8")):
            return ok(_FILES, f"{place}/{name} is as WeChat wants it")
    return wrong(
        _FILES,
        f"{name} is not found at {settings.public_url}, or with something around it.",
        todo="Restart wxlogin after a change of VERIFY_FILES; let the proxy send "
        f"/{name} here as it is.",
    )


def _logo(settings: Settings, ask: Asking) -> Finding:
    """A browser shows an empty space for what is no picture, and tells nobody."""
    root = settings.public_url.removesuffix(settings.prefix)
    url = urljoin(f"{root}/", settings.logo)
    try:
        answer = ask.get(url)
    except WeChatUnavailable:
        return note(_LOGO, f"{url} is not reached from this machine")
    # Many servers answer with their start page where there is nothing.
    page = (
        answer.content.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html"))
    )
    if answer.status_code == 200 and answer.content and not page:
        return ok(_LOGO, f"{url} is a picture")
    return warning(
        _LOGO,
        f"{url} answers {answer.status_code}, and with no picture.",
        todo="Set LOGO to the path or https address of a picture.",
    )


def _serves(ask: Asking, url: str, content: bytes) -> bool:
    try:
        answer = ask.get(url)
    except WeChatUnavailable:
        return False
    return answer.status_code == 200 and answer.content == content
