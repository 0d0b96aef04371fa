"""A browser that waits for what a phone does: by a stream of events, or by asking.

A door has two views for it, which give a `Waiter`:

    @bp.get("/login/scan/<ticket>/events")
    def events(ticket: str) -> Response:
        return waiting_browser.events(_waiter(ticket))

`state` answers what is true now, and after how many seconds to ask again; `?version=n`
waits a moment for another version. `events` sends the same objects as server-sent
events (the HTML standard, 9.2): the version is the event's id, a browser whose stream
broke names the last one it saw, and is sent what is true now if that is newer. So
nothing is lost with a stream, or with the worker that held it (security row 76).

A stream takes a place in the waiting room; where there is none it tells what is true,
when to come again, and ends. Of one browser the last five streams live. A comment
every twenty seconds keeps proxies from ending it; it ends with the ticket, and within
a second when the browser goes (security row 77). It shows no origin anything.
"""

import json
import math
import secrets
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, TypeVar

from flask import Response, copy_current_request_context, request

from wxlogin.errors import NotFound, SignInNeeded, Unready
from wxlogin.server.presence import is_gone
from wxlogin.service import shelf
from wxlogin.tickets.shelf import Kept
from wxlogin.tickets.waiting import Watch, is_green
from wxlogin.web import edge

#: Seconds after which who asks is to ask again.
AGAIN_SECONDS = 2
#: Seconds for which a question with `version` is held.
HOLD_SECONDS = 15
#: Seconds after which a silent stream says that it lives.
BEAT_SECONDS = 20
#: How many streams one browser may have; the eldest makes room.
STREAMS = 5
# Milliseconds after which a browser opens a stream again: one that broke, one that
# found no place, one that made room for another of the same browser, one that is over.
_BROKEN, _FULL, _DISPLACED, _OVER = 1_000, 2_000, 10_000, 60_000
# How often a thread looks whether its client is there. A greenlet costs nobody
# anything, and finds out when it says that it lives.
_PRESENCE_SECONDS = 1.0
# Seconds after which is looked again where the store did not answer.
_UNREADY_SECONDS = 1.0


T = TypeVar("T")


@dataclass(frozen=True)
class Sight:
    """What the browser is told: a state and its version, the seconds that are left,
    and what belongs to the state. `version` is one higher after each change."""

    state: str
    version: int
    expires_in: float
    #: Nothing will come after this.
    is_final: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Waiter:
    """One browser and what it waits for.

    `look` reads the ticket, by one read, and raises NotFound for who may not; `watch`
    is its shelf's, as in `partial(shelf.watch, key)`. `browser` names the browser, by
    what it alone holds.
    """

    look: Callable[[], Sight]
    watch: Callable[..., AbstractContextManager[Watch | None]]
    browser: str = field(repr=False)


@dataclass(frozen=True)
class _Streams(Kept):
    """The last streams of one browser, by numbers of their own."""

    ids: tuple[str, ...] = ()


_streams = shelf("streams", _Streams, seconds=3600)


def state(waiter: Waiter) -> Response:
    """What is true now, as JSON. Raises what `look` raises."""
    edge.answer_script()
    version = request.args.get("version", type=int)
    if version is None:
        return _json(waiter.look(), again_in=AGAIN_SECONDS)
    with waiter.watch() as watch:
        seen = waiter.look()
        if watch is None:
            return _json(seen, again_in=AGAIN_SECONDS)
        return _json(_held(waiter, watch, seen, version), again_in=0)


def _held(waiter: Waiter, watch: Watch, seen: Sight, version: int) -> Sight:
    """Another version than this one, or what is true after a while."""
    until = time.monotonic() + min(HOLD_SECONDS, max(seen.expires_in, 0))
    environ = request.environ
    while seen.version == version and not seen.is_final:
        left = until - time.monotonic()
        if left <= 0 or is_gone(environ):
            return waiter.look()
        if watch.wait(min(left, _tick())):
            seen = waiter.look()
    return seen


