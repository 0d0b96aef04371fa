"""What happens to accounts, told inside this process (blinker).

Each is sent after the commit, with the application as sender and at least `uid`:

    signed_in    uid; created: is the account new?
    created      uid
    merged       uid of the account that stays, other_uid of the one that went
    deleted      uid
    due          for ourselves: something waits to be told to sites

A process that dies between commit and signal sends none: what must arrive goes by
the events of `sites.events`. A receiver that fails is logged and stops nothing,
since what it is told of has happened.
"""

from functools import partial
from typing import Any

from blinker import NamedSignal, Namespace
from flask import current_app
from sqlalchemy.orm import Session

from wxlogin.db import after_commit
from wxlogin.observability import get_logger

_signals = Namespace()

signed_in = _signals.signal("signed-in")
created = _signals.signal("created")
merged = _signals.signal("merged")
deleted = _signals.signal("deleted")
due = _signals.signal("due")


def send(session: Session, signal: NamedSignal, **facts: Any) -> None:
    """Sends the signal once the transaction of this session has committed."""
    after_commit(session, partial(_send, signal, facts))


def _send(signal: NamedSignal, facts: dict[str, Any]) -> None:
    sender = current_app._get_current_object()  # type: ignore[attr-defined]
    for receiver in list(signal.receivers_for(sender)):
        try:
            receiver(sender, **facts)
        except Exception as error:
            fault = type(error).__name__
            get_logger().error("receiver failed", signal=signal.name, why=fault)
