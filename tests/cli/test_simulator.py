"""`wxlogin simulator`: WeChat in a box, alone."""

import re
import signal
import socket

import pytest

from tests.cli.commands import get
from wxlogin.simulator import SimulatorError, command

WORLD = """
[[apps]]
name = "mine"
appid = "wxfedcba9876543210"
secret = "my secret"
callback_domains = ["app.test"]

[[people]]
name = "ann"
nickname = "Ann"
"""


def test_any_free_port_and_a_line_that_says_which(wxlogin):
    simulator = wxlogin.start("simulator", "--port", "0")
    line = simulator.says("ready")
    url = re.fullmatch(r"simulator ready on (http://localhost:\d+)", line)[1]
    assert get(f"{url}/phone").status_code == 200
    assert get(f"{url}/_sim/apps").json()[0]["name"] == "web"
    assert simulator.ends(signal.SIGINT) == 0


def test_a_world_of_ones_own(wxlogin):
    (wxlogin.folder / "world.toml").write_text(WORLD)
    simulator = wxlogin.start("simulator", "--port", "0", "--config", "world.toml")
    url = simulator.says("ready").rpartition(" ")[2]
    assert [app["name"] for app in get(f"{url}/_sim/apps").json()] == ["mine"]


def test_it_needs_and_makes_nothing_of_ours(wxlogin):
    """It is of use to people who never configure the service."""
    broken = {"WXLOGIN_PUBLIC_URL": "nonsense", "WXLOGIN_APPS": "{"}
    simulator = wxlogin.start("simulator", "--port", "0", **broken)
    simulator.says("ready")
    assert list(wxlogin.folder.iterdir()) == []


def test_mistakes_are_sentences(wxlogin):
    (wxlogin.folder / "bad.toml").write_text("[[apps]]\nnme = 1\n")
    (wxlogin.folder / "broken.toml").write_text("[[apps]")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        cases = {
            ("--port", port): port,
            ("--config", "nowhere.toml"): "nowhere.toml",
            ("--config", "bad.toml"): "apps[0].nme",
            ("--config", "broken.toml"): "broken.toml",
        }
        for words, hint in cases.items():
            done = wxlogin.run("simulator", *words)
            assert done.returncode == 1
            [line] = done.stderr.splitlines()
            assert line.startswith("wxlogin: ")
            assert hint in line


def test_https_at_wechats_names(wxlogin, monkeypatch):
    """tests/simulator/test_tls.py is what it then does."""
    served = []
    monkeypatch.setattr(command, "serve_forever", lambda *given: served.append(given))
    words = ["--tls", "--https-port", "0", "--ca-file", "ours/ca.pem"]
    assert wxlogin.here("simulator", *words, "--name", "box").returncode == 0
    [(host, port, _, _, names, authority, *_)] = served
    assert (host, port, names) == ("127.0.0.1", 0, ("box",))
    assert str(authority.file) == "ours/ca.pem"
    assert (wxlogin.folder / "ours" / "ca.pem").is_file()
    # A name that came later is one that it was not made for.
    authority.context(["box"])
    with pytest.raises(SimulatorError):
        authority.context(["other"])


def test_options_stand_behind_the_command(wxlogin):
    done = wxlogin.here("simulator", "--tls", "serve")
    assert done.returncode == 2
    assert "behind the command" in done.stderr


def test_a_port_that_is_not_allowed_is_a_sentence(wxlogin, monkeypatch):
    class Unprivileged(socket.socket):
        def bind(self, address):
            raise PermissionError

    monkeypatch.setattr(command.socket, "socket", Unprivileged)
    done = wxlogin.here("simulator", "--tls", "--ca-file", "ca.pem")
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("wxlogin: port 443 is not allowed")
    assert "--https-port 8443" in line
