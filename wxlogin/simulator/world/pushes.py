"""The engine of pushes: who is told what, how often, and what the person then sees.

- An answer must be there within five seconds. Where none is, the request comes again,
  three in all, five seconds apart, with the same content (developers.weixin.qq.com/doc/
  offiaccount/Message_Management/Receiving_event_pushes.html; github.com/offu/WeRoBot/
  issues/480). Each is signed and encrypted anew, unless the switch `push_retry` says
  that it is the same to the byte.
- After the third, and after an answer that is none, the chat says that the account is
  out of order.
- Nobody promises an order: a push may come twice, after the next one, or late.

Nothing waits by itself in a test: `post`, `pause` and `start` may be replaced.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from threading import Condition, Thread
from typing import Any

from ..refusals import Clash
from . import ids, push_answers, push_events, push_letter
from .part import Part
from .parties import App
from .push_answers import OUT_OF_ORDER, Answer, Verdict
from .push_letter import Letter
from .push_post import NoAnswer, post

#: Seconds that an answer may take, and that lie between two requests.
DEADLINE = APART = 5.0
#: How many requests there are at most.
REQUESTS = 3

#: What may happen to a push on its way.
FAULTS = ("duplicate", "reordered", "late", "no_openid", "sample_names")

NO_ADDRESS, HELD, NO_ANSWER = "no_address", "held", "no_answer"

# Events after which the person sees no answer of the account.
_UNSEEN = ("unsubscribe", "view", *push_events.PLATFORM)


@dataclass(frozen=True)
class Push:
    """One message to an app. `same` and `mode` are what its requests look like."""

    app: App
    person: str
    event: str
    message: bytes
    sender: str
    mode: str = push_letter.SAFE
    same: bool = False
    faults: tuple[str, ...] = ()

    @property
    def is_seen(self) -> bool:
        """Whether the person looks at a chat in which the answer appears."""
        account = self.app.kind == "official_account"
        return account and bool(self.person) and self.event.lower() not in _UNSEEN


@dataclass(frozen=True)
class Request:
    """One request of a push and what came back; `status` 0 where nothing did."""

    time: float
    url: str
    status: int
    answer: str


@dataclass(frozen=True)
class Delivery:
    """How a push ended: `outcome` is a verdict's, or held, no_address, no_answer."""

    time: float
    app: str
    person: str
    event: str
    outcome: str
    why: str = ""
    reply: Mapping[str, str] | None = None
    shown: str = ""
    requests: list[Request] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def _in_background(job: Callable[[], object]) -> None:
    Thread(target=job, name="push", daemon=True).start()


