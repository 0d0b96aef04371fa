"""What Prometheus reads: how often what happened, of all workers together.

Each instrument is one of the names below, and whoever sees the thing happen counts it:

    metrics.LOGINS_BEGUN.at(door.name, app.name).inc()

A label is a name from the settings, from our code or from a table of WeChat's errcodes,
never an openid, an address or a text that somebody sends: so there is a bounded number
of series, and none of them is about a person.

With PROMETHEUS_MULTIPROC_DIR, which `wxlogin run` sets, each process counts in files of
that folder, and whichever process is asked adds them up; `bury` keeps what a process
has counted that is gone. Without it a process tells of itself alone. (The variable is
prometheus_client's own, and has to be set before that is imported, which is when the
first thing is counted.)
"""

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from wxlogin.errors import WxloginError

if TYPE_CHECKING:
    import prometheus_client
    from prometheus_client.core import Metric

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
# What processes that are gone have counted, added up.
_PAST = "past"
_ADDED_UP = ("counter", "histogram")

Child = TypeVar("Child")

#: Every instrument by its name, as Prometheus has it: with `_total` for a count.
INSTRUMENTS: dict[str, "_Instrument[Any]"] = {}


class _Instrument(Generic[Child]):
    """One name with its labels; `kind` is Prometheus' word for what it is."""

    kind = ""
    ending = ""

    def __init__(self, name: str, about: str, *labels: str, **options: Any) -> None:
        self.name, self.about, self.labels = name, about, labels
        self._options = options
        self._children: dict[tuple[str, ...], Child] = {}
        self._lock = threading.Lock()
        self._family: Any = None
        INSTRUMENTS[name + self.ending] = self

    def at(self, *values: str) -> Child:
        """The one with these values of the labels, in their order."""
        found = self._children.get(values)
        return self._made(values) if found is None else found

    def _made(self, values: tuple[str, ...]) -> Child:
        with self._lock:
            if self._family is None:
                self._family = self._begun()
            child: Child = self._family.labels(*values) if values else self._family
            return self._children.setdefault(values, child)

    def _begun(self) -> Any:
        raise NotImplementedError


class _Counter(_Instrument["prometheus_client.Counter"]):
    kind = "counter"
    ending = "_total"

    def _begun(self) -> Any:
        from prometheus_client import Counter

        return Counter(self.name, self.about, self.labels, registry=_own())


class _Gauge(_Instrument["prometheus_client.Gauge"]):
    """Of the processes that live, added up."""

    kind = "gauge"

    def _begun(self) -> Any:
        from prometheus_client import Gauge

        return Gauge(
            self.name,
            self.about,
            self.labels,
            registry=_own(),
            multiprocess_mode="livesum",
        )


class _Histogram(_Instrument["prometheus_client.Histogram"]):
    kind = "histogram"

    def _begun(self) -> Any:
        from prometheus_client import Histogram

        registry, buckets = _own(), self._options["buckets"]
        return Histogram(
            self.name, self.about, self.labels, registry=registry, buckets=buckets
        )


class _Reading(_Instrument[None]):
    """What is not counted but looked at when somebody asks; see `exposition`."""

    kind = "gauge"

    def of(self, *rows: tuple[Sequence[str], float]) -> "Metric":
        """These values, each behind those of its labels."""
        from prometheus_client.core import GaugeMetricFamily

        metric = GaugeMetricFamily(self.name, self.about, labels=self.labels)
        for values, number in rows:
            metric.add_metric(values, number)
        return metric


