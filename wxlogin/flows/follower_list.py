"""The whole list of an official account's followers, read and written down.

    claim the place → page after page: who is in it, and about each of them WeChat is
    asked, a hundred at a time → those who are known and were not in it → the end

- Nobody is gone through twice. A list is over with a page that is empty, and where
  WeChat names a next page that is none: one that was read, or behind somebody who was
  not in the last one. So it ends, whatever WeChat says.
- The place is kept after each page, and who was met in a page with each hundred: who is
  killed goes on there. Where WeChat does not know the person any more behind whom the
  next page begins (40003), the list is read again from its beginning, once, and whoever
  was met already is passed over.
- Who is not in the list has not ceased to follow because a page was short: WeChat is
  asked about each of them. Whom it leaves out there, too, has ceased to where the list
  held as many as it counts; otherwise nothing changes.
- What a push says meanwhile counts (accounts/follower_answers.py).

Sources: wechat/follower_calls.py; docs/official-account.md, "Followers".
"""

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from wxlogin.accounts import follower_answers, follower_lists
from wxlogin.accounts.follower_answers import Answers, Said, State
from wxlogin.accounts.follower_lists import Absent, Overtaken, Place
from wxlogin.accounts.models import Follower
from wxlogin.config import App
from wxlogin.db import now, take_stock, transaction
from wxlogin.errors import Unready, WeChatUnavailable, WxloginError
from wxlogin.flows import following
from wxlogin.flows.credentials import with_token
from wxlogin.observability import get_logger
from wxlogin.service import running
from wxlogin.wechat import follower_calls
from wxlogin.wechat.errors import errcode_of
from wxlogin.wechat.follower_calls import MOST_ASKED, FollowerPage

# Seconds that a run may be silent beside the wait for WeChat, and between two looks
# whether another one is alive.
_SPARE, _LOOK = 2.0, 0.5
_UNKNOWN = 40003
_SOON = "in a few minutes"
#: When to go on, by what WeChat said.
_WHEN = {
    -1: _SOON,
    45009: "after midnight in China (16:00 UTC), when the day's quota begins anew",
    45011: "in a minute",
    40164: "when the address is on the account's list",
    61004: "when the address is on the account's list",
    48001: "when the account is verified and has the right",
}


class Stopped(Exception):
    """The list is not read to its end; the sentence says why, and when to go on."""


@dataclass(frozen=True)
class Read:
    """A list that is read to its end: how many people it named, how many WeChat counts,
    and how many of those we knew are in it no more."""

    listed: int
    total: int
    left: int


#: Is told how many people were gone through, of how many.
Tell = Callable[[int, int], None]


def read_list(
    app: App, tell: Tell, *, anew: bool = False, wait: Callable[[float], None]
) -> Read:
    """Reads the list, from where the last run stopped unless `anew`, and brings who
    follows up to date.

    `wait` is called with seconds while it is not clear whether another run lives. It
    may be killed at any moment and called again. Raises Stopped.
    """
    reading = _Reading(app, _claimed(app, anew, wait), tell)
    try:
        return reading.run()
    except Overtaken:
        raise Stopped(_TAKEN.format(app.name)) from None
    except WxloginError as error:
        following.learn_of(app, error)
        raise Stopped(reading.why(error)) from error
    finally:
        _release(reading.place)


def _release(place: Place) -> None:
    try:
        follower_lists.release(place)
    except Unready as error:
        # The lease runs out by itself.
        get_logger().warning("place of a list not released", why=error.operator)


_TAKEN = "Another `wxlogin followers sync` is reading the list of {}; it goes on."


def _claimed(app: App, anew: bool, wait: Callable[[float], None]) -> Place:
    """The place, when nobody else reads. One that was killed is silent, until its lease
    is over; one that lives renews it."""
    holder, until = secrets.token_urlsafe(16), None
    while True:
        place = follower_lists.claim(
            app.appid, holder, at=now(), until=_lease(), anew=anew
        )
        if place is not None:
            return place
        held = follower_lists.held_until(app.appid)
        if until is not None and held is not None and held != until:
            raise Stopped(_TAKEN.format(app.name))
        until = held
        wait(_LOOK)


def _lease() -> datetime:
    return now() + timedelta(seconds=running().settings.wechat_budget + _SPARE)


