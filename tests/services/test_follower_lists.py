"""The list of followers on each database: killed, and run again."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.services.test_killed import in_a_process_killed_at
from wxlogin.accounts.models import Follower, FollowerList
from wxlogin.config import load_settings
from wxlogin.db import db, now, reading
from wxlogin.factory import build
from wxlogin.flows import follower_list
from wxlogin.flows.follower_list import Read, read_list
from wxlogin.service import running
from wxlogin.simulator.api import account
from wxlogin.simulator.server import SimulatorServer
from wxlogin.simulator.world import ids

OA = "wx0000000000000a02"


@pytest.fixture
def world(
    wechat_demo: SimulatorServer, monkeypatch: pytest.MonkeyPatch
) -> SimulatorServer:
    """An account with 250 followers, whose list has pages of a hundred."""
    monkeypatch.setattr(account, "PAGE", 100)
    monkeypatch.setattr(follower_list, "MOST_ASKED", 25)
    parties = wechat_demo.world.registry
    for person in parties.crowd(250):
        wechat_demo.world.relations.follow(parties.app("oa"), person.name)
    return wechat_demo


@pytest.fixture
def app(tables_url: str, tmp_path: Path, world: SimulatorServer) -> Iterator[Flask]:
    settings = load_settings(
        tmp_path, database_url=tables_url, simulator_url=world.url, wechat_budget=5.0
    )
    app = build(settings)
    with app.app_context():
        db.create_all()
        yield app
        db.engine.dispose()


def is_read() -> Read:
    oa = running().settings.app_named("oa")
    assert oa is not None
    return read_list(oa, lambda done, of: None, wait=lambda seconds: None)


def test_killed_anywhere_and_run_again(
    app: Flask, world: SimulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever comes next need not wait whether the dead one is alive.
    monkeypatch.setattr(follower_list, "_lease", lambda: now() - timedelta(seconds=1))
    met = []
    for number in (90, 3, 9, 60):
        assert not in_a_process_killed_at(number, is_read)
        with reading() as session:
            met.append(session.scalar(sa.select(sa.func.count(Follower.id))))
            places = session.scalars(sa.select(FollowerList.ended_at)).all()
        assert places in ([], [None])
    # Each goes on where the one before was, a hundred or a part of one further.
    assert met == sorted(met) and 0 < met[0] < met[-1] < 250
    assert all(count % 25 == 0 for count in met)
    assert is_read() == Read(listed=250, total=250, left=0)
    with reading() as session:
        kept = list(session.scalars(sa.select(Follower).order_by(Follower.id)))
    expected = [ids.openid(OA, f"crowd-{number}") for number in range(1, 251)]
    assert [row.openid for row in kept] == expected
    assert all(row.followed and row.unionid and not row.ask_at for row in kept)
    for name in ("crowd-1", "crowd-250"):
        world.world.relations.unfollow(world.world.registry.app("oa"), name)
    monkeypatch.setattr(follower_list, "now", lambda: now() + timedelta(seconds=5))
    assert is_read() == Read(listed=248, total=248, left=2)
