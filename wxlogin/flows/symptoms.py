"""What an app's calls and pushes have met lately, kept for `wxlogin doctor`.

Some mistakes of a set-up show themselves only where WeChat speaks: a push that is
sealed with another key, one for another account, a call that the app may not make. The
log has a line each time; here the last of each is kept for a week, by app, so that the
doctor can say it, which runs beside the service. Nothing of a person is in it.

It is written beside the requests, and what is said already is not written again for an
hour; each of them comes from who knows the app's token or from WeChat's own answers.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import cast

from flask import current_app

from wxlogin import service
from wxlogin.config import App
from wxlogin.flows.background import jobs_of
from wxlogin.tickets.shelf import Kept, Shelf
from wxlogin.tickets.store import TicketStore

KIND = "symptom"
KEPT_SECONDS = 7 * 24 * 3600.0
_SILENT_SECONDS = 3600.0
_WAITING = 50


class Symptom(StrEnum):
    """What was met; the word beside it is which."""

    #: The account that pushes are for: its `gh_…`.
    account = "account"
    #: The account that a refused push was for.
    stranger = "stranger"
    #: A push was sealed with another key than ours.
    unfit_key = "unfit_key"
    #: WeChat does not let the app make this call.
    no_right = "no_right"


@dataclass(frozen=True)
class Met:
    """A symptom, which one, and when: seconds since 1970."""

    symptom: Symptom
    what: str
    at: float


@dataclass(frozen=True)
class Symptoms(Kept):
    """All of one app, the last of each."""

    met: tuple[Met, ...] = ()

    def of(self, symptom: Symptom) -> tuple[Met, ...]:
        return tuple(one for one in self.met if one.symptom is symptom)


_Key = tuple[str, Symptom, str]

# Of what refuses a push.
_OF_PUSHES = frozenset({Symptom.stranger, Symptom.unfit_key})
_MOST = 20
_shelf = service.shelf(KIND, Symptoms, seconds=KEPT_SECONDS)


def read(store: TicketStore, appid: str) -> Symptoms:
    """Those of the app, from a store that no service has opened."""
    shelf = Shelf(lambda: store, KIND, Symptoms, seconds=KEPT_SECONDS)
    return shelf.get(appid) or Symptoms()


def note(app: App, symptom: Symptom, what: str = "") -> None:
    """Has it kept, soon; never raises, and waits for nothing."""
    said, at = _said(), time.time()
    if symptom in _OF_PUSHES:
        # The next good push is news then.
        for one in [key for key in said if key[:2] == (app.appid, Symptom.account)]:
            del said[one]
    key = (app.appid, symptom, what)
    if said.get(key, 0.0) + _SILENT_SECONDS > at:
        return
    if jobs_of(KIND, _keep, limit=_WAITING).put(key):
        said[key] = at


def _said() -> dict[_Key, float]:
    """When this process has had what kept; of few apps, so it stays small."""
    extensions = current_app.extensions
    return cast("dict[_Key, float]", extensions.setdefault("wxlogin.symptoms", {}))


def _keep(key: _Key) -> None:
    appid, symptom, what = key
    mine = Met(symptom, what, time.time())
    while not _written(appid, lambda met: _with(met, mine)):
        pass


def _written(appid: str, change: Callable[[tuple[Met, ...]], tuple[Met, ...]]) -> bool:
    found = _shelf.get(appid)
    if found is None:
        return _shelf.add(appid, Symptoms(met=change(())))
    return _shelf.swap(replace(found, met=change(found.met))) is not None


def _with(met: tuple[Met, ...], mine: Met) -> tuple[Met, ...]:
    """Of missing rights each call's last is kept, of all else the very last."""
    by_what = mine.symptom is Symptom.no_right
    others = [
        one
        for one in met
        if one.symptom is not mine.symptom or (by_what and one.what != mine.what)
    ]
    return (*others[-_MOST + 1 :], mine)
