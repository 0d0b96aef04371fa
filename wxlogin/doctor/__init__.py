"""`examine`: what is right and wrong with this set-up, a line for each thing.

It needs no running application, starts nothing, changes nothing, and shows no
secret. Settings that start-up refuses are looked at all the same. Everything that
waits for somebody else waits at the same time, so that an examination takes less
than fifteen seconds when nobody answers at all.
"""

from functools import partial
from pathlib import Path

from wxlogin.doctor import (
    address,
    apps,
    database,
    edge,
    keys,
    ourselves,
    tickets,
    upstream,
)
from wxlogin.doctor.finding import Finding, Level
from wxlogin.doctor.reading import read
from wxlogin.doctor.side_by_side import Job, side_by_side

__all__ = ["Finding", "Level", "examine"]

# For all that waits together; each has shorter time-outs of its own.
_SECONDS = 13.0
_AT_ONCE = (apps, address, keys, edge)


def examine(folder: Path | None = None) -> list[Finding]:
    """The findings, in the order in which one would mend things.

    `folder` is the instance folder, by default that of the environment. Where the
    settings cannot be read at all, the list says why and ends there.
    """
    settings, found = read(folder)
    if settings is None:
        return found
    for module in _AT_ONCE:
        found += module.check(settings)
    waiting = {
        "database": database,
        "redis": tickets,
        "wechat": upstream,
        "public url": ourselves,
    }
    jobs = [Job(name, partial(one.check, settings)) for name, one in waiting.items()]
    return found + side_by_side(jobs, seconds=_SECONDS)
