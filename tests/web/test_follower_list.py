"""The whole list of an account's followers, read from WeChat."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from tests.support.journey import calls
from tests.web.mini_program import MiniProgram
from tests.web.pushes import Post, rows, settle
from wxlogin.accounts import follower_lists, followers
from wxlogin.accounts import people as accounts
from wxlogin.accounts.follower_lists import Place
from wxlogin.accounts.models import Follower, FollowerList
from wxlogin.db import as_value, now
from wxlogin.flows import follower_list, following
from wxlogin.flows.follower_list import Read, Stopped, read_list
from wxlogin.service import service_of
from wxlogin.simulator.api import account
from wxlogin.simulator.server import SimulatorServer
from wxlogin.simulator.world import happenings, ids

OA = "wx0000000000000a02"
LIST, BATCH = "/cgi-bin/user/get", "/cgi-bin/user/info/batchget"
ONE = "/cgi-bin/user/info"


class Killed(BaseException):
    """Stands for a signal that nobody can catch: the lease stays."""


class Account:
    """The account `oa`: who follows it, and the run that reads its list."""

    def __init__(self, app: Flask, simulator: SimulatorServer) -> None:
        self.app, self.simulator = app, simulator
        self.world = simulator.world
        self.told: list[tuple[int, int]] = []

    @property
    def oa(self) -> Any:
        """As it is now: with a push address, where there is one."""
        return self.world.registry.app("oa")

    def has(self, count: int, *names: str) -> None:
        """So many made-up followers, and these; no push tells of them."""
        for person in self.world.registry.crowd(count):
            self.world.relations.follow(self.oa, person.name)
        for name in names:
            self.world.relations.follow(self.oa, name)

    def loses(self, *names: str) -> None:
        for name in names:
            self.world.relations.unfollow(self.oa, name)

    def is_read(self, *, anew: bool = False, at: Any = None, wait: Any = None) -> Read:
        """Reads the list; `at` are so many people, and what happens then."""

        def tell(done: int, of: int) -> None:
            self.told.append((done, of))
            if at is not None and done == at[0]:
                at[1]()

        def no_wait(_seconds: float) -> None:
            raise AssertionError("it waits for another run")

        settings = service_of(self.app).settings
        with self.app.app_context():
            [app] = [one for one in settings.telling_accounts if one.name == "oa"]
            return read_list(app, tell, anew=anew, wait=wait or no_wait)

    def is_killed(self, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
        def kill() -> None:
            raise Killed

        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(follower_lists, "release", lambda place: None)
            self.is_read(at=(after, kill))

    def says(self, path: str, answer: Any) -> None:
        """WeChat's answer to a call, word for word; None for the usual one."""
        body = answer and {"path": path, "text": json.dumps(answer)}
        self.world.switch(raw_body=body)

    @property
    def follow(self) -> set[str]:
        """Who follows, as we know."""
        return {row.openid for row in rows(self.app, Follower) if row.followed}

    @property
    def place(self) -> FollowerList:
        [found] = rows(self.app, FollowerList)
        return found

    def calls(self, path: str) -> int:
        return len(calls(self.simulator, path))


def openid(name: str) -> str:
    return ids.openid(OA, name)


def crowd(first: int, last: int) -> set[str]:
    return {openid(f"crowd-{number}") for number in range(first, last + 1)}


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "PAGE", 10)
    monkeypatch.setattr(follower_list, "MOST_ASKED", 4)


@pytest.fixture
def oa(app: Flask, simulator: SimulatorServer) -> Account:
    return Account(app, simulator)


@pytest.fixture
def wechat(app: Flask, simulator: SimulatorServer) -> Iterator[Post]:
    with Post(app, simulator) as post:
        yield post


@pytest.fixture
def program(app: Flask, simulator: SimulatorServer) -> MiniProgram:
    """李华's phone with the program `mp`, in which she is signed in."""
    program = MiniProgram(app, simulator, person="lihua")
    program.logs_in()
    return program


