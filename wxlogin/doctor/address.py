"""PUBLIC_URL against WeChat's rules for callback domains.

- A website app's 授权回调域 is a bare host: no scheme, path or port; localhost and
  127.0.0.1 do not work (reported on developers.weixin.qq.com/community).
- An official account's 网页授权域名 is a full host that covers no other one, with
  an ICP filing: no IP address, no port, no short-link domain. Staff answer that only
  ports 80 and 443 work. https is recommended, http accepted. Source:
  developers.weixin.qq.com/doc/service/guide/h5/auth.html.
- WeChat's test accounts (测试号) take IP addresses with ports (reported).
"""

from collections.abc import Iterator

from wxlogin.config import App, AppKind, Settings
from wxlogin.config.host_names import ip_of, is_loopback
from wxlogin.doctor.console import DOMAIN_PAGES
from wxlogin.doctor.finding import Finding, ok, warning, wrong

_CHECK = "callback"
_TEST_ACCOUNT_PAGE = "mp.weixin.qq.com/debug/cgi-bin/sandbox?t=sandbox/login"
_FIELDS = {
    AppKind.website: "授权回调域",
    AppKind.official_account: "网页授权域名",
}


def check(settings: Settings) -> Iterator[Finding]:
    """For each app with a callback domain: what to enter, or what stands against it."""
    if settings.simulated:
        host = settings.public.hostname
        yield ok(_CHECK, f"the demo's simulator takes {host} for every app")
        return
    for app in settings.apps:
        if app.kind in DOMAIN_PAGES:
            yield _app(settings, app)


def _app(settings: Settings, app: App) -> Finding:
    if settings.env == "trial" and app.kind is AppKind.official_account:
        return _test_account(settings, app)
    host, page = settings.public.hostname or "", DOMAIN_PAGES[app.kind]
    if is_loopback(settings.public.hostname) or ip_of(host):
        return wrong(
            _CHECK,
            f"{app.name}: WeChat takes no {host} as {_FIELDS[app.kind]}.",
            todo="Set PUBLIC_URL to a domain of yours (with an ICP filing), or "
            "SIMULATOR=on to try things here.",
            console=page,
        )
    if port := _odd_port(settings):
        return warning(
            _CHECK,
            f"{app.name}: PUBLIC_URL has port {port}; WeChat takes 443 and 80 only.",
            todo="Put a proxy in front and leave the port out of PUBLIC_URL.",
            console=page,
        )
    return ok(_CHECK, f"{app.name}: enter {host} as {_FIELDS[app.kind]}.", console=page)


def _test_account(settings: Settings, app: App) -> Finding:
    if is_loopback(settings.public.hostname):
        return warning(
            _CHECK,
            f"{app.name}: phones do not find this machine as {settings.public.netloc}.",
            todo="Set PUBLIC_URL to its address in your network.",
        )
    text = f"{app.name}: enter {settings.public.netloc} as 授权回调页面域名"
    return ok(_CHECK, f"{text}, for a test account.", console=_TEST_ACCOUNT_PAGE)


def _odd_port(settings: Settings) -> int | None:
    port = settings.public.port
    return None if port in (80, 443) else port
