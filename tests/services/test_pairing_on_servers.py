"""A code that many scan and claim at once, on each of the stores."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from wxlogin.accounts.person import Person
from wxlogin.errors import ScanOutOfTurn, ScanTaken, WxloginError
from wxlogin.flows import pairing
from wxlogin.flows.pairing import Report
from wxlogin.flows.pairing_ticket import Confirmed, Pairing, Scanner, seen_now
from wxlogin.flows.redirect.attempt import Wish
from wxlogin.flows.signing_in import Answer

APPID, ADDRESS = "wx0000000000000a03", "203.0.113.7"


@pytest.fixture
def app(ticket_app: Flask) -> Iterator[Flask]:
    with ticket_app.app_context():
        yield ticket_app


def at_once(app: Flask, *works: Callable[[], object]) -> Counter[str]:
    """How each of them ended, by the name of its error."""

    def run(work: Callable[[], object]) -> str:
        with app.app_context():
            try:
                work()
            except WxloginError as error:
                return type(error).__name__
            return "done"

    with ThreadPoolExecutor(len(works)) as pool:
        return Counter(pool.map(run, works))


def new_code() -> Pairing:
    wish, seen = Wish("/orders"), seen_now(ADDRESS, "Chrome · Linux")
    return pairing.begin(door="scan", app="mp", wish=wish, seen=seen)[0]


def report(openid: str) -> Report:
    return Report(Scanner(APPID, openid), ADDRESS)


def yes(openid: str) -> Confirmed:
    person = Person(APPID, "mini_program", openid)
    return Confirmed(Answer(person, known=None, grant=None), session_id=1)


def test_of_twelve_who_scan_one_holds_the_code(app: Flask) -> None:
    """security row 73"""
    code = new_code()
    phones = [report(f"openid-of-phone-{number:02}") for number in range(12)]
    ended = at_once(app, *(lambda it=it: pairing.scan(code, it) for it in phones))
    assert ended == {"done": 1, ScanTaken.__name__: 11}


def test_of_twenty_who_claim_one_does(app: Flask) -> None:
    """security row 70"""
    mine = report("openid-of-the-phone")
    code = pairing.scan(new_code(), mine)
    pairing.confirm(code, mine, lambda: yes("openid-of-the-phone"))
    found = pairing.of_phone(code.key, door="scan", app="mp")
    ended = at_once(app, *(lambda: pairing.claim(found) for _ in range(20)))
    assert ended == {"done": 1, ScanOutOfTurn.__name__: 19}


def test_a_yes_and_a_no_at_once_are_one_of_the_two(app: Flask) -> None:
    """security row 71"""
    mine = report("openid-of-the-phone")
    code = pairing.scan(new_code(), mine)
    ended = at_once(
        app,
        lambda: pairing.confirm(code, mine, lambda: yes("openid-of-the-phone")),
        lambda: pairing.refuse(code, mine.scanner),
    )
    assert ended == {"done": 1, ScanOutOfTurn.__name__: 1}


def test_wrong_numbers_at_once_are_all_counted(app: Flask) -> None:
    """security row 74: three of them, whoever is faster"""
    mine = report("openid-of-the-phone")
    code = pairing.scan(new_code(), mine)
    wrong = Report(mine.scanner, ADDRESS, "00")
    ended = at_once(
        app,
        *(
            lambda: pairing.confirm(code, wrong, lambda: yes("openid-of-the-phone"))
            for _ in range(6)
        ),
    )
    assert ended == {"NumberWrong": 3, "ScanOver": 3}