LOGINS_BEGUN = _Counter(
    "wxlogin_logins_begun",
    "Sign-ins that were begun: a code shown, or a program's code come",
    *("door", "app"),
)
LOGINS_SCANNED = _Counter(
    "wxlogin_logins_scanned",
    "Of these: a phone has scanned our code, or WeChat has sent the person back",
    *("door", "app"),
)
LOGINS_SIGNED_IN = _Counter(
    "wxlogin_logins_signed_in",
    "Sign-ins that ended with a session, by what they did to the accounts",
    *("door", "app", "outcome"),
)
LOGINS_FAILED = _Counter(
    "wxlogin_logins_failed",
    "Sign-ins that ended without one, by the code of the problem",
    *("door", "app", "problem"),
)
CHANGES = _Counter(
    "wxlogin_changes", "What happened to accounts, by the name of its event", "event"
)
CONFLICTS = _Counter(
    "wxlogin_conflicts", "Answers of WeChat's that cannot be true", "reason"
)
WECHAT_CALLS = _Counter(
    "wxlogin_wechat_calls",
    "Calls to WeChat, by how they ended: ok, an errcode, or the fault on the way",
    *("call", "app", "result"),
)
WECHAT_SECONDS = _Histogram(
    "wxlogin_wechat_seconds",
    "How long a call to WeChat took",
    "call",
    buckets=(0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0),
)
TICKETS = _Counter(
    "wxlogin_tickets",
    "What was asked of the ticket store, and whether it did it",
    *("operation", "result"),
)
WAITING_BROWSERS = _Gauge(
    "wxlogin_waiting_browsers", "Requests that wait for a phone, or for another request"
)
TURNED_AWAY = _Counter(
    "wxlogin_waiting_turned_away",
    "Requests that found no place to wait, and were told to ask again",
)
DELIVERIES = _Counter(
    "wxlogin_deliveries",
    "Tries to tell a site something: delivered, failed, given_up",
    *("way", "site", "result"),
)
DELIVERIES_WAITING = _Reading(
    "wxlogin_deliveries_waiting",
    "What a site must still hear; a thousand stands for more",
    *("way", "site"),
)
DELIVERIES_OLDEST = _Reading(
    "wxlogin_deliveries_oldest_seconds",
    "Since when the oldest of it waits",
    *("way", "site"),
)
LIMITS_REACHED = _Counter(
    "wxlogin_limits_reached", "Requests refused because a limit was used up", "limit"
)
REQUEST_SECONDS = _Histogram(
    "wxlogin_request_seconds",
    "How long a request took, until its answer began",
    "endpoint",
    buckets=(0.005, 0.02, 0.1, 0.5, 2.0, 10.0),
)
PROBLEMS = _Counter(
    "wxlogin_problems", "Requests that were refused or broke, by the code", "problem"
)
WORKERS = _Gauge("wxlogin_workers", "Processes that serve")
BUILD = _Reading(
    "wxlogin_build_info",
    "Always 1: the version, and what it runs on",
    *("version", "python", "database", "tickets"),
)


@contextmanager
def failing(door: str, app: str) -> Iterator[None]:
    """Around a sign-in by this door: one that ends in a refusal is counted."""
    try:
        yield
    except WxloginError as error:
        LOGINS_FAILED.at(door, app, error.code).inc()
        raise


@dataclass(frozen=True)
class Exposition:
    """The text that Prometheus reads, and its media type."""

    text: bytes
    media_type: str


def exposition(accept: str, readings: Iterable["Metric"] = ()) -> Exposition:
    """All that was counted, in a form that `accept` names, and these `readings`."""
    from prometheus_client import CollectorRegistry
    from prometheus_client.exposition import choose_encoder
    from prometheus_client.multiprocess import MultiProcessCollector

    counted = _own()
    folder = os.environ.get(FOLDER)
    if folder:
        counted = CollectorRegistry()
        MultiProcessCollector(counted, path=folder)  # type: ignore[no-untyped-call]
    counted = _with(counted, list(readings))
    encode, media_type = choose_encoder(accept)
    with _folding(folder, alone=False):
        return Exposition(encode(counted), media_type)


def bury(pid: int) -> None:
    """Keeps what a process has counted that is gone; for the one that had begun it.

    Never waits: what cannot be added up now, since somebody reads, is next time.
    """
    folder = os.environ.get(FOLDER)
    if not folder:
        return
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(pid, folder)  # type: ignore[no-untyped-call]
    _dead().add(pid)
    try:
        with _folding(folder, alone=True):
            while _dead():
                for kind in _ADDED_UP:
                    _add_up(Path(folder), kind, min(_dead()))
                _dead().remove(min(_dead()))
    except BlockingIOError:
        return


def _add_up(folder: Path, kind: str, pid: int) -> None:
    from prometheus_client import mmap_dict

    files: Any = mmap_dict.MmapedDict
    gone = folder / f"{kind}_{pid}.db"
    if not gone.exists():
        return
    past = files(str(folder / f"{kind}_{_PAST}.db"))
    for key, number, _, _ in files.read_all_values_from_file(str(gone)):
        past.write_value(key, past.read_value(key)[0] + number, 0.0)
    past.close()
    gone.unlink()


@contextmanager
def _folding(folder: str | None, *, alone: bool) -> Iterator[None]:
    """A count is read before it is added up or after, and not in between.

    Raises BlockingIOError for who wants to be alone and is not.
    """
    if not folder:
        yield
        return
    # Not on Windows, where nothing forks.
    import fcntl

    how = fcntl.LOCK_EX | fcntl.LOCK_NB if alone else fcntl.LOCK_SH
    with open(Path(folder) / "lock", "a") as file:
        fcntl.flock(file, how)
        yield


@cache
def _dead() -> set[int]:
    return set()


@cache
def _own() -> "prometheus_client.CollectorRegistry":
    """The registry of this process."""
    from prometheus_client import CollectorRegistry

    return CollectorRegistry()


def _with(
    registry: "prometheus_client.CollectorRegistry", readings: Sequence["Metric"]
) -> "prometheus_client.CollectorRegistry":
    """A registry of all that this one has, and of the readings."""
    from prometheus_client import CollectorRegistry

    both = CollectorRegistry(auto_describe=False)
    both.register(_Collected(registry.collect))
    both.register(_Collected(lambda: readings))
    return both


class _Collected:
    def __init__(self, collect: Callable[[], Iterable["Metric"]]) -> None:
        self.collect = collect
