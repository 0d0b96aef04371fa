"""An app's own access token: one for all workers, renewed early, asked for by one.

- It lies in the ticket store, sealed, under a key of app and secret
  (flows/held_token.py). Where the store does not answer, a process goes on with the
  token it has seen last.
- Under five minutes before its end WeChat gives a new one, and both are good; so it is
  renewed then, by one worker while the others go on with the old one. WeChat is not
  asked twice in a minute for it, however little time it gives.
- Where there is none one worker asks, and the others wait for it a moment.
- On 40001, 40014 and 42001 it is dropped only if it is still the one that failed;
  another one is fetched once, and the call is made once more. Never a third time.
- What went wrong is remembered for a minute, and told to all who ask meanwhile: an
  address that is not on WeChat's list is no reason to ask anew for each visitor. Nobody
  needs a token to sign in. What a call itself was refused for: flows/call_rests.py.

Sources: developers.weixin.qq.com/doc/oplatform/developers/dev/AccessToken.html and
developers.weixin.qq.com/doc/service/api/base/api_getstableaccesstoken.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar, cast

from flask import current_app

from wxlogin.config import App
from wxlogin.errors import Unready, WeChatUnavailable, WxloginError
from wxlogin.flows import held_token, symptoms
from wxlogin.flows.call_rests import Failure, Rest, rest_after
from wxlogin.flows.held_token import Held, change, found_at, keep, key_of
from wxlogin.flows.symptoms import Symptom
from wxlogin.net.deadline import Deadline
from wxlogin.observability import get_logger
from wxlogin.service import running
from wxlogin.wechat import app_calls
from wxlogin.wechat.answers import AppToken
from wxlogin.wechat.errcodes import NO_RIGHT
from wxlogin.wechat.errors import AppTokenStale, Call, errcode_of

# Renewed when less than this is left, and not twice in a minute.
_DUE_SECONDS, _AGAIN_SECONDS = 300.0, 60.0
# How long one that has no token waits for another's question.
_WAIT_SECONDS = 3.0

R = TypeVar("R")


def with_token(
    app: App,
    call: Callable[[str], R],
    *,
    deadline: Deadline,
    asks: Call | None = None,
) -> R:
    """What `call` gives with the app's access token; `asks` names the call, so that it
    is left alone while its quota is used up.

    Raises what the call raises, and what asking for a token raises, from WeChat or
    remembered: `WeChatMisconfigured`, `WeChatUnavailable`.
    """
    held = _token(app, deadline, asks=asks)
    try:
        given = _twice(app, held, call, deadline)
    except WxloginError as error:
        _remember(app, held, error)
        raise
    _resume(app, held)
    return given


def _twice(app: App, held: Held, call: Callable[[str], R], deadline: Deadline) -> R:
    try:
        return call(held.token)
    except AppTokenStale as error:
        get_logger().warning("access token refused", why=error.operator, app=app.name)
    token = _renewed(app, held.token, deadline)
    try:
        return call(token)
    except AppTokenStale as error:
        _give_up(app, token, error)
        raise


def shared_token(app: App, *, refused: str = "", deadline: Deadline) -> AppToken:
    """The app's access token, for another system of the operator's, with the seconds
    that are left of it.

    `refused` is a token that WeChat did not take from that system: if it is still the
    held one, WeChat is asked anew, but not twice in a minute. Raises as `with_token`.
    """
    found = _token(app, deadline, any_call=False)
    if found.token == refused and found.asked_at + _AGAIN_SECONDS < time.time():
        found = _token(app, deadline, refused=refused, any_call=False)
    left = max(0, int(found.ends - time.time()))
    return AppToken(found.token, left)


def _renewed(app: App, refused: str, deadline: Deadline) -> str:
    # That all calls rest was looked at before the first one.
    return _token(app, deadline, refused=refused, any_call=False).token


def _token(
    app: App,
    deadline: Deadline,
    *,
    refused: str = "",
    asks: Call | None = None,
    any_call: bool = True,
) -> Held:
    """What holds a good token. Raises as `with_token`, and Unready."""
    key = key_of(app)
    try:
        if any_call:
            _require_no_rest(app, key, asks)
        held = _shared(app, key, refused, deadline)
    except Unready:
        held = _seen().get(key, Held()).without(refused)
        if not held.token:
            raise
        return held
    _seen()[key] = held
    return held


def _require_no_rest(app: App, key: str, asks: Call | None) -> None:
    """Raises what WeChat has refused a while ago."""
    while True:
        found = found_at(key)
        if rest := found.rest_of(asks):
            raise rest.failure.again(app)
        rest = found.to_try
        if rest is None:
            return
        # Ours to try; the others are refused for another minute.
        until = time.time() + rest.failure.seconds
        if keep(found.resting_for(replace(rest, until=until))):
            return


def _shared(app: App, key: str, refused: str, deadline: Deadline) -> Held:
    patience = time.monotonic() + _WAIT_SECONDS
    while True:
        found = found_at(key)
        held = found.without(refused)
        if held.rests:
            if held.token:
                return held
            if held.failure and held.failed_until > time.time():
                raise held.failure.again(app)
            _wait(found, min(patience - time.monotonic(), deadline.remaining()))
        elif claimed := _claim(held):
            return _ask(app, claimed, deadline)


def _seen() -> dict[str, Held]:
    """What this process has seen last, for when the store does not answer."""
    extensions = current_app.extensions
    return cast("dict[str, Held]", extensions.setdefault("wxlogin.app_tokens", {}))


def _claim(held: Held) -> Held | None:
    """The right to ask WeChat; None where somebody else was faster."""
    lease = running().settings.wechat_budget + 2
    asking = replace(held, asked_until=time.time() + lease, failure=None)
    return keep(replace(asking, failed_until=0.0))


def _wait(found: Held, seconds: float) -> None:
    """Until somebody else's question is answered. Raises WeChatUnavailable."""
    left: Held | None = found
    if seconds > 0:
        left = held_token.wait(found, seconds=seconds)
    if left is not None and left.version == found.version:
        raise WeChatUnavailable(
            "another request is asking WeChat for the access token", fault="timeout"
        )


