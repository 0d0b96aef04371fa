"""`wxlogin followers sync`, as an operator uses it."""

import json
import signal
import time

import pytest

from tests.cli.commands import PATIENCE, Commands
from wxlogin.simulator.api import account
from wxlogin.simulator.server import SimulatorServer

BATCH = "/cgi-bin/user/info/batchget"


@pytest.fixture
def simulator(
    wechat_demo: SimulatorServer, monkeypatch: pytest.MonkeyPatch
) -> SimulatorServer:
    """The account `oa` with 250 followers, whose list has pages of 200."""
    monkeypatch.setattr(account, "PAGE", 200)
    world = wechat_demo.world
    for person in world.registry.crowd(250):
        world.relations.follow(world.registry.app("oa"), person.name)
    return wechat_demo


@pytest.fixture
def service(wxlogin: Commands, simulator: SimulatorServer) -> Commands:
    wxlogin.environment |= {
        "WXLOGIN_SIMULATOR_URL": simulator.url,
        "WXLOGIN_WECHAT_BUDGET": "1",
    }
    wxlogin.migrate()
    return wxlogin


def batches(simulator: SimulatorServer) -> int:
    return len(simulator.world.journal.calls(BATCH))


def test_killed_half_way_and_run_again(
    service: Commands, simulator: SimulatorServer
) -> None:
    simulator.world.switch(latency_ms=300)
    running = service.start("followers", "sync", "oa")
    end = time.monotonic() + PATIENCE
    while batches(simulator) < 2 and time.monotonic() < end:
        time.sleep(0.01)
    assert running.ends(signal.SIGKILL) == -signal.SIGKILL
    simulator.world.switch(latency_ms=None)
    done = service.here("followers", "sync", "oa")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("oa: 250 in the list, 0 who follow no more. It took")
    # The dead one is looked for until its lease is over.
    assert "looking whether another run is alive" in done.stderr
    # A hundred was written, the second one on its way.
    assert batches(simulator) == 4
    again = service.here("followers", "sync", "--restart", "--json")
    told = {
        one["app"]: (one["listed"], one["left"]) for one in json.loads(again.stdout)
    }
    assert told == {"oa": (250, 0), "lone": (0, 0)}


def test_what_stops_one_account_stops_no_other(
    service: Commands, simulator: SimulatorServer
) -> None:
    simulator.world.switch(("app", "oa"), errcode={"path": BATCH, "errcode": 45009})
    done = service.here("followers", "sync")
    assert done.returncode == 1
    assert done.stdout.startswith("lone: 0 in the list")
    [said] = [line for line in done.stderr.splitlines() if line.startswith("wxlogin:")]
    assert "oa: stopped after 0 of 250 followers. WeChat answers 45009" in said
    assert "Run `wxlogin followers sync oa` again after midnight in China" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("web",), "'web' is none of the official accounts that push here: oa, lone"),
        (("nobody",), "'nobody' is none of"),
    ],
)
def test_an_app_that_is_none(
    service: Commands, words: tuple[str, ...], said: str
) -> None:
    done = service.here("followers", "sync", *words)
    assert done.returncode == 2
    assert said in done.stderr
