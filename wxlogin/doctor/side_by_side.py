"""Several checks at once, none of which may hold the doctor for long.

Each check has time-outs of its own. What hangs all the same, such as the system's
look-up of a host name inside a database driver, cannot be interrupted: its thread is
left behind, and it gets a line that says so.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from threading import Thread
from time import monotonic

from wxlogin.doctor.finding import Finding, wrong


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
