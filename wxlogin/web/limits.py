"""How often one visitor may ask (security rows 8, 97 and 102; finding M6).

There are three kinds of limits. Those of *use* count each request; they are so wide
that a school behind one address never meets them. Those of *failures* count what came
to nothing: success neither counts nor takes failures back. And *waiting* counts what
is kept for strangers until it has been answered.

Nobody is locked out by another. Who brings a right key is answered, however many wrong
ones came from that address. A browser that has signed in here before counts for
itself. What is left is told in docs/security.md, by number.

Keys hold addresses, names of sites and hashes, never a secret. `/auth`, sessions,
health and metrics are not limited, nor is what a page asks while its code waits.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event

from flask import Flask, Response, current_app, request

from wxlogin.config import Settings
from wxlogin.config.limits import Limits
from wxlogin.errors import Crowded, ScanUnknown, TooManyRequests, WxloginError
from wxlogin.flows import doors
from wxlogin.observability import get_logger
from wxlogin.service import running
from wxlogin.tickets.counters import counters_for
from wxlogin.web import callers
from wxlogin.web.edge import allow_framing, hide_referrer
from wxlogin.web.exchanges import Seats
from wxlogin.web.problems import refusal
from wxlogin.web.uploads import Readers

# One address may have this part of what waits for everybody together.
_SHARE = 5
# Where logins begin, beside the page of each door.
_BEGIN = {"login.page", "login.embed", "login.attempts", "identities.add"}
_MINI = {"mini_program.login", "mini_program.renew"}
_PROFILES = {"mini_program.bind_profile", "mini_program.profile"}
_FILES = {"mini_program.avatar"}
_PHONE = {"mini_program.phone_number"}
_CHECKS = {f"mini_program.{name}" for name in ("check", "following", "signed_word")}
_PICTURE = {"first_visit.picture"}
_OWN_PICTURE = {"identities.picture"}
_COPY = {"account.data"}
_SCAN = {f"scan_phone.{step}" for step in ("scanned", "confirm", "cancel")}
# Not `state` and `events`: a browser that waits asks for minutes, thirty times in each,
# and a count would cost as much as the answer. Who has no code is counted (`guessing`).
_CODE_PAGE = {
    f"{door.name}.{part}"
    for door in (doors.SCAN, doors.DEVICE, doors.FOLLOW)
    for part in ("renew", "image", "face", "claim")
}
_PHONE_PAGES = {
    f"{door.name}_phone.{step}"
    for door in (doors.DEVICE, doors.FOLLOW)
    for step in ("page", "confirm", "refuse")
}
_MUST_FOLLOW = {f"must_follow.{part}" for part in ("ours", "page", "image")}
_HANDOVER = {"handover.offer", "handover.page", "handover.accept"}
_KEYED = ("site_api", "app_tokens")
_KEYED_VIEWS = {"api.user", "ops.read_metrics"}
_OAUTH = {"openid.token", "openid.introspect", "openid.revoke"}

_Who = Callable[[], str | None]
_Most = Callable[[Limits], int]


@dataclass(frozen=True)
class _Use:
    """A limit of use: `most` requests in a minute of what `who` names."""

    name: str
    who: _Who
    most: _Most


def init_limits(app: Flask, settings: Settings) -> None:
    """Puts the limits around the application, where LIMITS is on."""
    if not settings.limits.enabled:
        return
    app.extensions["wxlogin.counters"] = counters_for(settings)
    app.extensions["wxlogin.seats"] = Seats()
    app.extensions["wxlogin.readers"] = Readers()
    uses = _uses()
    if not settings.trusted_proxies:
        _watch_for_proxy(app)

    @app.before_request
    def _count_use() -> None:
        if request.method == "OPTIONS":
            return
        try:
            for use in uses.get(request.endpoint or "", ()):
                if who := use.who():
                    callers.spend(use.name, who, use.most(settings.limits))
        except TooManyRequests:
            # The view has not run, which says this of its own pages.
            hide_referrer()
            if request.endpoint == "login.embed":
                allow_framing()
            raise

    @app.after_request
    def _count_failed_keys(response: Response) -> Response:
        return _after_failure(response) if _is_failure(response) else response


def _watch_for_proxy(app: Flask) -> None:
    """Says once where everybody has the address of a proxy, and thus one limit."""
    said = Event()

    @app.before_request
    def _look() -> None:
        if said.is_set() or "X-Forwarded-For" not in request.headers:
            return
        if callers.is_at_a_proxys():
            said.set()
            get_logger().warning(
                "everybody has one address",
                why="a proxy is in front of us and TRUSTED_PROXIES is 0",
                advice="set TRUSTED_PROXIES=1, or how many there are; until then all "
                "visitors share the limits of one",
            )


@contextmanager
def waiting(kind: str, *, seconds: int) -> Iterator[None]:
    """Around keeping a stranger's request of this kind for so many seconds.

    Raises TooManyRequests where this address has left too many of them unanswered.
    """
    if not callers.are_counted():
        yield
        return
    settings = running().settings
    # One address alone never fills the store, however small that is.
    most = min(settings.limits.waiting, settings.waiting_requests // _SHARE)
    callers.spend(f"waiting-{kind}", callers.address(), most, seconds=seconds)
    try:
        yield
    except Crowded:
        answered(kind, seconds=seconds)
        raise


def answered(kind: str, *, seconds: int) -> None:
    """A request of this kind, which was kept for this visitor, waits no more."""
    if callers.are_counted():
        callers.count(f"waiting-{kind}", callers.address(), amount=-1, seconds=seconds)


@contextmanager
def guessing() -> Iterator[None]:
    """Around what names a code by its scene: made-up ones end here (security row 68).

    Raises TooManyRequests in place of ScanUnknown for who has named too many. A right
    one is always answered.
    """
    try:
        yield
    except ScanUnknown:
        if callers.are_counted():
            most = running().settings.limits.failed_scans
            callers.spend("failed-scans", callers.address(), most)
        raise


def count_code(first: str | None) -> None:
    """One code more, each of which WeChat is asked to make (row 78).

    `first` names the browser by the first of its codes; None for one without. Raises
    TooManyRequests.
    """
    if not callers.are_counted():
        return
    limits = running().settings.limits
    if first:
        who = f"scan-{first}"
        callers.spend("scan-codes", who, limits.scan_codes_of_browser)
    known = callers.browser_of_session()
    most = limits.scan_codes_of_browser if known else limits.scan_codes
    callers.spend("scan-codes", known or callers.address(), most)


@contextmanager
def drawing() -> Iterator[None]:
    """Around a picture that WeChat may have to draw. What it did not draw it is asked
    for again, but not for ever by one address (row 78): raises TooManyRequests."""
    if not callers.are_counted():
        yield
        return
    name, who = "failed-pictures", callers.address()
    if callers.held(name, who) >= running().settings.limits.scan_codes:
        raise callers.used_up(name, who)
    try:
        yield
    except WxloginError:
        callers.count(name, who)
        raise


def count_site_call(client_id: str) -> None:
    """One call of this site's server, which has shown its key."""
    if callers.are_counted():
        callers.spend("site-calls", client_id, running().settings.limits.site_calls)