def _ask(app: App, claimed: Held, deadline: Deadline) -> Held:
    began = time.time()
    try:
        given = app_calls.app_token(running().wechat, app, deadline=deadline)
    except WxloginError as error:
        failure, rest = error, rest_after(app, error)
        _settle(claimed, lambda now: _failed(now, failure, rest))
        if rest:
            _tell_rest(error)
        if rest or not claimed.token:
            raise
        # There is time: the old one is good for some minutes.
        facts = error.facts
        get_logger().warning("access token not renewed", why=error.operator, **facts)
        return claimed
    except BaseException:
        _settle(claimed, lambda now: now)
        raise
    get_logger().info("access token fetched", app=app.name, seconds=given.expires_in)
    _settle(claimed, lambda now: _given(now, given, began))
    return _given(claimed, given, began)


def _given(held: Held, given: AppToken, began: float) -> Held:
    """With WeChat's token, whose time counts from before the question."""
    ends, again = began + given.expires_in, began + _AGAIN_SECONDS
    due = max(ends - _DUE_SECONDS, again)
    held = replace(held, token=given.value, ends=ends, due=due, asked_at=began)
    if ends >= again:
        return held
    # Good for who has asked, and soon for nobody; nor is there another one at once.
    why = f"WeChat's access token was good for {given.expires_in} seconds"
    failure = Failure(Call.APP_TOKEN.value, why, fault="garbage")
    return replace(held, failure=failure, failed_until=again)


def _give_up(app: App, token: str, error: AppTokenStale) -> None:
    """A token that WeChat has just given and refuses: asking again would not help."""
    change(
        key_of(app),
        lambda found: (
            _failed(found.without(token), error) if found.token == token else found
        ),
    )


def _failed(held: Held, error: WxloginError, rest: Rest | None = None) -> Held:
    failure = Failure.of(error)
    held = replace(held, failure=failure, failed_until=time.time() + failure.seconds)
    return held.resting_for(rest) if rest else held


def _remember(app: App, held: Held, error: WxloginError) -> None:
    """What WeChat refused the call for, where that holds for the next ones, too."""
    about_token = error.facts.get("call") == Call.APP_TOKEN
    if about_token or errcode_of(error) is None:
        return
    if errcode_of(error) == NO_RIGHT:
        symptoms.note(app, Symptom.no_right, error.facts.get("call") or "")
    if rest := rest_after(app, error):
        _tell_rest(error)
        change(key_of(app), lambda found: found.resting_for(rest))
    else:
        _resume(app, held)


def _resume(app: App, held: Held) -> None:
    """The call of the one that tried has come through."""
    if any(not one.call for one in held.resting):
        change(key_of(app), lambda found: found.resting_for(None))


def _tell_rest(error: WxloginError) -> None:
    get_logger().warning("calls rest", why=error.operator, **error.facts)


def _settle(claimed: Held, to: Callable[[Held], Held]) -> None:
    """Writes down what came of the question, beside what others have noted meanwhile.
    Not where the lease ran out and another one asks."""
    now = claimed
    try:
        while now.asked_until == claimed.asked_until:
            if keep(to(replace(now, asked_until=0.0))):
                break
            now = found_at(claimed.key)
        held_token.tell(claimed)
    except Unready as error:
        # The answer is there all the same.
        get_logger().warning("access token not shared", why=error.operator)
