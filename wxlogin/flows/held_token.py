"""What is known of an app's access token, as it lies in the ticket store, sealed.

The key is made of the appid and a hash of the secret: a secret that was changed does
not go on with the old one's token, and two apps never share one. Who changes it does so
by its version: the first one wins, and the others look again.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from wxlogin import service
from wxlogin.config import App
from wxlogin.errors import Unready
from wxlogin.flows.call_rests import Failure, Rest
from wxlogin.observability import get_logger
from wxlogin.tickets.shelf import Kept
from wxlogin.wechat.errors import Call

# Beside its own life, a ticket lives so long.
_SPARE_SECONDS = 120.0


@dataclass(frozen=True)
class Held(Kept):
    """What is known of an app's token. Times are seconds since 1970."""

    token: str = field(default="", repr=False)
    ends: float = 0.0
    #: From then on a new one is asked for.
    due: float = 0.0
    #: When this one was asked for.
    asked_at: float = 0.0
    #: Until then somebody asks WeChat.
    asked_until: float = 0.0
    #: Why there is none, and until when that is remembered.
    failure: Failure | None = None
    failed_until: float = 0.0
    #: What else is not to be asked.
    resting: tuple[Rest, ...] = ()

    def without(self, refused: str) -> "Held":
        """Without the token that WeChat refuses, or one that is over."""
        over = self.token == refused or self.ends <= time.time()
        return replace(self, token="", ends=0.0, due=0.0) if over else self

    @property
    def rests(self) -> bool:
        """Is nothing to be asked now?"""
        at = time.time()
        waits = max(self.asked_until, self.failed_until)
        return at < (max(self.due, waits) if self.token else waits)

    def rest_of(self, call: Call | None) -> Rest | None:
        """Why this call is not made now."""
        found = (one for one in self.resting if one.covers(call))
        return next((one for one in found if not one.is_over), None)

    @property
    def to_try(self) -> Rest | None:
        """Of what stopped every call, what may be tried by one."""
        found = (one for one in self.resting if not one.call and one.is_over)
        return next(found, None)

    def resting_for(self, rest: Rest | None) -> "Held":
        """With this rest in place of those of the same calls; None for all calls go."""
        call = rest.call if rest else ""
        others = [one for one in self.resting if one.call != call]
        kept = [one for one in others if not one.call or not one.is_over]
        return replace(self, resting=(*kept, rest) if rest else tuple(kept))


_tokens = service.shelf("app_token", Held, seconds=_SPARE_SECONDS)


def key_of(app: App) -> str:
    secret = hashlib.sha256(f"{app.appid}\x1f{app.secret}".encode()).hexdigest()
    return f"{app.appid}\x1f{secret}"


def found_at(key: str) -> Held:
    """What is known, or that nothing is; with its version either way."""
    while (found := _tokens.get(key)) is None:
        if not _tokens.add(key, Held()) and _tokens.get(key) is None:
            # Of another version of ours, say: nobody could read it until its end.
            _tokens.take(key)
    return found


def keep(held: Held) -> Held | None:
    rests = [one.until for one in held.resting]
    times = (held.ends, held.asked_until, held.failed_until, time.time(), *rests)
    return _tokens.swap(held, seconds=max(times) - time.time() + _SPARE_SECONDS)


def change(key: str, to: Callable[[Held], Held]) -> None:
    try:
        while not keep(to(found_at(key))):
            pass
    except Unready as error:
        get_logger().warning("not remembered", why=error.operator)


def wait(found: Held, *, seconds: float) -> Held | None:
    """What is there when somebody has changed it, or after so many seconds."""
    return _tokens.wait(found.key, version=found.version, timeout=seconds)


def tell(held: Held) -> None:
    """Has those look who wait for it in this process."""
    _tokens.notify(held.key)