@pytest.fixture
def news(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is announced of users who follow, or do no more."""
    said: list[str] = []
    real = followers.announce

    def announce(session: Any, change: Any) -> None:
        said.append(change.kind.value)
        real(session, change)

    monkeypatch.setattr(followers, "announce", announce)
    return said


def follows(program: MiniProgram) -> bool | None:
    found = program.sends("GET", "/api/mp/mp/following").get_json()
    return found["accounts"]["oa"]


# -- who is in it --


def test_everybody_is_known_and_only_users_are_told_of(
    oa: Account, program: MiniProgram, news: list[str]
) -> None:
    oa.has(23, "lihua")
    assert oa.is_read() == Read(listed=24, total=24, left=0)
    assert oa.follow == crowd(1, 23) | {openid("lihua")}
    assert oa.told[-1] == (24, 24) and len(oa.told) == 7
    kept = rows(oa.app, Follower)
    assert {row.unionid for row in kept} >= {ids.unionid("main", "crowd-7")}
    assert all(row.followed_at and row.ask_at is None for row in kept)
    assert follows(program) is True
    assert news == ["user.followed"]
    # And again: nothing is news, and nobody is there twice.
    assert oa.is_read() == Read(listed=24, total=24, left=0)
    assert len(rows(oa.app, Follower)) == 24
    assert news == ["user.followed"]


def test_who_is_in_it_no_more_is_asked_for_and_told(
    oa: Account, program: MiniProgram, news: list[str], clock: Any
) -> None:
    oa.has(12, "lihua")
    oa.is_read()
    clock.shift(5)
    oa.loses("lihua", "crowd-3")
    assert oa.is_read() == Read(listed=11, total=11, left=2)
    assert oa.follow == crowd(1, 12) - crowd(3, 3)
    assert (follows(program), news) == (False, ["user.followed", "user.unfollowed"])


# WeChat's sample of an account that nobody follows.
NOBODY = {"total": 0, "count": 0, "next_openid": ""}
THREE = [openid(f"crowd-{number}") for number in (1, 2, 3)]


def the_list(openids: list[str], after: str, total: int = 3) -> dict[str, Any]:
    data = {"openid": openids}
    return {"total": total, "count": len(openids), "data": data, "next_openid": after}


@pytest.mark.parametrize(
    ("answer", "pages"),
    [
        (NOBODY, 1),
        # The next page is the one that was asked for, for ever.
        (the_list(THREE, THREE[-1]), 2),
        (the_list(THREE, ""), 1),
        # Behind somebody who is not in the page, and somebody twice.
        (the_list([*THREE, THREE[0]], openid("lihua")), 1),
    ],
    ids=["nobody", "the-same", "none", "a-stranger"],
)
def test_it_ends_whatever_wechat_says(oa: Account, answer: Any, pages: int) -> None:
    oa.world.registry.crowd(3)
    oa.says(LIST, answer)
    count = answer["total"]
    assert oa.is_read() == Read(listed=count, total=count, left=0)
    assert oa.calls(LIST) == pages
    assert len(rows(oa.app, Follower)) == count
    assert (oa.place.next_openid, oa.place.lease_until) == ("", None)


@pytest.mark.parametrize("count", [10, 20, 21])
def test_a_full_last_page_is_a_page(oa: Account, count: int) -> None:
    oa.has(count)
    assert oa.is_read().listed == count == len(oa.follow)


def test_a_short_list_is_no_reason_to_think_that_people_left(
    oa: Account, clock: Any
) -> None:
    oa.has(12)
    oa.is_read()
    clock.shift(5)
    for told, listed in ((the_list(THREE, THREE[-1], total=12), 3), (NOBODY, 0)):
        oa.says(LIST, told)
        assert oa.is_read().left == 0
        assert oa.follow == crowd(1, 12), listed


def test_whom_wechat_leaves_out_is_gone_only_by_a_whole_list(
    oa: Account, clock: Any
) -> None:
    oa.has(6)
    oa.is_read()
    clock.shift(5)
    oa.loses("crowd-6")
    # A part of the list, and nobody is told of.
    oa.says(LIST, the_list(THREE, "", total=5))
    oa.world.switch(errcode=[{"path": one, "errcode": 40003} for one in (BATCH, ONE)])
    assert oa.is_read().left == 0
    assert oa.follow == crowd(1, 6)
    oa.says(LIST, None)
    assert oa.is_read() == Read(listed=5, total=5, left=1)
    assert oa.follow == crowd(1, 5)


def test_fewer_and_other_people_come_back_than_were_asked_about(
    oa: Account, clock: Any
) -> None:
    oa.has(4)
    told = [
        {"subscribe": 1, "openid": THREE[0], "unionid": "oUnion1", "qr_scene": 7}
        | {"subscribe_time": 1_700_000_000, "qr_scene_str": ""},
        {"subscribe": 1, "openid": openid("lihua"), "unionid": "oUnion2"},
        {"openid": THREE[1]},
        "nonsense",
    ]
    oa.says(BATCH, {"user_info_list": told})
    assert oa.is_read().listed == 4
    first, *others = rows(oa.app, Follower)
    assert (first.unionid, first.scene) == ("oUnion1", "7")
    assert first.followed_at.timestamp() == 1_700_000_000
    # The list names the others, and they are asked for again.
    assert oa.follow == crowd(1, 4)
    assert all(row.unionid is None and row.ask_at for row in others)
    oa.says(BATCH, None)
    clock.shift(following.PAUSE.total_seconds() + 1)
    with oa.app.app_context():
        assert following.ask_due() == 3
    assert all(row.unionid for row in rows(oa.app, Follower))


def test_one_who_is_nobodys_costs_the_others_nothing(oa: Account) -> None:
    oa.has(4)
    oa.world.switch(errcode={"path": BATCH, "errcode": 40003, "times": 1})
    assert oa.is_read().listed == 4
    # Four, and then twice two.
    assert oa.calls(BATCH) == 3
    assert all(row.unionid for row in rows(oa.app, Follower))


# -- pushes meanwhile --


def test_an_unfollow_while_wechat_is_asked_stays_true(
    oa: Account, wechat: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list and the answer say that they follow, and both are older."""
    oa.has(1, "lihua", "jose")
    oa.is_read()
    real = following.answers_about

    def answers_about(app: Any, openids: Any) -> Any:
        found = real(app, openids)
        for name in ("lihua", "xiaoming"):
            oa.world.relations.follow(oa.oa, name)
            happenings.unfollow(oa.world, oa.oa, name)
        # Their effect, without the question that follows it.
        settle(oa.app)
        monkeypatch.setattr(following, "answers_about", real)
        return found

    oa.has(0, "xiaoming")
    monkeypatch.setattr(following, "ask_soon", lambda: None)
    monkeypatch.setattr(following, "answers_about", answers_about)
    oa.is_read()
    kept = {row.openid: row for row in rows(oa.app, Follower)}
    for name in ("lihua", "xiaoming"):
        assert not kept[openid(name)].followed, name
        assert kept[openid(name)].ask_at is not None


def test_who_follows_after_it_began_is_not_gone(
    oa: Account, wechat: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    oa.has(3)
    real = following.answers_about

    def answers_about(app: Any, openids: Any) -> Any:
        monkeypatch.setattr(following, "answers_about", real)
        happenings.follow(oa.world, oa.oa, "lihua")
        settle(oa.app)
        return real(app, openids)

    monkeypatch.setattr(following, "answers_about", answers_about)
    oa.says(LIST, the_list(THREE, ""))
    assert oa.is_read().left == 0
    assert openid("lihua") in oa.follow
    # By the push alone.
    assert oa.calls(ONE) == 1


# -- it goes on --


def test_who_is_killed_goes_on_where_it_was(
    oa: Account, monkeypatch: pytest.MonkeyPatch, clock: Any
) -> None:
    oa.has(250)
    oa.is_killed(monkeypatch, after=128)
    assert len(oa.follow) == 128
    assert oa.place.next_openid == openid("crowd-120")
    clock.shift(60)
    before = oa.calls(BATCH)
    oa.told.clear()
    assert oa.is_read() == Read(listed=250, total=250, left=0)
    # The rest of the page, and twelve more; nobody is asked about again.
    assert oa.calls(BATCH) - before == 1 + 12 * 3
    assert oa.told[0] == (130, 250)
    assert oa.follow == crowd(1, 250)


def test_a_place_older_than_a_day_and_restart_begin_anew(
    oa: Account, monkeypatch: pytest.MonkeyPatch, clock: Any
) -> None:
    oa.has(15)
    for anew, days in ((False, 1), (True, 0)):
        oa.is_killed(monkeypatch, after=14)
        clock.shift(days * 86400 + 60)
        oa.told.clear()
        assert oa.is_read(anew=anew).listed == 15
        assert oa.told[0] == (4, 15)


def test_whoever_the_place_names_may_leave(
    oa: Account, monkeypatch: pytest.MonkeyPatch, clock: Any
) -> None:
    oa.has(25)
    oa.is_killed(monkeypatch, after=24)
    clock.shift(60)
    oa.loses("crowd-20")
    before = oa.calls(BATCH)
    assert oa.is_read() == Read(listed=25, total=24, left=0)
    # One more in the list, about whom alone WeChat is asked.
    assert (oa.calls(BATCH), oa.calls(ONE)) == (before, 1)
    clock.shift(5)
    assert oa.is_read() == Read(listed=24, total=24, left=1)


def test_of_two_runs_the_second_says_so_and_stops(oa: Account) -> None:
    oa.has(12)
    waits: list[float] = []

    def second() -> None:
        with pytest.raises(Stopped, match="Another"):
            oa.is_read(wait=goes_on)

    def goes_on(seconds: float) -> None:
        """The first one writes something while the second one looks."""
        waits.append(seconds)
        with oa.app.app_context():
            place = as_value(Place, oa.place)
            follower_lists.move(place, "", now() + timedelta(seconds=60))

    assert oa.is_read(at=(4, second)).listed == 12
    assert len(waits) == 1


def test_one_that_was_silent_too_long_stops(oa: Account, clock: Any) -> None:
    oa.has(12)

    def overtakes() -> None:
        clock.shift(60)
        assert oa.is_read().listed == 12

    with pytest.raises(Stopped, match="Another"):
        oa.is_read(at=(4, overtakes))
    assert len(oa.follow) == 12


@pytest.mark.parametrize(
    ("fault", "when"),
    [
        ({"errcode": -1}, "again in a few minutes"),
        ({"errcode": 45009}, "after midnight in China"),
        ({"errcode": 45011}, "again in a minute"),
        ({"errcode": 40164}, "when the address is on"),
        ({"errcode": 48001}, "when the account is verified"),
        ({"mode": "reset"}, "again in a few minutes"),
    ],
)
def test_it_stops_with_a_sentence_and_keeps_the_place(
    oa: Account, fault: dict[str, Any], when: str, clock: Any
) -> None:
    oa.has(25)
    what = "body" if "mode" in fault else "errcode"

    def breaks() -> None:
        oa.world.switch(**{what: {"path": BATCH} | fault})

    with pytest.raises(Stopped) as stopped:
        oa.is_read(at=(14, breaks))
    sentence = str(stopped.value)
    assert "oa: stopped after 14 of 25 followers." in sentence
    assert when in sentence and "wxlogin followers sync oa" in sentence
    assert oa.place.next_openid == openid("crowd-10")
    assert oa.place.lease_until is None
    oa.world.switch(**{what: None})
    # Another one waits for no lease, only until what WeChat refused is forgotten: at
    # midnight in China the day's quota, within an hour all else.
    midnight = 86400 - (time.time() + 8 * 3600) % 86400
    clock.shift(midnight + 1 if fault.get("errcode") == 45009 else 3601)
    assert oa.is_read() == Read(listed=25, total=25, left=0)


def test_who_deletes_the_account_is_named_by_no_place(
    oa: Account, program: MiniProgram, monkeypatch: pytest.MonkeyPatch, clock: Any
) -> None:
    oa.has(9, "lihua")
    oa.has(12)
    oa.is_killed(monkeypatch, after=13)
    assert oa.place.next_openid == openid("lihua")
    uid = program.who()["uid"]
    with oa.app.app_context():
        accounts.delete(accounts.find_user(uid).user_id)
    assert oa.place.next_openid == ""
    clock.shift(60)
    assert oa.is_read().listed == 13
