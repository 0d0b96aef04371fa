"""The picture of a mini program's code: whole, drawn once, and what it is not."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from PIL import Image

from tests.support.journey import calls
from tests.web.scanning import Page
from wxlogin.config.apps import EnvVersion
from wxlogin.db import db
from wxlogin.errors import WeChatBusy, WeChatMisconfigured, WeChatUnavailable
from wxlogin.flows import wxacode
from wxlogin.service import service_of
from wxlogin.tickets.sql import TicketRow

WXACODE, STABLE = "/wxa/getwxacodeunlimit", "/cgi-bin/stable_token"


@pytest.fixture
def mp(app):
    return next(one for one in service_of(app).settings.apps if one.name == "mp")


@pytest.fixture
def drawn(app, mp):
    """`drawn("scene")`: the picture, also of the program with other settings."""

    def draw(scene="scene-of-a-login", **changes):
        with app.app_context():
            return wxacode.picture(mp.model_copy(update=changes), scene)

    return draw


@pytest.fixture
def asked(simulator):
    return lambda path=WXACODE: len(calls(simulator, path))


def test_a_picture_that_can_be_shown(drawn):
    found = drawn()
    assert found.mimetype == "image/jpeg"
    with Image.open(io.BytesIO(found.data)) as image:
        assert image.size == (430, 430)


def test_it_is_drawn_once_for_all_workers(app_for, drawn, asked, mp):
    first = drawn()
    with app_for().app_context():
        assert wxacode.picture(mp, "scene-of-a-login") == first
    assert asked() == 1
    drawn("another-scene")
    assert asked() == 2
    assert asked(STABLE) == 1


def test_many_who_look_at_once_have_it_drawn_once(drawn, asked, simulator):
    simulator.world.switch(latency_ms=150)
    with ThreadPoolExecutor(5) as pool:
        found = list(pool.map(lambda _: drawn(), range(5)))
    assert len({one.data for one in found}) == 1
    assert asked() == 1


def test_png_for_jpeg_is_a_code(drawn, simulator):
    simulator.world.switch(wxacode="png")
    found = drawn()
    assert found.mimetype == "image/png"
    with Image.open(io.BytesIO(found.data)) as image:
        assert image.format == "PNG"


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "image/jpeg"])
def test_an_error_in_a_pictures_clothes(drawn, simulator, kind):
    simulator.world.switch(wxacode=f"error:{kind}")
    with pytest.raises(WeChatMisconfigured) as caught:
        drawn()
    assert caught.value.facts["errcode"] == 41030


@pytest.mark.parametrize("fault", ["empty", "half"])
def test_nothing_broken_is_kept(drawn, asked, simulator, fault):
    simulator.world.switch(wxacode=fault)
    for _ in range(2):
        with pytest.raises(WeChatUnavailable) as caught:
            drawn()
        assert caught.value.facts["fault"] == "garbage"
        assert caught.value.facts["app"] == "mp"
    assert asked() == 2
    simulator.world.switch(wxacode=None)
    assert drawn().mimetype == "image/jpeg"


@pytest.mark.parametrize(
    "body", ["<html>a portal</html>", "GIF89a", "{", "null", "[]", "\x89PNG\r\n\x1a\n"]
)
def test_what_is_no_picture(drawn, simulator, body):
    simulator.world.switch(raw_body={"path": WXACODE, "text": body})
    with pytest.raises(WeChatUnavailable):
        drawn()


def test_a_page_that_is_not_published_is_the_operators_matter(app, drawn, asked):
    """And not asked about again by each visitor."""
    for scene in ("one", "two", "three"):
        with pytest.raises(WeChatMisconfigured) as caught:
            drawn(scene, scan_page="pages/nowhere")
        assert "scan_page" in caught.value.operator
        assert caught.value.facts["errcode"] == 41030
    assert asked() == 1
    # Another page is another matter, and so is the same one half a minute later.
    assert drawn()
    assert asked() == 2
    with app.app_context():
        for row in db.session.query(TicketRow).filter_by(kind="wxacode_failed"):
            row.expires_at -= timedelta(seconds=wxacode.FAILED_SECONDS)
        db.session.commit()
    with pytest.raises(WeChatMisconfigured):
        drawn(scan_page="pages/nowhere")
    assert asked() == 3


@pytest.mark.parametrize("version", ["trial", "develop"])
def test_a_program_can_be_tried_before_its_release(drawn, version):
    with pytest.raises(WeChatMisconfigured):
        drawn(scan_page="pages/not/yet")
    version = EnvVersion(version)
    found = drawn(scan_page="pages/not/yet", env_version=version)
    assert found.mimetype == "image/jpeg"


def test_past_wechats_limit(drawn, simulator):
    simulator.world.switch(quota={"path": WXACODE, "calls": 0})
    with pytest.raises(WeChatBusy):
        drawn()


def test_a_token_that_cannot_be_had(drawn, asked, simulator):
    simulator.world.switch(errcode={"path": STABLE, "errcode": 40164})
    for scene in ("one", "two"):
        with pytest.raises(WeChatMisconfigured) as caught:
            drawn(scene)
        assert caught.value.facts["errcode"] == 40164
    assert (asked(STABLE), asked()) == (1, 0)


@pytest.mark.parametrize("scene", ["", "a" * 33, "订单", "50%"])
def test_no_scene_no_call(drawn, asked, scene):
    with pytest.raises(ValueError, match="scene"):
        drawn(scene)
    assert asked() == 0


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        *[({"wxacode": f"error:{kind}"}, 502) for kind in ("image/jpeg", "text/plain")],
        *[({"wxacode": fault}, 503) for fault in ("empty", "half")],
        ({"errcode": {"path": STABLE, "errcode": 40164}}, 502),
        ({"errcode": {"path": WXACODE, "errcode": 48001}}, 502),
        ({"quota": {"path": WXACODE, "calls": 0}}, 503),
    ],
)
def test_the_page_has_a_reason_and_the_operator_the_errcode(
    browser, simulator, log, fault, status
):
    """Cases 6 and 19: in words for people, and with another try to come."""
    page = Page(browser)
    page.opens()
    simulator.world.switch(**fault)
    log()
    answer = page.looks("image")
    assert answer.status_code == status
    told = answer.get_json()
    assert told["title"]
    assert told["detail"]
    assert "errcode" not in answer.text
    (line,) = [line for line in log() if line["event"] == "refused"]
    assert line["app"] == "mp"
    assert line.get("errcode") or line["fault"] == "garbage"
    assert page.looks("state").status_code == 200
