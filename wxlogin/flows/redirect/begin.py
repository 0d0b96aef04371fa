"""How a redirect login begins: a state for WeChat, an attempt for the browser.

Nothing is written anywhere, with one exception: WeChat's own browser loses cookies,
and with the attempt's cookie the way back to the site would be lost. So where a site's
request waits in the ticket store already, the way to it is kept there too, under the
state's nonce. It is an address that anybody may open, and proves nothing.

Each flow is one letter in the state, so that a state of one flow is worth nothing in
another.
"""

import secrets
from contextlib import suppress
from dataclasses import dataclass

from wxlogin import metrics, service
from wxlogin.config import App, AppKind, Settings
from wxlogin.errors import Crowded, NotFound
from wxlogin.flows.doors import Flow
from wxlogin.flows.redirect.attempt import Attempt, Wish
from wxlogin.security.signing import STATE_SECONDS, State, new_nonce, sign_state
from wxlogin.service import hosts_of, running
from wxlogin.wechat import endpoints
from wxlogin.wechat.endpoints import Look

_ways = service.shelf("way", str, seconds=STATE_SECONDS)
_PLAIN = Look()


@dataclass(frozen=True)
class Begun:
    """A login that may begin: the attempt for the cookie, WeChat's page for it."""

    attempt: Attempt
    url: str
    state: str


def begin(
    app: App, flow: Flow, wish: Wish, *, look: Look = _PLAIN, restarted: bool = False
) -> Begun:
    """A new login with this app. Raises NotFound where app and flow do not match.

    `look` is how WeChat's page shows itself; `restarted` marks the one second try of
    a login whose cookie was lost.
    """
    if app.kind is not flow.kind:
        raise NotFound("this kind of app has no such door", app=app.name)
    if _is_login(flow, wish) and not restarted:
        metrics.LOGINS_BEGUN.at(flow.door.name, app.name).inc()
    settings, nonce = running().settings, new_nonce()
    if wish.purpose.client_id and flow.kind is AppKind.official_account:
        _keep_way(nonce, wish.next)
    place = State(nonce, settings.apps.index(app), flow.value, restarted)
    state = sign_state(settings, place)
    attempt = Attempt(nonce, secrets.token_urlsafe(16), app.name, flow, wish)
    return Begun(attempt, _url(settings, app, flow, state, look), state)


def _is_login(flow: Flow, wish: Wish) -> bool:
    """Not the second half of one, nor what is asked of who is signed in."""
    asks = flow in (Flow.proof, Flow.proof_named)
    return not (asks or wish.link or wish.silent)


def _keep_way(nonce: str, next_url: str) -> None:
    most = running().settings.waiting_requests
    # Without it only a browser that loses our cookie has to begin again at the site.
    with suppress(Crowded):
        _ways.add(nonce, next_url, most=most)


def way_of(nonce: str) -> str | None:
    """Where a login for a site led, if it began inside WeChat with this nonce."""
    return _ways.get(nonce)


def _url(
    settings: Settings,
    app: App,
    flow: Flow,
    state: str,
    look: Look,
) -> str:
    hosts = hosts_of(settings)
    back = f"{settings.public_url}/login/callback/{app.name}"
    if flow is Flow.qr:
        return endpoints.qrconnect_url(
            hosts, appid=app.appid, redirect_uri=back, state=state, lang=look.lang
        )
    if flow.kind is AppKind.website:
        return endpoints.embedded_url(
            hosts,
            appid=app.appid,
            redirect_uri=back,
            state=state,
            self_redirect=flow is Flow.self_redirect,
            look=look,
        )
    scope = endpoints.SCOPE_BASE if flow.silent else endpoints.SCOPE_USERINFO
    return endpoints.authorize_url(
        hosts, appid=app.appid, redirect_uri=back, state=state, scope=scope
    )
