"""A moved account's people on PostgreSQL and MariaDB: taken along, stopped, resumed."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click import Context

from tests.support.chosen_database import SERVERS
from tests.support.moving_account import MovingAccount
from wxlogin import create_app
from wxlogin.cli import main
from wxlogin.config import load_settings
from wxlogin.db import db
from wxlogin.simulator.server import SimulatorServer
from wxlogin.simulator.world import World


@pytest.fixture(params=SERVERS)
def account(
    request: pytest.FixtureRequest, kept_url: Callable[[str], str], tmp_path: Path
) -> Iterator[MovingAccount]:
    with SimulatorServer(World.demo()) as simulator:
        given = {"database_url": kept_url(request.param)}
        app = create_app(load_settings(tmp_path, simulator_url=simulator.url, **given))
        runner = app.test_cli_runner()

        def run(name: str, *words: str) -> subprocess.CompletedProcess[str]:
            # Not by `main`, whose commands make an application of their own.
            command = main.get_command(Context(main), name)
            done = runner.invoke(command, words)
            told = (done.exit_code, done.stdout, done.stderr)
            return subprocess.CompletedProcess((name, *words), *told)

        yield MovingAccount(run, simulator, tmp_path)
        with app.app_context():
            db.engine.dispose()


def test_who_failed_and_who_is_left(account: MovingAccount) -> None:
    openids = account.has(9, gone=[3])
    account.moves()
    quota = {"path": "/cgi-bin/changeopenid", "errcode": 45009}
    account.world.switch(errcode=quota)
    assert "9 are left" in account.migrates().stdout
    account.world.switch(errcode=None)
    done = account.migrates()
    assert f"failed {openids[3]}: ori_openid error" in done.stdout
    assert "1 are left" in done.stdout
    again = account.migrates()
    assert "people in all                         1" in again.stdout
    unionids = account.run("migrate", "unionids", "--app", "oa")
    assert unionids.stdout.split()[-1] == "8"
