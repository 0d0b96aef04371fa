"""Mini programs and open platforms: who is one user, and who is two until it shows."""

from collections.abc import Callable

import pytest
import requests

from tests.support.journey import Browser, Phone
from tests.web.mini_program import MiniProgram
from tests.web.scanning import Page, Scanner
from wxlogin.accounts.models import UnionId, User
from wxlogin.db import db


@pytest.fixture
def program_at(app_for, settings_for, simulator) -> Callable[..., MiniProgram]:
    """`program_at({"mp": "new"})`: 小明's phone at a service whose apps are bound to
    these open platforms, as they are at WeChat. All are one database's."""

    def make(
        platforms: dict[str, str | None], name: str = "mp", person: str = "xiaoming"
    ) -> MiniProgram:
        apps = [
            app.model_copy(
                update={"open_platform": platforms.get(app.name, app.open_platform)}
            )
            for app in settings_for().apps
        ]
        for moved, platform in platforms.items():
            change = {"name": moved, "open_platform": platform or ""}
            url = f"{simulator.url}/_sim/apps"
            assert requests.put(url, json=change, timeout=10).status_code == 200
        given = [app.model_dump() for app in apps]
        service = app_for(apps=given, simulator="on")
        return MiniProgram(service, simulator, person, name)

    return make


def uid(program: MiniProgram) -> str:
    answer = program.logs_in()
    assert answer.status_code == 200, answer.text
    return answer.get_json()["user"]["uid"]


def unionids(app) -> set[tuple[str, str]]:
    with app.app_context():
        query = db.select(UnionId.open_platform, UnionId.unionid)
        return {tuple(row) for row in db.session.execute(query)}


def users(app) -> int:
    with app.app_context():
        return db.session.query(User).filter(User.merged_into_id.is_(None)).count()


def test_two_programs_of_one_open_platform_are_one_user(program_at):
    first = program_at({})
    second = MiniProgram(first.app, first.simulator, name="mp2")
    assert uid(first) == uid(second)
    assert len(unionids(first.app)) == 1
    assert users(first.app) == 1


def test_moved_to_another_open_platform_the_user_stays(program_at):
    """And gains the unionid of the new one; the other programs' people stay, too."""
    before = program_at({})
    here = uid(before)
    moved = program_at({"mp": "new"})
    assert uid(moved) == here
    assert {platform for platform, _ in unionids(moved.app)} == {"main", "new"}
    assert len({unionid for _, unionid in unionids(moved.app)}) == 2
    other = MiniProgram(moved.app, moved.simulator, name="mp2")
    assert uid(other) == here
    assert users(moved.app) == 1


def test_who_comes_after_the_move_by_both_is_two_until_one_proves_otherwise(
    program_at,
):
    """Nothing says that two programs of two open platforms are one person's."""
    moved = program_at({"mp": "new"})
    other = MiniProgram(moved.app, moved.simulator, name="mp2")
    assert uid(moved) != uid(other)
    assert users(moved.app) == 2
    back = program_at({"mp": "main"})
    assert uid(back) == uid(other)
    assert users(back.app) == 1


def test_without_any_unionid_they_are_two_until_one_proves_otherwise(program_at):
    apart = program_at({"mp": None, "mp2": None})
    other = MiniProgram(apart.app, apart.simulator, name="mp2")
    assert uid(apart) != uid(other)
    assert unionids(apart.app) == set()
    bound = program_at({"mp": "main", "mp2": "main"})
    second = MiniProgram(bound.app, bound.simulator, name="mp2")
    assert uid(bound) == uid(second)
    assert bound.who()["former_uids"] == second.who()["former_uids"] != []
    assert users(bound.app) == 1


def test_a_scan_by_a_program_that_was_moved_signs_in_the_same_user(program_at):
    """As the website's QR code does."""
    before = program_at({})
    here = uid(before)
    moved = program_at({"mp": "new"})
    uid(moved)
    page = Page(Browser(moved.app))
    page.opens("/orders")
    assert Scanner(moved, page).signs_the_browser_in().status_code == 200
    web, phone = Browser(moved.app), Phone(moved.simulator, "xiaoming")
    started = web.starts()
    web.returns(started, phone.confirms(started))
    assert page.browser.who()["uid"] == web.who()["uid"] == here


def test_two_phones_of_one_person_scan_for_two_browsers(app, simulator):
    """One user, and four sessions that know nothing of each other."""
    phones = [MiniProgram(app, simulator) for _ in range(2)]
    pages = [Page(Browser(app)) for _ in range(2)]
    for phone, page in zip(phones, pages, strict=True):
        phone.logs_in()
        page.opens("/orders")
        assert Scanner(phone, page).signs_the_browser_in().status_code == 200
    assert len({one.browser.who()["uid"] for one in pages}) == 1
    pages[0].browser.post("/logout")
    assert pages[0].browser.who() is None
    assert pages[1].browser.who() and phones[0].who() and phones[1].who()


def test_either_of_two_phones_of_one_person_may_confirm(app, simulator):
    """Who scanned is a person in a program: both are that."""
    phones = [MiniProgram(app, simulator) for _ in range(2)]
    page = Page(Browser(app))
    page.opens("/orders")
    for phone in phones:
        phone.logs_in()
    assert Scanner(phones[0], page).scans().status_code == 200
    assert Scanner(phones[1], page).confirms().status_code == 200
    assert page.claims().status_code == 200


def test_a_retry_whose_answers_cross_scans_with_either_token(app, simulator):
    """security row 58: whichever the phone keeps"""
    program, code = MiniProgram(app, simulator), None
    code = program.code()
    attempt = "attempt-of-this-tap-0123456789"
    answers = [program.logs_in(code, attempt=attempt) for _ in range(2)]
    for answer in reversed(answers):
        program.token = answer.get_json()["token"]
        page = Page(Browser(app))
        page.opens("/orders")
        assert Scanner(program, page).signs_the_browser_in().status_code == 200


def test_without_an_access_token_who_has_the_code_signs_in(app, simulator):
    """40164 while 小明 signs in: only the picture needs one, and it was drawn."""
    page = Page(Browser(app))
    page.opens("/orders")
    assert page.looks("image").status_code == 200
    fault = {"path": "/cgi-bin/stable_token", "errcode": 40164}
    simulator.world.switch(errcode=fault)
    program = MiniProgram(app, simulator)
    assert program.logs_in().status_code == 200
    assert Scanner(program, page).signs_the_browser_in().status_code == 200
    assert page.browser.who()["uid"] == program.who()["uid"]
