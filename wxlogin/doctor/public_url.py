"""PUBLIC_URL: does WeChat take it for a callback domain, and is it us?

- A website app's 授权回调域 is a bare host: no scheme, path or port; localhost and
  127.0.0.1 do not work (reported on developers.weixin.qq.com/community).
- An official account's 网页授权域名 is a full host that covers no other one, with
  an ICP filing: no IP address, no port, no short-link domain. Staff answer that only
  ports 80 and 443 work. https is recommended, http accepted. WeChat fetches
  MP_verify_XXXX.txt (content XXXX) from the root of the domain or from the path
  entered in the console, when it is saved. Source:
  developers.weixin.qq.com/doc/service/guide/h5/auth.html.
- WeChat's test accounts (测试号) take IP addresses with ports (reported).

Many networks do not let a machine reach its own public address, so not to reach it is
no mistake by itself.
"""

import json
from collections.abc import Iterator
from urllib.parse import urljoin

from wxlogin.config import App, AppKind, Settings
from wxlogin.config.host_names import ip_of, is_loopback
from wxlogin.doctor.findings import Asking, Finding, asking, note, ok, warning, wrong
from wxlogin.errors import WeChatUnavailable
from wxlogin.flows import doors
from wxlogin.flows.doors import Field, doors_of

_CALLBACK, _US, _FILES, _LOGO = "callback", "public url", "verify files", "logo"
_TEST_ACCOUNT_PAGE = "mp.weixin.qq.com/debug/cgi-bin/sandbox?t=sandbox/login"


def callback_domains(settings: Settings) -> Iterator[Finding]:
    """For each app with a callback domain: what to enter, or what stands against it."""
    if settings.simulated:
        host = settings.public.hostname
        yield ok(_CALLBACK, f"the demo's simulator takes {host} for every app")
        return
    for app in settings.apps:
        for door in doors_of(app.kind):
            if door.domain.name:
                yield _callback(settings, app, door.domain)


def _callback(settings: Settings, app: App, field: Field) -> Finding:
    if settings.env == "trial" and app.kind is AppKind.official_account:
        return _test_account(settings, app)
    host, page = settings.public.hostname or "", field.page
    if is_loopback(settings.public.hostname) or ip_of(host):
        return wrong(
            _CALLBACK,
            f"{app.name}: WeChat takes no {host} as {field.name}.",
            todo="Set PUBLIC_URL to a domain of yours (with an ICP filing), or "
            "SIMULATOR=on to try things here.",
            console=page,
        )
    if port := _odd_port(settings):
        return warning(
            _CALLBACK,
            f"{app.name}: PUBLIC_URL has port {port}; WeChat takes 443 and 80 only.",
            todo="Put a proxy in front and leave the port out of PUBLIC_URL.",
            console=page,
        )
    return ok(_CALLBACK, f"{app.name}: enter {host} as {field.name}.", console=page)


def _test_account(settings: Settings, app: App) -> Finding:
    if is_loopback(settings.public.hostname):
        return warning(
            _CALLBACK,
            f"{app.name}: phones do not find this machine as {settings.public.netloc}.",
            todo="Set PUBLIC_URL to its address in your network.",
        )
    text = f"{app.name}: enter {settings.public.netloc} as 授权回调页面域名"
    return ok(_CALLBACK, f"{text}, for a test account.", console=_TEST_ACCOUNT_PAGE)


def _odd_port(settings: Settings) -> int | None:
    port = settings.public.port
    return None if port in (80, 443) else port


def ourselves(settings: Settings) -> Iterator[Finding]:
    """Who answers at PUBLIC_URL, and then each of VERIFY_FILES."""
    if _wants_file(settings):
        yield warning(
            _FILES,
            "VERIFY_FILES has no MP_verify file; an official account wants one.",
            todo="Put it there, unless another server answers with it.",
            console=doors.H5.domain.page,
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
    account = doors.app_of(doors.H5, settings)
    named = any(name.startswith("MP_verify_") for name in settings.verify_files)
    return account is not None and not named


def _us(settings: Settings, ask: Asking) -> Finding:
    url = settings.public_url
    try:
        answer = ask.get(f"{url}/healthz")
    except WeChatUnavailable as error:
        why = error.facts.get("fault")
        text = f"nobody answers at {url} from this machine ({why})"
        return note(_US, f"{text}; fine before the start, or behind a firewall")
    if answer.status_code == 200 and _status(answer.content) == "ok":
        return ok(_US, f"wxlogin answers at {url}")
    return warning(
        _US,
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
    start = answer.content.lstrip()[:14].lower()
    page = start.startswith((b"<!doctype html", b"<html"))
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
