"""How the doctor asks over the network: shortly, and without following anything."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from wxlogin.net.connection import Trip
from wxlogin.net.deadline import Deadline
from wxlogin.net.transport import Response, Transport

# For one question, from the name's look-up to the last byte of the answer.
SECONDS = 3.5


@dataclass(frozen=True)
class Asking:
    """Connections of its own, which are closed when the check is over."""

    transport: Transport

    def get(self, url: str) -> Response:
        """The answer, whatever its status. Raises WeChatUnavailable."""
        return self.transport.get(url, Trip(Deadline(SECONDS), repeatable=True))


@contextmanager
def asking() -> Iterator[Asking]:
    """Verified TLS and no proxy from the environment, as in a login."""
    transport = Transport()
    try:
        yield Asking(transport)
    finally:
        transport.close()
