"""`examine`: what is right and wrong with this set-up, a line for each thing.

It needs no running application, starts nothing, changes nothing, and shows no
secret. Settings that start-up refuses are looked at all the same. Everything that
waits for somebody else waits at the same time, so that an examination takes less
than fifteen seconds when nobody answers at all.
"""

from functools import partial
from pathlib import Path

from wxlogin.doctor import (
    configuration,
    console,
    public_url,
    storage,
    symptoms,
    upstream,
)
from wxlogin.doctor.findings import Finding, Job, Level, side_by_side

__all__ = ["Finding", "Level", "examine"]

# For all that waits together; each has shorter time-outs of its own.
_SECONDS = 13.0
_AT_ONCE = (
    console.apps,
    public_url.callback_domains,
    configuration.keys,
    configuration.edge,
)
_WAITING = {
    "database": storage.database,
    "redis": storage.redis,
    "symptoms": symptoms.check,
    "wechat": upstream.check,
    "public url": public_url.ourselves,
}


def examine(folder: Path | None = None) -> list[Finding]:
    """The findings, in the order in which one would mend things.

    `folder` is the instance folder, by default that of the environment. Where the
    settings cannot be read at all, the list says why and ends there.
    """
    settings, found = configuration.read(folder)
    if settings is None:
        return found
    for check in _AT_ONCE:
        found += check(settings)
    jobs = [Job(name, partial(check, settings)) for name, check in _WAITING.items()]
    return found + side_by_side(jobs, seconds=_SECONDS)
