"""Who opened a page inside WeChat, said by WeChat, and nobody is signed in by it.

A page that asks one person a question (flows/follow.py) has to know who opened it. The
silent login (snsapi_base) says so. What it says is kept for the browser that holds the
key, and is good for an answer, not for a session.
"""

from dataclasses import dataclass

from wxlogin import service
from wxlogin.accounts.person import Person

#: How long the page may be looked at.
PROOF_SECONDS = 600


@dataclass(frozen=True)
class Proof:
    """Who it is, and whether WeChat's sheet has asked the person for more than that:
    what it has not told then, it does not tell."""

    person: Person
    is_asked: bool = False


_proofs = service.shelf("proof", Proof, seconds=PROOF_SECONDS)


def hold(proof: Proof) -> str:
    """Keeps who it is; the key for the browser's cookie. Raises Crowded."""
    most = service.running().settings.waiting_requests
    return _proofs.put(proof, most=most)


def held(key: str) -> Proof | None:
    """Who has shown it by this key; None for nobody."""
    return _proofs.get(key) if key else None
