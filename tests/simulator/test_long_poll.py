"""The long poll of the QR page: its numbers, its exact words, its patience."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient

from wxlogin.simulator import World, create_simulator
from wxlogin.simulator.refusals import Clash, Unknown

from .conftest import CALLBACK, WEB, Site, code_in, phone

NOTHING = "window.wx_errcode=408;window.wx_code='';"
SCANNED = "window.wx_errcode=404;window.wx_code='';"
CANCELLED = "window.wx_errcode=403;window.wx_code='';"
EXPIRED = "window.wx_errcode=402;window.wx_code='';"


@pytest.mark.fact("the poll's numbers 408, 404, 405, 403, 402, `f=json`, `f=url`")
def test_the_way_to_a_code(site: Site) -> None:
    """404 is scanned and 405 confirmed; some write-ups swap them."""
    uuid = site.shows_qr()
    assert site.polls(uuid) == NOTHING
    phone(site.client, "scan", uuid, "xiaoming")
    assert site.polls(uuid) == SCANNED
    assert site.polls(uuid, last="404") == NOTHING
    phone(site.client, "confirm", uuid, "xiaoming")
    done = site.polls(uuid, last="404")
    code = code_in(done)
    assert done == f"window.wx_errcode=405;window.wx_code='{code}';"
    assert len(code) == 32
    assert code.startswith("0")
    assert code.isalnum()


@pytest.mark.fact("the poll's numbers 408, 404, 405, 403, 402, `f=json`, `f=url`")
def test_a_cancelled_code_may_be_scanned_again(site: Site) -> None:
    uuid = site.shows_qr()
    phone(site.client, "scan", uuid, "xiaoming")
    phone(site.client, "cancel", uuid, "xiaoming")
    assert site.polls(uuid) == CANCELLED
    assert site.polls(uuid, last="403") == NOTHING
    phone(site.client, "scan", uuid, "lihua")
    assert site.polls(uuid, last="403") == SCANNED


@pytest.mark.fact("the poll's numbers 408, 404, 405, 403, 402, `f=json`, `f=url`")
def test_a_code_expires_by_the_worlds_clock(site: Site, world: World) -> None:
    uuid = site.shows_qr()
    world.advance(299)
    assert site.polls(uuid) == NOTHING
    world.advance(2)
    assert site.polls(uuid) == EXPIRED
    assert phone(site.client, "scan", uuid, "xiaoming").status_code == 409


def test_an_unknown_code_is_expired(site: Site) -> None:
    assert site.polls("0000000000000000") == EXPIRED
    assert site.polls("") == EXPIRED


@pytest.mark.fact("the poll's numbers 408, 404, 405, 403, 402, `f=json`, `f=url`")
def test_json_for_apps(site: Site) -> None:
    uuid = site.shows_qr()
    assert json.loads(site.polls(uuid, f="json")) == {"wx_errcode": 408, "wx_code": ""}


@pytest.mark.fact("the poll's numbers 408, 404, 405, 403, 402, `f=json`, `f=url`")
def test_f_url_names_the_callback_and_the_person(site: Site) -> None:
    uuid = site.shows_qr()
    phone(site.client, "scan", uuid, "jose")
    phone(site.client, "confirm", uuid, "jose")
    script = site.polls(uuid, f="url")
    code = code_in(script)
    assert f'wx_redirecturl="{CALLBACK}?code={code}&state=STATE1"' in script
    assert 'wx_nickname="Jos\\u00e9"' in script


def test_a_waiting_poll_hears_of_the_scan_at_once(world: World) -> None:
    client = create_simulator(world, hold_seconds=20).test_client
    uuid = Site(client()).shows_qr()
    with ThreadPoolExecutor() as pool:
        began = time.monotonic()
        waiting = pool.submit(Site(client()).polls, uuid)
        world.wait(lambda: world.qrcodes._polls.get(uuid, 0) > 0, 0.05)
        world.scan(uuid, "xiaoming")
        assert waiting.result(timeout=5) == SCANNED
    assert time.monotonic() - began < 5


def test_waiting_costs_no_cpu(world: World) -> None:
    uuid = world.show_qr(
        world.registry.app(WEB), redirect_uri=CALLBACK, state="", fast=False
    ).uuid
    before = time.process_time()
    number, _ = world.qrcodes.poll(uuid, last="", hold=0.5)
    assert number == 408
    assert time.process_time() - before < 0.1


def test_moving_the_clock_ends_a_wait(world: World) -> None:
    app = world.registry.app(WEB)
    uuid = world.show_qr(app, redirect_uri=CALLBACK, state="", fast=False).uuid
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(world.qrcodes.poll, uuid, last="", hold=20)
        world.advance(301)
        number, _ = waiting.result(timeout=5)
    assert number == 402


def test_steps_cannot_be_skipped_and_the_first_scanner_holds_the_code(
    world: World,
) -> None:
    app = world.registry.app(WEB)
    uuid = world.show_qr(app, redirect_uri=CALLBACK, state="", fast=False).uuid
    with pytest.raises(Clash):
        world.confirm(uuid, "xiaoming")
    world.scan(uuid, "xiaoming")
    world.scan(uuid, "xiaoming")
    for act in (world.scan, world.confirm, world.cancel):
        with pytest.raises(Clash):
            act(uuid, "lihua")
    world.confirm(uuid, "xiaoming")
    for act in (world.scan, world.confirm, world.cancel):
        with pytest.raises(Clash):
            act(uuid, "xiaoming")
    with pytest.raises(Unknown):
        world.scan("nope", "xiaoming")


def test_old_codes_are_forgotten(world: World, client: FlaskClient) -> None:
    site = Site(client)
    for _ in range(5):
        site.polls(site.shows_qr())
    world.advance(3600)
    site.shows_qr()
    assert len(world.qrcodes._codes) == 1
    assert not world.qrcodes._polls
