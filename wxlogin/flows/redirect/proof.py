"""Who opened a page inside WeChat, said by WeChat, and nobody is signed in by it.

A page that asks one person a question (flows/follow.py) has to know who opened it. The
silent login (snsapi_base) says so. What it says is kept for the browser that holds the
key, and is good for an answer, not for a session.
"""

from wxlogin import service
from wxlogin.accounts.person import Person

#: How long the page may be looked at.
PROOF_SECONDS = 600

_proofs = service.shelf("proof", Person, seconds=PROOF_SECONDS)


def hold(person: Person) -> str:
    """Keeps who it is; the key for the browser's cookie. Raises Crowded."""
    most = service.running().settings.waiting_requests
    return _proofs.put(person, most=most)


def held(key: str) -> Person | None:
    """Who has shown it by this key; None for nobody."""
    return _proofs.get(key) if key else None
