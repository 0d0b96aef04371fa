"""Sites hear that a session is over (security row 120)."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from time import monotonic

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from tests.support.people import People, rows, user_of
from tests.support.receiver import Receiver, receiver
from tests.support.telling import delivers, has_signed_out, signed_in_at, site
from wxlogin.accounts import sessions
from wxlogin.accounts.models import LogoutNotice
from wxlogin.db import reading
from wxlogin.net import outgoing
from wxlogin.oidc import signed_tokens
from wxlogin.telling import backchannel

HOUR = 3600


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(datetime.now(UTC), tick=True) as traveller:
        yield traveller


@pytest.fixture
def shop() -> Iterator[Receiver]:
    with receiver() as server:
        yield server


@pytest.fixture
def people(
    service_for: Callable[..., Flask], shop: Receiver, clock: time_machine.Traveller
) -> Iterator[People]:
    shop_site = site("shop", logout=f"{shop.url}/logout")
    app = service_for(sites=(shop_site, site("quiet")))
    with app.app_context():
        yield People()


def test_the_site_gets_a_logout_token(people: People, shop: Receiver) -> None:
    """security row 120: typ, events, sub and sid, jti, no nonce"""
    result = people.signs_in("web", "o1")
    user = user_of("web", "o1")
    assert result.session_id is not None
    signed_in_at(user, "shop", result.session_id, sid="sid1")
    sessions.end_one(result.session_id)
    assert delivers() == 1
    (heard,) = shop.requests
    assert heard.path == "/logout"
    assert heard.headers["content-type"] == "application/x-www-form-urlencoded"
    assert list(heard.form) == ["logout_token"]
    claims = signed_tokens.read(
        heard.form["logout_token"], typ=signed_tokens.LOGOUT_TOKEN
    )
    assert (claims["aud"], claims["sub"], claims["sid"]) == ("shop", user.uid, "sid1")
    assert claims["events"] == {
        "http://schemas.openid.net/event/backchannel-logout": {}
    }
    assert claims["jti"] and "nonce" not in claims
    assert (delivers(), rows(LogoutNotice)) == (0, 0)


def test_a_site_without_an_address_is_not_told(people: People) -> None:
    people.signs_in("web", "o1")
    has_signed_out(user_of("web", "o1"), "quiet", "sid1")
    has_signed_out(user_of("web", "o1"), "a site of the past", "sid1")
    assert delivers() == 0
    assert rows(LogoutNotice) == 0


def test_a_notice_is_tried_four_times_within_about_an_hour(
    people: People, shop: Receiver, clock: time_machine.Traveller
) -> None:
    people.signs_in("web", "o1")
    has_signed_out(user_of("web", "o1"), "shop", "sid1")
    shop.answers = lambda _heard: 500
    delivers()
    for pause in backchannel.PAUSES:
        assert delivers() == 0
        clock.shift(pause + 1)
        delivers()
    assert len(shop.requests) == 4
    assert sum(backchannel.PAUSES) == pytest.approx(HOUR, rel=0.1)
    assert rows(LogoutNotice) == 0


def test_a_site_back_in_time_is_told(
    people: People, shop: Receiver, clock: time_machine.Traveller
) -> None:
    people.signs_in("web", "o1")
    has_signed_out(user_of("web", "o1"), "shop", "sid1")
    shop.answers = lambda _heard: 502
    delivers()
    shop.answers = lambda _heard: 200
    clock.shift(backchannel.PAUSES[0] + 1)
    assert delivers() == 1
    first, second = (
        signed_tokens.read(heard.form["logout_token"], typ=signed_tokens.LOGOUT_TOKEN)
        for heard in shop.requests
    )
    assert first["jti"] != second["jti"]


def test_a_hung_site_holds_no_other(
    service_for: Callable[..., Flask],
    shop: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """security row 120: the others are told at once"""
    monkeypatch.setattr(outgoing, "BUDGET_SECONDS", 2.0)
    with ExitStack() as stack:
        hung = [stack.enter_context(receiver()) for _ in range(3)]
        for one in hung:
            one.hangs = True
        sites = [site(f"hung{n}", logout=one.url) for n, one in enumerate(hung)]
        app = service_for(sites=(*sites, site("shop", logout=shop.url)))
        with app.app_context():
            People().signs_in("web", "o1")
            user = user_of("web", "o1")
            for one in (*sites, *[site("shop")] * 3):
                has_signed_out(user, one.name, "sid1")
            began = monotonic()
            told_at: list[float] = []

            def note(_heard: object) -> int:
                told_at.append(monotonic() - began)
                return 204

            shop.answers = note
            assert delivers() == 3
            took = monotonic() - began
            assert max(told_at) < 2
            # One budget for all the hung ones together, not one after another.
            assert took < 5
            with reading() as session:
                left = session.scalars(sa.select(LogoutNotice.client_id))
                assert sorted(left) == ["hung0", "hung1", "hung2"]
        for one in hung:
            one.released.set()
