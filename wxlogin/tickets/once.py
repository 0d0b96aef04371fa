"""Work that is asked for again and again, and is done once.

A browser loads a callback twice, a phone repeats its POST by itself, a worker dies in
the middle. Under one key the first of them claims its turn and does the work; who
comes meanwhile waits for the end of it, and who comes later finds what it led to:

    claimed(proof, lease) → done | open | ended

    found = _logins.claim(key, Login(proof=proof))
    if isinstance(found, Claim):                # the work is ours
        ...
        _logins.done(replace(found.turn, user_id=7))
    elif found and found.repeats(proof, within=60):
        ...                                     # the same answer again

- Of any number of callers one has the claim. It is theirs until the lease runs out;
  what they say after that changes nothing.
- What came of it is for who brings the same proof, and for a while. Who brings no
  proof has proven nothing.
- What may happen after a failure is the user's to say: `open` with what is remembered
  of it (`claim` asks `again`), or `free`, as if nobody had ever come.

A proof is what the asking party alone can bring twice: the hash of a code, or of a
nonce of the client's own. It is kept as it is given, so give a digest of a secret.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Generic, TypeVar

from wxlogin.errors import LoginPending
from wxlogin.tickets.shelf import Kept, Shelf
from wxlogin.tickets.store import TicketStore

#: How many seconds who comes second waits for the first.
WAIT_SECONDS = 3.0


class Stage(StrEnum):
    """How far the work is."""

    #: Somebody does it, until the lease runs out.
    claimed = "claimed"
    #: It came to nothing, and may be tried again.
    open = "open"
    done = "done"
    #: It will never be done.
    ended = "ended"


@dataclass(frozen=True, kw_only=True)
class Turn(Kept):
    """Whose turn it is, or was, and what came of it. Times are seconds since 1970."""

    stage: Stage = Stage.claimed
    #: What the one brought who claimed it.
    proof: str = ""
    #: When the lease runs out.
    until: float = 0.0
    #: Since when it is done.
    since: float = 0.0

    @property
    def is_running(self) -> bool:
        """Is somebody at work?"""
        return self.stage is Stage.claimed and self.until > time.time()

    @property
    def is_done(self) -> bool:
        return self.stage is Stage.done

    def is_proven_by(self, proof: str) -> bool:
        """Is this the proof that claimed it?"""
        return bool(proof) and secrets.compare_digest(self.proof, proof)

    def repeats(self, proof: str, *, within: float) -> bool:
        """Is it done, by who brings this proof, and no longer ago than `within`?"""
        lately = self.is_done and time.time() <= self.since + within
        return lately and self.is_proven_by(proof)


R = TypeVar("R", bound=Turn)


@dataclass(frozen=True)
class Claim(Generic[R]):
    """The right to do the work for who brought this proof."""

    proof: str
    turn: R


class Once(Shelf[R]):
    """The turns of one kind, on their shelf; every method may raise Unready."""

    def __init__(
        self,
        store: Callable[[], TicketStore],
        kind: str,
        shape: type[R],
        *,
        seconds: float,
        lease: Callable[[], float],
    ) -> None:
        """As a Shelf; `lease` gives the seconds after which a holder counts as dead."""
        super().__init__(store, kind, shape, seconds=seconds)
        self._lease = lease

    def claim(
        self, key: str, mine: R, *, again: Callable[[R], R | None] = lambda left: None
    ) -> Claim[R] | R | None:
        """The right to do the work, or what another one left; None where that is gone.

        `mine` brings the proof. `again` is asked about a turn whose holder failed or
        died: it gives the turn that is claimed in its place, or None for none, and may
        raise. Waits for who is at work; raises LoginPending after WAIT_SECONDS, or at
        once where too many wait.
        """
        patience = time.monotonic() + WAIT_SECONDS
        first = self._claimed(mine, mine.proof, key, version=1)
        if self.add(key, first):
            return Claim(mine.proof, first)
        left = self.get(key)
        while left is not None:
            if left.is_running:
                left = self._next(left, patience - time.monotonic())
                continue
            over = left.stage in (Stage.done, Stage.ended)
            if over or (new := again(left)) is None:
                return left
            if claimed := self.swap(
                self._claimed(new, mine.proof, key, version=left.version)
            ):
                return Claim(mine.proof, claimed)
            left = self.get(key)
        return None

    def made(
        self,
        key: str,
        blank: R,
        make: Callable[[R], R],
        *,
        seconds: float | None = None,
    ) -> R:
        """What lies under this key, made by the first who asks and read by all others.

        `make` is given the turn to fill in; what it raises is for who asked alone, and
        the next one tries again. Raises as `claim` does.
        """
        found = self.claim(key, blank, again=lambda left: left)
        if not isinstance(found, Claim):
            # Done: an open turn is always claimed anew, and nothing takes one away.
            return found or make(blank)
        try:
            made = make(found.turn)
        except BaseException:
            self.open(found.turn)
            raise
        self.done(made, seconds=seconds)
        return made

    def done(self, turn: R, *, seconds: float | None = None) -> None:
        """The claimed work has led to what the turn says, which is kept for so long."""
        done = replace(turn, stage=Stage.done, since=time.time())
        self._settle(done, seconds=seconds)

    def open(self, turn: R) -> None:
        """The claimed work came to nothing; what the turn says is remembered."""
        self._settle(replace(turn, stage=Stage.open))

    def free(self, key: str) -> None:
        """The claimed work never began: as if nobody had come."""
        self.take(key)
        self.notify(key)

    def _claimed(self, turn: R, proof: str, key: str, *, version: int) -> R:
        return replace(
            turn,
            stage=Stage.claimed,
            proof=proof,
            until=time.time() + self._lease(),
            key=key,
            version=version,
        )

    def _next(self, turn: R, seconds: float) -> R | None:
        """What has become of a turn that somebody is at work on."""
        left: R | None = turn
        if seconds > 0:
            left = self.wait(turn.key, version=turn.version, timeout=seconds)
        if left is not None and left.version == turn.version:
            raise LoginPending("another request is at work on this")
        return left

    def _settle(self, turn: R, *, seconds: float | None = None) -> None:
        # Not where the lease ran out and another one has the claim.
        self._write(turn, seconds=seconds)
        self.notify(turn.key)
