"""An account moves to another, and its people with it.

A mini program (developers.weixin.qq.com/miniprogram/dev/framework/open-ability/
migrateMiniprogram.html): both are bound to one open platform; at most five move to one;
whoever took one in does not move itself for six months. It can be taken back for seven
days. Then the old program is gone, and whoever opens it opens the new one, at its home
page. A person's openid is another one there, the unionid the same, and no call tells
which is which.

An official account (developers.weixin.qq.com/doc/service/api/usermanage/changeopenid/
api_changeopenid.html): once it is approved and confirmed, the old one's followers
follow the new one, under other openids. For fifteen days a call tells who was who.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from ..refusals import Clash, Unknown
from .part import Part
from .parties import App

_DAY = 24 * 3600
_FREEZE, _REST, _ASKABLE = 7 * _DAY, 183 * _DAY, 15 * _DAY
_MOST = 5

APPROVED, FROZEN, DONE = "approved", "frozen", "done"


@dataclass(frozen=True)
class Migration:
    """From one appid to another, done at `at`; `followers` are the people who moved.

    An account's waits for its confirmation, and has no time before that.
    """

    source: str
    target: str
    at: float | None
    followers: frozenset[str] = frozenset()

    def state(self, now: float) -> str:
        """approved, frozen or done."""
        if self.at is None:
            return APPROVED
        return DONE if now >= self.at else FROZEN

    def tells(self, now: float) -> bool:
        """Whether changeopenid still answers."""
        return self.at is not None and now < self.at + _ASKABLE


class Migrations(Part):
    """All moves, each known by its old appid."""

    def reset(self) -> None:
        with self._changed:
            self._moves: dict[str, Migration] = {}

    def begin(self, source: App, target: App) -> Migration:
        """Mini programs: frozen from now on. Accounts: approved. Raises Clash."""
        with self._changed:
            self._check(source, target)
            program = source.kind == "mini_program"
            at = self._now() + _FREEZE if program else None
            move = Migration(source.appid, target.appid, at)
            self._moves[source.appid] = move
            return move

    def confirm(self, source: App, followers: Iterable[str]) -> Migration:
        """Both administrators of two accounts said yes: it is done. Raises Clash."""
        with self._changed:
            move = self._open(source, APPROVED)
            move = replace(move, at=self._now(), followers=frozenset(followers))
            self._moves[source.appid] = move
            return move

    def cancel(self, source: App) -> None:
        """Taken back, as long as it is not done. Raises Clash or Unknown."""
        with self._changed:
            self._open(source, APPROVED, FROZEN)
            del self._moves[source.appid]

    def of(self, source: str, target: str) -> Migration | None:
        """The move from one appid to the other."""
        with self._changed:
            move = self._moves.get(source)
        return move if move and move.target == target else None

    def successor(self, appid: str) -> str:
        """The appid that a program's people are led to, empty while it is there."""
        with self._changed:
            move = self._moves.get(appid)
        return move.target if move and move.state(self._now()) == DONE else ""

    def as_json(self) -> list[dict[str, Any]]:
        with self._changed:
            moves, now = list(self._moves.values()), self._now()
        return [
            {"from": m.source, "to": m.target, "state": m.state(now), "at": m.at}
            for m in moves
        ]

    def _open(self, source: App, *states: str) -> Migration:
        move = self._moves.get(source.appid)
        if move is None:
            raise Unknown(f"{source.name!r} does not move")
        if move.state(self._now()) not in states:
            raise Clash(f"{source.name!r}: it is {move.state(self._now())}")
        return move

    def _check(self, source: App, target: App) -> None:
        if source.kind != target.kind or source.appid == target.appid:
            raise Clash("an account moves to another one of its kind")
        if source.kind not in ("mini_program", "official_account"):
            raise Clash(f"a {source.kind} does not move to another")
        if source.appid in self._moves:
            raise Clash(f"{source.name!r} moves already")
        if self.successor(target.appid):
            raise Clash(f"{target.name!r} is gone itself")
        if source.kind == "mini_program":
            self._check_programs(source, target)

    def _check_programs(self, source: App, target: App) -> None:
        if not source.open_platform or source.open_platform != target.open_platform:
            raise Clash("both must be bound to the same open platform")
        into = [m for m in self._moves.values() if m.target == target.appid]
        if len(into) >= _MOST:
            raise Clash(f"{target.name!r} took in {_MOST} already")
        for move in self._moves.values():
            taken = move.target == source.appid and move.at is not None
            if taken and self._now() < (move.at or 0) + _REST:
                raise Clash(f"{source.name!r} took one in within six months")
