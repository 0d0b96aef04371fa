"""What a check of the doctor's says, one line; and how checks come to know it.

Checks that wait for somebody else run side by side, and none may hold the doctor for
long. Each has time-outs of its own. What hangs all the same, such as the system's
look-up of a host name inside a database driver, cannot be interrupted: its thread is
left behind, and it gets a line that says so.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from threading import Thread
from time import monotonic

from wxlogin.config.outbound import Proxy
from wxlogin.net.deadline import Deadline, Trip
from wxlogin.net.transport import Response, Transport

# For one question over the network, from the name's look-up to the last byte of the
# answer.
SECONDS = 3.5


class Level(StrEnum):
    """How a check ended."""

    ok = "ok"
    #: Not checked, or not to be checked from here; says why.
    note = "note"
    #: Works, but perhaps not as it is meant.
    warning = "warning"
    #: Somebody cannot sign in, or a secret is in danger.
    wrong = "wrong"


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, what was found, what to do about it, and the
    page of Tencent's console to open, as a path through its menus."""

    level: Level
    check: str
    text: str
    todo: str = ""
    console: str = ""

    def line(self) -> str:
        """The finding for a terminal."""
        return f"{self.level:<8} {self.check}: {self.said}"

    @property
    def said(self) -> str:
        """Its sentences."""
        console = f"Open {self.console}." if self.console else ""
        return " ".join(part for part in (self.text, self.todo, console) if part)

    def as_json(self) -> dict[str, str]:
        """All fields by their names, as texts; empty where there is nothing."""
        return {name: str(value) for name, value in asdict(self).items()}


def ok(check: str, text: str, **more: str) -> Finding:
    return Finding(Level.ok, check, text, **more)


def note(check: str, text: str, **more: str) -> Finding:
    return Finding(Level.note, check, text, **more)


def warning(check: str, text: str, **more: str) -> Finding:
    return Finding(Level.warning, check, text, **more)


def wrong(check: str, text: str, **more: str) -> Finding:
    return Finding(Level.wrong, check, text, **more)


@dataclass
class Job:
    """One check with the name that its lines have, and what it has found so far."""

    check: str
    run: Callable[[], Iterable[Finding]]
    found: list[Finding] = field(default_factory=list)
    done: bool = False

    def work(self) -> None:
        try:
            for finding in self.run():
                self.found.append(finding)
        except Exception as error:
            # Its text may quote a URL with a password; its type does not.
            text = f"The check itself failed ({type(error).__name__})."
            self.found.append(wrong(self.check, text, todo="Please report this."))
        self.done = True


def side_by_side(jobs: Iterable[Job], *, seconds: float) -> list[Finding]:
    """What the jobs found within so many seconds, in the order of the jobs."""
    started, end = list(jobs), monotonic() + seconds
    threads = [Thread(target=job.work, name=job.check, daemon=True) for job in started]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, end - monotonic()))
    return [finding for job in started for finding in _result(job, seconds)]


def _result(job: Job, seconds: float) -> list[Finding]:
    if job.done:
        return job.found
    late = wrong(job.check, f"No answer within {seconds:g} seconds.")
    return [*job.found, late]


@dataclass(frozen=True)
class Asking:
    """How the doctor asks over the network: shortly, following nothing, and by
    connections of its own, which are closed when the check is over."""

    transport: Transport

    def get(self, url: str) -> Response:
        """The answer, whatever its status. Raises WeChatUnavailable."""
        return self.transport.get(url, Trip(Deadline(SECONDS), repeatable=True))


@contextmanager
def asking(proxy: Proxy | None = None) -> Iterator[Asking]:
    """Verified TLS, and no proxy but this one, as in a login."""
    transport = Transport(proxy)
    try:
        yield Asking(transport)
    finally:
        transport.close()
