"""Where secrets come into being: a look over the shoulder of who makes them."""

import functools
import sys
from base64 import b64decode
from collections.abc import Callable
from typing import Any

from tests.canary.canaries import CANARIES
from wxlogin.accounts import sessions
from wxlogin.config import Settings
from wxlogin.flows import handover, pairing
from wxlogin.flows.customers import acceptance, bindings, links
from wxlogin.flows.redirect import begin
from wxlogin.oidc import access_tokens, authorize, codes, refresh_tokens, signing_keys
from wxlogin.oidc.authorization_request import AuthorizationRequest
from wxlogin.security import signing
from wxlogin.simulator.world import ids


def install() -> None:
    """From now on every secret of this process is known."""
    watch(ids.new_code, lambda code: CANARIES.add("code", code))
    watch(ids.new_phone_code, lambda code: CANARIES.add("code", code))
    watch(ids.new_token, lambda token: CANARIES.add("token", token))
    watch(signing.sign_state, lambda state, *_: CANARIES.add("state", state))
    watch(ids.new_session_key, _session_key)
    watch(begin.begin, _begun)
    watch(pairing.begin, lambda new, *_: CANARIES.add("claim secret", new[1].secret))
    watch(handover.new_ticket, lambda it: CANARIES.add("handover ticket", it))
    # Each session's secret is hashed, whoever made it: a browser's or a program's.
    watch(
        sessions.hash_secret, lambda _, secret: CANARIES.add("session secret", secret)
    )
    watch(signing_keys.new_key, _signing_key)
    watch(codes.issue, lambda code, *_: CANARIES.add("site's code", code))
    watch(access_tokens.issue, lambda issued, *_: _tokens(issued))
    watch(links.make, lambda key, *_: CANARIES.add("customer's link", key))
    watch(acceptance.accept, lambda url, *_: CANARIES.add("link code", _code_in(url)))
    watch(acceptance.confirm, lambda it, *_: CANARIES.add("link token", it.token))
    watch(bindings.begin, lambda to, *_: CANARIES.add("bind code", to.code))
    watch(bindings.answer, lambda token, *_: CANARIES.add("bind token", token))
    watch(authorize.consider, lambda found, *_: _site_state(found))


def settings_of_service(settings: Settings) -> None:
    """The secrets an operator gives to a service."""
    keys = (settings.secret_key, *settings.secret_key_fallbacks)
    for key in (*keys, *settings.encryption_keys, settings.operator_key):
        CANARIES.add("key", key.get_secret_value())
    for app in settings.apps:
        CANARIES.add("AppSecret", app.secret)
        CANARIES.add("push token", app.token)
        CANARIES.add("EncodingAESKey", app.aes_key)
    for site in settings.sites:
        CANARIES.add("client secret", site.client_secret)
        CANARIES.add("webhook secret", site.webhook_secret)


def watch(function: Callable[..., Any], tell: Callable[..., None]) -> None:
    """Tells what `function` returned, and was given in order, wherever the package
    has imported it to."""

    @functools.wraps(function)
    def watched(*args: Any, **named: Any) -> Any:
        result = function(*args, **named)
        tell(result, *args)
        return result

    packages = [name for name in sys.modules if name.split(".")[0] == "wxlogin"]
    for module in map(sys.modules.get, packages):
        for name, value in list(vars(module).items()):
            if value is function:
                setattr(module, name, watched)


def _signing_key(key: signing_keys.Jwk, *_: object) -> None:
    private = key.as_dict(private=True)
    for name in {"d", "p", "q"} & set(private):
        CANARIES.add("signing key", str(private[name]))


def _session_key(key: str, *_: object) -> None:
    """As WeChat writes it, and what a library makes of it: its bytes, and these in
    hexadecimal digits."""
    raw = b64decode(key)
    for form in (key, raw.decode("latin-1"), raw.hex()):
        CANARIES.add("session key", form)


def _begun(login: begin.Begun, *_: object) -> None:
    CANARIES.add("attempt secret", login.attempt.secret)


def _code_in(url: str) -> str:
    """Empty where the link leads back with a refusal."""
    return url.partition("wxlogin_code=")[2]


def _tokens(issued: access_tokens.Issued) -> None:
    CANARIES.add("site's token", issued.access_token)
    # Those of a family begin alike.
    CANARIES.add("site's token", issued.refresh_token)
    CANARIES.add("site's token", issued.refresh_token[refresh_tokens.FAMILY_LENGTH :])


def _site_state(found: object) -> None:
    if isinstance(found, AuthorizationRequest):
        CANARIES.add("site's state", found.state)
        CANARIES.add("site's state", found.nonce)