class _Reading:
    """One run."""

    def __init__(self, app: App, place: Place, tell: Tell) -> None:
        self.app, self.place = app, place
        self._tell = tell
        self._listed = follower_lists.count(place)
        self._total = 0

    def run(self) -> Read:
        for page in self._pages():
            self._total = page.total
            self._take_page(page)
        # Whoever was met and deleted the account with us meanwhile is met no more.
        self._listed = follower_lists.count(self.place)
        left = self._take_absent()
        follower_lists.end(self.place, now())
        return Read(self._listed, self._total, left)

    def why(self, error: WxloginError) -> str:
        when = _WHEN.get(errcode_of(error) or 0)
        if when is None:
            waits = isinstance(error, WeChatUnavailable)
            when = _SOON if waits else "when that is put right"
        name, ends = self.app.name, self.place.began_at + follower_lists.FRESH
        return (
            f"{name}: stopped after {self._listed:,} of {self._total:,} followers. "
            f"{error.operator} Run `wxlogin followers sync {name}` again {when}: it "
            f"goes on from there until {ends:%Y-%m-%d %H:%M} UTC, later it begins anew."
        )

    def _pages(self) -> Iterator[FollowerPage]:
        """The pages from the place on; the place moves on behind each."""
        behind, again = self.place.next_openid, False
        met = {behind}
        while True:
            try:
                page = self._page(behind)
            except WxloginError as error:
                if errcode_of(error) != _UNKNOWN or not behind or again:
                    raise
                behind, again, met = "", True, {""}
                continue
            if not page.openids:
                self._total = page.total or self._total
                return
            yield page
            if page.after in met or page.after not in page.openids:
                return
            behind = page.after
            met.add(behind)
            self.place = follower_lists.move(self.place, behind, _lease())

    def _page(self, behind: str) -> FollowerPage:
        wechat = running().wechat
        deadline = wechat.deadline()
        page = with_token(
            self.app,
            lambda token: follower_calls.follower_page(
                wechat, self.app, token, behind, deadline=deadline
            ),
            deadline=deadline,
        )
        following.learn_of_right(self.app)
        return page

    def _take_page(self, page: FollowerPage) -> None:
        known = follower_lists.listed(self.place, page.openids)
        fresh = [openid for openid in page.openids if openid not in known]
        for part in _hundreds(fresh):
            self._take(part)
            self._listed += len(part)
            self._tell(self._listed, max(self._total, self._listed))
        take_stock(Follower)

    def _take(self, openids: Sequence[str]) -> None:
        """Of people in the list: whom WeChat leaves out follows as the list says, where
        nothing is known, and is asked for again."""

        def unsaid(openid: str, before: State | None, at: datetime) -> Said:
            if before is not None:
                return following.left_out(openid, before, at)
            return Said(openid, follows=True, ask_at=at + following.PAUSE)

        self._learn(openids, unsaid, listed_at=self.place.began_at)

    def _take_absent(self) -> int:
        """Asks about those who are known and are not in the list; how many of them do
        not follow any more."""
        counts = bool(self._total) == bool(self._listed)
        whole = counts and self._listed >= self._total

        def unsaid(openid: str, before: State | None, at: datetime) -> Said | None:
            if whole and before is not None:
                return Said(openid, follows=False)
            return following.left_out(openid, before, at) if before else None

        behind = left = 0
        while part := self._absent(behind):
            behind = part[-1].id
            left += self._learn([one.openid for one in part], unsaid)
        return left

    def _absent(self, behind: int) -> list[Absent]:
        return follower_lists.absent(self.place, behind=behind, most=MOST_ASKED)

    def _learn(
        self,
        openids: Sequence[str],
        unsaid: Callable[[str, State | None, datetime], Said | None],
        *,
        listed_at: datetime | None = None,
    ) -> int:
        """Asks about these people and writes down what WeChat says; how many of them do
        not follow."""
        appid = self.app.appid
        before, at = follower_answers.states(appid, openids), now()
        told = following.answers_about(self.app, openids)
        found = [
            following.said_of(self.app, told[one])
            if one in told
            else unsaid(one, before.get(one), at)
            for one in openids
        ]
        said = [one for one in found if one is not None]
        answers, until = Answers(appid, said, before, at), _lease()

        def work(session: Session) -> None:
            follower_lists.hold(session, self.place, until)
            follower_answers.learn(session, answers, listed_at=listed_at)

        transaction(work)
        return sum(not one.follows for one in said)


def _hundreds(openids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(openids), MOST_ASKED):
        yield openids[start : start + MOST_ASKED]