def events(waiter: Waiter) -> Response:
    """The stream. Raises what `look` raises, as long as nothing is sent."""
    edge.answer_script()
    told = request.headers.get("Last-Event-ID", type=int)
    frames = _frames(waiter, told)
    first = next(frames)
    response = Response(chain([first], frames), mimetype="text/event-stream")
    response.call_on_close(frames.close)
    # nginx would collect the events of minutes.
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _frames(waiter: Waiter, told: int | None) -> Generator[str, None, None]:
    """The events; up to the first one inside the request, then after it."""
    environ = request.environ
    inside = copy_current_request_context(_called)
    with waiter.watch(_streams.place(waiter.browser)) as watch:
        seen = waiter.look()
        if watch is None or seen.is_final:
            yield _retry(_OVER if seen.is_final else _FULL) + _event(seen)
            return
        lives = _opened(waiter.browser)
        yield _retry(_BROKEN) + (_comment() if seen.version == told else _event(seen))
        stream = _Stream(
            watch,
            look=lambda: inside(waiter.look),
            lives=lambda: inside(lives),
            is_gone=lambda: is_gone(environ),
        )
        yield from stream.goes_on(seen)


def _called(work: Callable[[], T]) -> T:
    return work()


def _opened(browser: str) -> Callable[[], bool]:
    """Puts a stream in the place of the eldest; says whether it lives still."""
    own = secrets.token_urlsafe(6)
    done: object = None
    while not done:
        held = _streams.get(browser)
        if held is None:
            done = _streams.add(browser, _Streams(ids=(own,)))
        else:
            done = _streams.swap(replace(held, ids=(*held.ids, own)[-STREAMS:]))

    def lives() -> bool:
        held = _streams.get(browser)
        return held is None or own in held.ids

    return lives


class _Stream:
    """A stream that has begun: what it sends from now on, and until when."""

    def __init__(
        self,
        watch: Watch,
        *,
        look: Callable[[], Sight],
        lives: Callable[[], bool],
        is_gone: Callable[[], bool],
    ) -> None:
        self._watch, self._look = watch, look
        self._lives, self._is_gone = lives, is_gone

    def goes_on(self, seen: Sight) -> Iterator[str]:
        beat = time.monotonic() + BEAT_SECONDS
        ends = time.monotonic() + seen.expires_in
        while not seen.is_final:
            left = min(ends, beat) - time.monotonic()
            may_differ = self._watch.wait(min(left, _tick()))
            if self._is_gone():
                return
            if may_differ or time.monotonic() >= ends:
                new = self._seen(seen)
                ends = time.monotonic() + max(new.expires_in, _UNREADY_SECONDS)
                if (new.state, new.version) != (seen.state, seen.version):
                    yield _retry(_OVER if new.is_final else _BROKEN) + _event(new)
                    beat = time.monotonic() + BEAT_SECONDS
                elif not self._has_place():
                    yield _retry(_DISPLACED) + _comment()
                    return
                seen = new
            if time.monotonic() >= beat:
                yield _comment()
                beat = time.monotonic() + BEAT_SECONDS

    def _seen(self, before: Sight) -> Sight:
        try:
            return self._look()
        except (NotFound, SignInNeeded):
            # Who waits as a visitor may sign out elsewhere.
            return Sight("expired", before.version, 0, is_final=True)
        except Unready:
            # Looked at again in a moment: what changed may be told of no more.
            return replace(before, expires_in=_UNREADY_SECONDS)

    def _has_place(self) -> bool:
        try:
            return self._lives()
        except Unready:
            return True


def _tick() -> float:
    return BEAT_SECONDS if is_green() else _PRESENCE_SECONDS


def _json(seen: Sight, *, again_in: int) -> Response:
    text = _text(seen, again_in=0 if seen.is_final else again_in)
    return Response(text, mimetype="application/json")


def _text(seen: Sight, *, again_in: int) -> str:
    told = {
        "state": seen.state,
        "version": seen.version,
        "expires_in": max(0, math.ceil(seen.expires_in)),
        **seen.more,
        "again_in": again_in,
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def _event(seen: Sight) -> str:
    # Text of JSON holds no line end.
    again_in = 0 if seen.is_final else AGAIN_SECONDS
    return (
        f"id: {seen.version}\nevent: state\ndata: {_text(seen, again_in=again_in)}\n\n"
    )


def _retry(milliseconds: int) -> str:
    return f"retry: {milliseconds}\n"


def _comment() -> str:
    return ":\n\n"
