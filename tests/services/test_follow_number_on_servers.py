"""Numbers for an account's chat that many draw and send at once, on each store."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle

import pytest
from flask import Flask

from wxlogin.accounts import people
from wxlogin.config.demo import demo_apps
from wxlogin.errors import Crowded
from wxlogin.flows import follow_number, pairing, typed_numbers
from wxlogin.flows.follow import DOOR, Says
from wxlogin.flows.pairing_ticket import Pairing, seen_now
from wxlogin.flows.redirect.attempt import Wish
from wxlogin.wechat.pushes import Push

LONE = demo_apps()[-1].model_copy(update={"verified_service": False})


@pytest.fixture
def app(ticket_app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """Nobody is known: of the tables there is only that of the tickets."""
    monkeypatch.setattr(people, "known", lambda appid, openid: None)
    with ticket_app.app_context():
        yield ticket_app


def at_once(app: Flask, *works: Callable[[], object]) -> list[object]:
    def run(work: Callable[[], object]) -> object:
        with app.app_context():
            return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def numbered() -> Pairing:
    wish, seen = Wish("/orders"), seen_now("203.0.113.7", "Chrome · Linux")
    found, _ = pairing.begin(door=DOOR, app=LONE.name, wish=wish, seen=seen)
    return follow_number.ready(LONE, found)


def says(openid: str, text: str, *, number: int = 1) -> follow_number.Heard | None:
    told = {"MsgType": "text", "Content": text, "FromUserName": openid}
    return follow_number.heard(LONE, Push({**told, "MsgId": str(number)}))


def test_of_twelve_who_draw_no_two_have_one_number(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """security row 79"""
    few = [typed_numbers.new_number() for _ in range(12)]
    turn = cycle(few)
    monkeypatch.setattr(typed_numbers, "new_number", lambda: next(turn))
    drawn = at_once(app, *(lambda: numbered().chat_number for _ in range(12)))
    assert sorted(str(one) for one in drawn) == sorted(few)
    with pytest.raises(Crowded):
        numbered()


def test_of_twelve_who_send_one_number_one_is_asked(app: Flask) -> None:
    """security row 73"""
    number = numbered().chat_number
    senders = [f"openid-of-sender-{n:02}" for n in range(12)]
    heard = at_once(app, *(lambda who=who: says(who, number) for who in senders))
    told = [one.says for one in heard if isinstance(one, follow_number.Heard)]
    assert sorted(told) == [Says.number, *[Says.used_number] * 11]


def test_one_wrong_answer_that_comes_at_three_workers_counts_once(app: Flask) -> None:
    """security row 85"""
    found = numbered()
    says("openid-of-the-sender", found.chat_number)
    wrong = "11" if found.number != "11" else "12"
    heard = at_once(
        app, *(lambda: says("openid-of-the-sender", wrong, number=2) for _ in range(3))
    )
    assert len(set(heard)) == 1
    assert pairing.of_phone(found.key, door=DOOR).wrong == 1


def test_misses_at_many_workers_are_all_counted(app: Flask) -> None:
    number = numbered().chat_number
    at_once(
        app,
        *(lambda n=n: says("openid-that-tries", "100000", number=n) for n in range(5)),
    )
    rests = says("openid-that-tries", number, number=9)
    assert rests is not None and rests.says is Says.rests
