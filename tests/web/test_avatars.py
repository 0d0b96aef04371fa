"""A person's picture: fetched after the sign-in, shown by us, gone with the person."""

import io
from urllib.parse import urlsplit

import pytest
from PIL import Image

from tests.support.journey import ENGLISH, Browser, asks_wechat, pictures_arrive
from wxlogin.accounts import people
from wxlogin.accounts.models import Avatar
from wxlogin.db import db
from wxlogin.flows import avatars
from wxlogin.net import pools


def picture_rows(app) -> list[Avatar]:
    pictures_arrive(app)
    with app.app_context():
        return list(db.session.scalars(db.select(Avatar)))


def person_is(simulator, name: str, **changes: str) -> None:
    body = {"name": name, **changes}
    answer = asks_wechat(simulator, "POST", "/_sim/people", json=body)
    assert answer.status_code == 200, answer.text


def signs_in(browser, phone) -> Browser:
    started = browser.starts()
    assert browser.returns(started, phone.confirms(started)).status_code == 303
    return browser


def address(browser) -> str:
    return browser.who()["avatar"]


def path(browser) -> str:
    return address(browser).removeprefix("http://127.0.0.1:5000")


@pytest.fixture
def here(browser, xiaoming) -> Browser:
    """A browser in which 小明 is signed in, with the picture."""
    return signs_in(browser, xiaoming)


def test_the_picture_is_ours_after_the_sign_in(here, other_browser):
    """No page and no API points at WeChat's hosts."""
    uid = here.who()["uid"]
    assert address(here).startswith(f"http://127.0.0.1:5000/avatars/{uid}?v=")
    # Whoever was given the address sees the picture: a site, without our cookie.
    answer = other_browser.get(path(here))
    assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
    with Image.open(io.BytesIO(answer.data)) as image:
        assert (image.format, image.size) == ("JPEG", (132, 132))
    page = here.get("/me").text
    assert f'<img class="initial" src="{path(here)}"' in page
    assert "mmopen" not in page
    assert path(here) in here.get("/login").text


def test_other_sites_may_show_it_and_caches_keep_it_for_a_day(here, other_browser):
    answer = other_browser.get(path(here))
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.cache_control.public
    assert answer.cache_control.max_age == 86400
    assert "Set-Cookie" not in answer.headers
    known = {"If-None-Match": answer.headers["ETag"]}
    again = other_browser.get(path(here), headers=known)
    assert (again.status_code, again.data) == (304, b"")


def test_nobody_finds_it_without_its_address(here, other_browser):
    uid, _, version = path(here).rpartition("/")[2].partition("?v=")
    assert len(version) == 22
    wrong = [
        f"/avatars/{uid}",
        f"/avatars/{uid}?v=",
        f"/avatars/{uid}?v={version[:-1]}",
        f"/avatars/{uid}?v={version.swapcase()}",
        f"/avatars/{uid}?v=%F0%9F%98%80",
        f"/avatars/nobody?v={version}",
        f"/avatars/%E5%BA%97?v={version}",
        f"/avatars/?v={version}",
    ]
    for one in wrong:
        for browser in (here, other_browser):
            answer = browser.get(one)
            assert answer.status_code == 404, one
            assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
            assert answer.headers["Cache-Control"] == "no-store"


def test_who_comes_back_costs_no_fetch(here, app, xiaoming, other_browser, monkeypatch):
    """Nor a statement: what is needed came with the sign-in's own."""
    before = address(here)
    asked = []
    with app.app_context():
        monkeypatch.setattr(avatars.jobs(), "put", asked.append)
    signs_in(other_browser, xiaoming)
    assert asked == []
    assert address(other_browser) == before


def test_who_signs_in_twice_at_once_is_fetched_once(here, app, monkeypatch):
    """Both sign-ins found no picture; whoever is second finds the first one's."""
    [before] = picture_rows(app)
    with app.app_context():
        avatars.jobs().put(before.user_id)
    [after] = picture_rows(app)
    assert after.fetched_at == before.fetched_at


def test_a_sign_in_makes_no_statement_for_the_picture(here, app, xiaoming):
    """What is needed of it comes with what is read anyway."""
    tables: list[str] = []

    def note(connection, cursor, statement, *rest):
        tables.extend(line for line in statement.split() if line == "avatars")

    started = here.starts()
    code = xiaoming.confirms(started)
    with app.app_context():
        db.event.listen(db.engine, "before_cursor_execute", note)
        here.returns(started, code)
        db.event.remove(db.engine, "before_cursor_execute", note)
    # Joined to the look-up of the person, before WeChat is asked for a profile.
    assert len(tables) == 1


def test_a_new_picture_replaces_the_old_one(here, simulator, xiaoming, clock, app):
    old = path(here)
    person_is(simulator, "xiaoming", avatar="generated")
    clock.shift(86_401)
    signs_in(here, xiaoming)
    assert path(here) != old
    assert here.get(path(here)).status_code == 200
    assert here.get(old).status_code == 404
    assert len(picture_rows(app)) == 1


def test_update_from_wechat_fetches_anew(here, simulator, app):
    old = path(here)
    person_is(simulator, "xiaoming", avatar="generated")
    assert here.post("/me/profile").status_code == 303
    assert path(here) != old


def test_update_from_wechat_also_fetches_what_was_missed(
    browser, xiaoming, simulator, monkeypatch
):
    """A fault is forgotten; what is no picture any more was kept as none."""
    monkeypatch.setattr(avatars, "square_jpeg", refuses)
    signs_in(browser, xiaoming)
    assert address(browser) is None
    monkeypatch.undo()
    browser.post("/me/profile")
    assert address(browser)