class Pushes(Part):
    """Pushes on their way, those delivered, and the chats with official accounts.

    `post` sends one request, `pause` waits seconds, `start` runs a job by itself.
    """

    #: Grows with every push and every line of a chat; a page asks whether it changed.
    version = 0

    def __init__(self, changed: Condition, now: Callable[[], float]) -> None:
        self.post: Callable[[Letter, float], Answer] = post
        self.pause: Callable[[float], object] = time.sleep
        self.start: Callable[[Callable[[], object]], object] = _in_background
        super().__init__(changed, now)

    def reset(self) -> None:
        with self._changed:
            self._held: list[Push] = []
            self._done: deque[Delivery] = deque(maxlen=200)
            self.version += 1
            self._chats: dict[tuple[str, str], deque[dict[str, str]]] = {}

    def deliver(self, push: Push) -> Delivery:
        """Send it, as often as needed, and say how it ended."""
        if not push.app.push_url:
            return self._keep(self._ended(push, NO_ADDRESS))
        if {"late", "reordered"} & set(push.faults):
            with self._changed:
                self._held.append(push)
            return self._keep(self._ended(push, HELD))
        done = self._keep(self._sent(push))
        if "duplicate" in push.faults:
            done = self._keep(self._sent(push))
        self.release(push.app, "reordered")
        return done

    def release(self, app: App, fault: str = "") -> list[Delivery]:
        """Send what was held back of this app, by one fault or by any."""
        with self._changed:
            out = [p for p in self._held if _is_due(p, app, fault)]
            self._held = [p for p in self._held if p not in out]
        kept = [replace(p, faults=_without_waiting(p)) for p in out]
        return [self._keep(self._sent(push)) for push in kept]

    def verify(self, app: App, url: str) -> str:
        """Ask `url` for its proof, as the console does; what is wrong, or nothing."""
        _require_token(app)
        echo = str(ids.new_echo())
        letter = push_letter.question(app, url, echo, self._now())
        try:
            answer = self.post(letter, DEADLINE)
        except NoAnswer as error:
            return str(error)
        if answer.status != 200:
            return f"status {answer.status}"
        if "chunked" in answer.headers.get("transfer-encoding", "").lower():
            return "Transfer-Encoding: chunked"
        return "" if answer.body == echo.encode() else "the body is not the echostr"

    def done(self, app: App | None = None) -> list[Delivery]:
        """The last two hundred, oldest first, or those of one app."""
        with self._changed:
            return [d for d in self._done if app is None or d.app == app.name]

    def chat(self, app: App, person: str) -> list[dict[str, str]]:
        """What the person reads there: [{"from": …, "text": …}], oldest first."""
        with self._changed:
            return list(self._chats.get((app.appid, person), ()))

    def say(self, app: App, person: str, who: str, text: str) -> None:
        """A line of a chat; `who` is person, account or wechat."""
        with self._changed:
            lines = self._chats.setdefault((app.appid, person), deque(maxlen=50))
            lines.append({"from": who, "text": text})
            self.version += 1
            self._changed.notify_all()

    def _keep(self, delivery: Delivery) -> Delivery:
        with self._changed:
            self._done.append(delivery)
            self.version += 1
            self._changed.notify_all()
        return delivery

    def _sent(self, push: Push) -> Delivery:
        _require_token(push.app)
        requests: list[Request] = []
        letter, verdict = self._letter(push), None
        while verdict is None and len(requests) < REQUESTS:
            if requests:
                letter = letter if push.same else self._letter(push)
            began = time.monotonic()
            request, verdict = self._asked(push, letter)
            requests.append(request)
            if verdict is None and len(requests) < REQUESTS:
                self.pause(max(0.0, APART - (time.monotonic() - began)))
        return self._shown(push, verdict, requests)

    def _letter(self, push: Push) -> Letter:
        return push_letter.letter(
            push.app, push.message, push.sender, push.mode, self._now()
        )

    def _asked(self, push: Push, letter: Letter) -> tuple[Request, Verdict | None]:
        at = round(self._now(), 3)
        try:
            answer = self.post(letter, DEADLINE)
        except NoAnswer as error:
            return Request(at, push.app.push_url, 0, str(error)), None
        text = answer.body[:500].decode("utf-8", "replace")
        verdict = push_answers.judge(push.app, push.mode, push.sender, answer)
        return Request(at, push.app.push_url, answer.status, text), verdict

    def _shown(
        self, push: Push, verdict: Verdict | None, requests: list[Request]
    ) -> Delivery:
        """The end of it, with what the chat then says."""
        wrong = verdict is None or verdict.outcome == push_answers.WRONG
        shown = OUT_OF_ORDER if wrong else verdict.shown if verdict else ""
        shown = shown if push.is_seen else ""
        if shown:
            self.say(push.app, push.person, "wechat" if wrong else "account", shown)
        if verdict is None:
            return self._ended(push, NO_ANSWER, shown=shown, requests=requests)
        return self._ended(
            push,
            verdict.outcome,
            why=verdict.why,
            reply=verdict.reply,
            shown=shown,
            requests=requests,
        )

    def _ended(self, push: Push, outcome: str, **more: Any) -> Delivery:
        at = round(self._now(), 3)
        return Delivery(at, push.app.name, push.person, push.event, outcome, **more)


def _is_due(push: Push, app: App, fault: str) -> bool:
    return push.app.name == app.name and (not fault or fault in push.faults)


def _without_waiting(push: Push) -> tuple[str, ...]:
    return tuple(f for f in push.faults if f not in ("late", "reordered"))


def _require_token(app: App) -> None:
    if not app.token:
        raise Clash(f"{app.name!r} has no push token")
