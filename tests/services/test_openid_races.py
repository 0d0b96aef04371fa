"""Codes and refresh tokens under many hands at once, on every database."""

import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from flask import Flask

from tests.support.people import People
from tests.web.openid_site import SHOP, SITES, SiteServer
from wxlogin import create_app
from wxlogin.accounts import sessions
from wxlogin.accounts.models import AccessToken, Authorization, LogoutNotice
from wxlogin.config import load_settings
from wxlogin.db import Base, db, now, reading
from wxlogin.oidc import codes
from wxlogin.oidc.codes import Code

ROUNDS = 5


@pytest.fixture
def app(tables_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The service over this database."""
    # A round fails nineteen times on purpose, and there are many in a minute.
    given = {"database_url": tables_url, "sites": SITES}
    app = create_app(load_settings(tmp_path, **given, limits={"failed_keys": 10_000}))
    with app.app_context():
        Base.metadata.create_all(db.engine)
        yield app
        db.engine.dispose()


@pytest.fixture
def shop(app: Flask) -> SiteServer:
    return SiteServer(app, SHOP)


@pytest.fixture
def people(app: Flask) -> People:
    people = People()
    people.at = now() - timedelta(seconds=30)
    return people


def code_for(session_id: int, user_id: int) -> str:
    code = Code(
        client_id="shop",
        redirect_uri=SHOP.redirect_uris[0],
        code_challenge=None,
        user_id=user_id,
        session_id=session_id,
        scope="profile",
        nonce=None,
        auth_time=now(),
        issued_at=now(),
    )
    return codes.issue(code)


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What each of them gave, begun at the same moment."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        barrier.wait(10)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def rows(model: type[Base]) -> list[Any]:
    with reading() as session:
        return list(session.scalars(db.select(model)))


def somebody(people: People) -> tuple[int, int]:
    done = people.signs_in("web", secrets.token_hex(8))
    assert done.session_id is not None
    return done.session_id, done.resolution.user_id


def test_twenty_redemptions_of_one_code(people: People, shop: SiteServer) -> None:
    """Security row 113: one answer, and what it holds is dead, for 19 replayed it."""
    for _ in range(ROUNDS):
        code = code_for(*somebody(people))
        answers = at_once(*[lambda c=code: shop.redeems(c)] * 20)
        assert sorted(one.status_code for one in answers) == [200] + [400] * 19
    assert rows(AccessToken) == []
    assert [one.refresh_hash for one in rows(Authorization)] == [None] * ROUNDS


def test_five_refreshes_of_one_token(people: People, shop: SiteServer) -> None:
    """Security row 119: one family, no orphan."""
    for number in range(1, ROUNDS + 1):
        first = shop.redeems(code_for(*somebody(people))).get_json()
        token = first["refresh_token"]
        answers = at_once(*[lambda t=token: shop.refreshes(t)] * 5)
        assert [one.status_code for one in answers] == [200] * 5
        [following] = {one.get_json()["refresh_token"] for one in answers}
        assert shop.refreshes(following).status_code == 200
        assert len(rows(Authorization)) == number
        assert len(rows(AccessToken)) == 7 * number


def test_a_sign_out_comes_before_or_after(people: People, shop: SiteServer) -> None:
    """Security row 22: never between; and the site that got tokens is told."""
    told = 0
    for _ in range(ROUNDS):
        session_id, user_id = somebody(people)
        code = code_for(session_id, user_id)
        first = shop.redeems(code_for(session_id, user_id)).get_json()
        token = first["refresh_token"]
        *answers, _ended = at_once(
            lambda c=code: shop.redeems(c),
            lambda t=token: shop.refreshes(t),
            lambda s=session_id: in_context(shop, lambda: sessions.end_one(s)),
        )
        assert {one.status_code for one in answers} <= {200, 400}
        told += 1
        assert rows(Authorization) == rows(AccessToken) == []
        assert len(rows(LogoutNotice)) == told


def in_context(shop: SiteServer, call: Callable[[], None]) -> None:
    with shop.app.app_context():
        call()