def refuses(data: bytes, side: int) -> bytes:
    raise avatars.NoPicture("size")


def test_what_could_not_be_fetched_is_tried_at_the_next_sign_in(
    browser, xiaoming, monkeypatch, app
):
    def breaks(*args: object, **more: object) -> None:
        raise avatars.WxloginError("no way there", fault="reset")

    with monkeypatch.context() as broken:
        broken.setattr("wxlogin.wechat.avatars.AvatarHosts.fetch", breaks)
        signs_in(browser, xiaoming)
        assert address(browser) is None
        assert picture_rows(app) == []
    signs_in(browser, xiaoming)
    assert address(browser)


def test_a_host_out_of_reach_is_left_alone_for_a_while(
    browser, xiaoming, monkeypatch, app
):
    asked = []

    def away(*args: object, **more: object) -> None:
        asked.append(args)
        raise avatars.WxloginError("no such name", fault="name", sent=False)

    with monkeypatch.context() as broken:
        broken.setattr("wxlogin.wechat.avatars.AvatarHosts.fetch", away)
        for _ in range(3):
            signs_in(browser, xiaoming)
            pictures_arrive(app)
        assert len(asked) == 1
    signs_in(browser, xiaoming)
    assert address(browser) is None
    with app.app_context():
        avatars.jobs().rest(0)
    signs_in(browser, xiaoming)
    assert address(browser)


def test_a_full_queue_delays_a_picture_and_no_sign_in(
    browser, xiaoming, monkeypatch, app
):
    with app.app_context():
        monkeypatch.setattr(avatars.jobs(), "_limit", 0)
    signs_in(browser, xiaoming)
    assert address(browser) is None
    monkeypatch.undo()
    signs_in(browser, xiaoming)
    assert address(browser)


def test_a_bug_in_fetching_is_one_log_line(browser, xiaoming, monkeypatch, log, app):
    def bug(user_id: int, url: str, deadline: object) -> None:
        raise ZeroDivisionError("secret=MARKER")

    monkeypatch.setattr(avatars, "_fetch", bug)
    signs_in(browser, xiaoming)
    [line] = [each for each in log() if each["event"] == "background job failed"]
    assert (line["job"], line["why"]) == ("avatars", "ZeroDivisionError")
    assert "MARKER" not in str(line)


def test_a_dead_address_and_no_address_show_initials(browser, simulator, xiaoming, app):
    dead = f"{simulator.url}/mmopen/vi_32/gone/132"
    person_is(simulator, "xiaoming", avatar=dead)
    signs_in(browser, xiaoming)
    assert address(browser) is None
    assert (
        '<span class="initial" aria-hidden="true">小</span>' in browser.get("/me").text
    )
    [row] = picture_rows(app)
    assert row.picture is None


@pytest.mark.parametrize("url", ["", "grey"])
def test_nobody_chose_a_picture_so_nothing_is_fetched(
    browser, simulator, xiaoming, app, url
):
    """WeChat's grey picture is known by its address."""
    grey = (
        "POgEwh4mIHO4nibH0KlMECNjjGxQUq24ZEaGT4poC6icRiccVGKSyXwib"
        "cPq4BWmiaIGuG1icwxaQX6grC9VemZoJ8rg"
    )
    avatar = f"{simulator.url}/mmopen/vi_32/{grey}/132" if url else ""
    person_is(simulator, "xiaoming", avatar=avatar)
    signs_in(browser, xiaoming)
    assert address(browser) is None
    assert picture_rows(app) == []


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.test/a.png",
        "http://127.0.0.1:1/a.png",
        "http://169.254.169.254/latest/meta-data",
        "http://[::ffff:127.0.0.1]/",
        "http://0x7f.1/",
        "https://thirdwx.qlogo.cn/mmopen/vi_32/x/132",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "data:image/png;base64,AAAA",
    ],
)
def test_no_other_address_is_asked(browser, simulator, xiaoming, url, monkeypatch):
    """security row 104. Where the simulator stands for WeChat, it is the only host."""
    person_is(simulator, "xiaoming", avatar=url)
    asked: list[object] = []
    connect, port = pools._first_that_answers, urlsplit(simulator.url).port

    def watched(found, deadline):
        asked.extend(each for each in found if each[4][1] != port)
        return connect(found, deadline)

    monkeypatch.setattr(pools, "_first_that_answers", watched)
    signs_in(browser, xiaoming)
    assert address(browser) is None
    assert asked == []
    assert url not in browser.get("/me").text


def test_deleting_the_account_deletes_the_picture(here, app):
    """security row 39"""
    mine = path(here)
    here.post("/me/delete", data={"sure": "yes"})
    assert picture_rows(app) == []
    assert here.get(mine).status_code == 404


def test_a_disabled_person_is_not_shown(here, app):
    mine, uid = path(here), here.who()["uid"]
    with app.app_context():
        people.disable(uid)
    assert here.get(mine).status_code == 404


def test_below_a_path_the_address_has_the_path(app_for, simulator, xiaoming):
    app = app_for(public_url="http://127.0.0.1:5000/wx")
    browser = signs_in(Browser(app, prefix="/wx"), xiaoming)
    assert address(browser).startswith("http://127.0.0.1:5000/wx/avatars/")
    assert browser.get(path(browser)).status_code == 200
    assert f'src="{path(browser)}"' in browser.get("/wx/me", headers=ENGLISH).text
