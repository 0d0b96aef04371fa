"""The real server: where it is, how it stops, what it prints."""

import re
import subprocess
import sys
import threading
import time

import pytest

from wxlogin.simulator import World
from wxlogin.simulator.server import SimulatorServer

from .conftest import CALLBACK, WEB, no_proxies


def test_both_names_of_loopback_reach_it(server: SimulatorServer) -> None:
    assert re.fullmatch(r"http://localhost:\d+", server.url)
    with no_proxies() as http:
        for url in (server.url, server.url.replace("localhost", "127.0.0.1")):
            assert http.get(f"{url}/_sim/clock", timeout=5).status_code == 200


def test_the_world_is_the_tests(server: SimulatorServer, world: World) -> None:
    assert server.world is world


def test_stopping_lets_waiting_polls_answer() -> None:
    server = SimulatorServer(hold_seconds=60).start()
    world = server.world
    app = world.registry.app(WEB)
    uuid = world.show_qr(app, redirect_uri=CALLBACK, state="", fast=False).uuid
    answers: list[str] = []

    def wait() -> None:
        with no_proxies() as http:
            url = f"{server.url}/connect/l/qrconnect?uuid={uuid}"
            answers.append(http.get(url, timeout=30).text)

    waiting = threading.Thread(target=wait)
    waiting.start()
    while not world.qrcodes._polls.get(uuid):
        threading.Event().wait(0.01)
    began = time.monotonic()
    server.stop()
    waiting.join(timeout=10)
    assert answers == ["window.wx_errcode=408;window.wx_code='';"]
    assert time.monotonic() - began < 5


def test_a_taken_port_is_an_error(server: SimulatorServer) -> None:
    port = int(server.url.rpartition(":")[2])
    with pytest.raises((OSError, SystemExit)):
        SimulatorServer(port=port).start()


def test_the_ready_line_and_a_quiet_log() -> None:
    """A request line holds secrets, so no request is logged; security row 30."""
    program = "from wxlogin.simulator.server import run; run(port=0)"
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout
        found = re.fullmatch(
            r"simulator ready on (http://localhost:\d+)\n", process.stdout.readline()
        )
        assert found
        with no_proxies() as http:
            http.get(f"{found[1]}/sns/auth?access_token=MARKER", timeout=5)
    finally:
        process.terminate()
        rest, _ = process.communicate(timeout=10)
    assert "MARKER" not in rest
