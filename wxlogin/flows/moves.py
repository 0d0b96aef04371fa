"""The people of an official account that moved to another one, from WeChat's answers.

They are asked for with the new account's token, a hundred at a time. Whatever stops it,
what was taken before stays taken, and the next time the rest is asked for, with those
about whom WeChat said nothing (docs/moves.md).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wxlogin.accounts import moves
from wxlogin.accounts.move_verdicts import AccountMove, Outcome, Result, foresee
from wxlogin.config import App
from wxlogin.db import now
from wxlogin.flows.credentials import with_token
from wxlogin.service import running
from wxlogin.wechat.new_openids import MOST, NewOpenid, new_openids


@dataclass(frozen=True)
class Order:
    """That the people of the account with the appid `source` are `app`'s by now.

    WeChat is told of the old account by the name `called`: its appid, or its `gh_` id.
    A dry run writes nothing.
    """

    source: str
    app: App
    called: str
    dry_run: bool = False

    @property
    def move(self) -> AccountMove:
        app = self.app
        return AccountMove(self.source, app.appid, app.kind.value, app.open_platform)


def left(order: Order) -> int:
    """How many people are still to be asked for."""
    return moves.count_due(order.move)


def take_along(order: Order) -> Iterator[list[Result]]:
    """Asks for all that are left and takes them along; yields what became of them.

    Raises what asking for a token raises and what `new_openids` raises, and Unready.
    """
    after = ""
    while openids := moves.due(order.move, after=after, most=MOST):
        yield [_taken(order, one) for one in _ask(order, openids)]
        after = openids[-1]


def _ask(order: Order, openids: Sequence[str]) -> list[NewOpenid]:
    wechat, app = running().wechat, order.app
    deadline = wechat.deadline()
    return with_token(
        app,
        lambda token: new_openids(
            wechat, app, token, openids, source=order.called, deadline=deadline
        ),
        deadline=deadline,
    )


def _taken(order: Order, told: NewOpenid) -> Result:
    if told.new is None:
        return Result(told.old, Outcome.failed, told.why)
    if order.dry_run:
        return foresee(order.move, told.old, told.new)
    return moves.take(order.move, told.old, told.new, at=now())