def count_token_call(app_name: str) -> None:
    """One more question of the operator's systems for this app's access token."""
    if callers.are_counted():
        most = running().settings.limits.token_calls
        callers.spend("token-calls", app_name, most)


def _is_failure(response: Response) -> bool:
    if request.endpoint in _OAUTH:
        return response.status_code in (400, 401)
    keyed = request.blueprint in _KEYED or request.endpoint in _KEYED_VIEWS
    return keyed and response.status_code == 401


def _after_failure(response: Response) -> Response:
    """The same refusal, or from a certain number on: wait. The headers by which a
    page of a site may read it stay."""
    who = f"{callers.client()}@{callers.address()}"
    try:
        callers.spend("failed-keys", who, running().settings.limits.failed_keys)
    except TooManyRequests as error:
        response.status_code = error.status
        response.headers["Retry-After"] = str(error.retry_after)
        response.headers.pop("WWW-Authenticate", None)
        _say_instead(response, error)
    return response


def _say_instead(response: Response, error: TooManyRequests) -> None:
    if request.endpoint in _OAUTH:
        told = {"problem": error.code, **error.facts, "security": True}
        get_logger().warning("refused", **told)
        words = "Too many calls failed. Wait as long as Retry-After says."
        told = {"error": "temporarily_unavailable", "error_description": words}
        response.set_data(current_app.json.dumps(told))
        return
    problem = refusal(error)
    response.set_data(problem.get_data())
    response.mimetype = problem.mimetype or "application/problem+json"


def _uses() -> dict[str, list[_Use]]:
    authorize, logout = "openid.authorize", "rp_logout.arrive"
    both = {authorize, f"{authorize}_by_form"}, {logout, f"{logout}_by_form"}
    begin = _BEGIN | {f"login.{door.name}" for door in doors.DOORS if door.in_browser}
    browser, address = callers.browser, callers.address
    table: list[tuple[str, set[str], _Who, _Most]] = [
        ("logins", begin, browser, lambda most: most.logins_of_browser),
        ("logins", begin, address, lambda most: most.logins),
        ("callbacks", {"callback.callback"}, address, lambda most: most.logins),
        ("mobile", {"native_app.mobile_login"}, address, lambda most: most.logins),
        ("mini-programs", _MINI, address, lambda most: most.logins),
        ("registrations", {"native_app.register"}, address, lambda most: most.logins),
        ("requests", both[0], browser, lambda most: most.requests_of_browser),
        ("requests", both[0], address, lambda most: most.requests),
        ("farewells", both[1], browser, lambda most: most.requests_of_browser),
        ("farewells", both[1], address, lambda most: most.requests),
        ("pictures", _PICTURE, callers.first_visit, lambda most: most.pictures),
        ("pictures", _PICTURE | _OWN_PICTURE, address, lambda most: most.logins),
        ("pictures", _OWN_PICTURE, callers.browser_of_session, lambda m: m.pictures),
        ("copies", _COPY, callers.browser_of_session, lambda most: most.copies),
        ("handovers", {"handover.offer"}, callers.program, lambda m: m.handovers),
        ("profiles", _PROFILES, callers.program, lambda m: m.logins_of_browser),
        ("checks", _CHECKS, callers.program, lambda m: m.checks),
        ("phones", _PHONE, callers.program, lambda m: m.logins_of_browser),
        ("files", _FILES, callers.program, lambda most: most.pictures),
        ("scans", _SCAN, callers.program, lambda most: most.logins_of_browser),
        ("scans", _SCAN, address, lambda most: most.logins),
        ("scans", _PHONE_PAGES, address, lambda most: most.logins),
        ("scan-pages", _CODE_PAGE, address, lambda most: most.logins),
        ("follows", _MUST_FOLLOW, browser, lambda most: most.logins_of_browser),
        ("follows", _MUST_FOLLOW, address, lambda most: most.logins),
        ("handovers", _HANDOVER, address, lambda most: most.logins),
    ]
    found: dict[str, list[_Use]] = {}
    for name, endpoints, who, most in table:
        for endpoint in endpoints:
            found.setdefault(endpoint, []).append(_Use(name, who, most))
    return found
