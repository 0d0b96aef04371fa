"""`run -- COMMAND`: the proxy, what a program is told, and a network of its own."""

import contextlib
import json
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path

import pytest
from click.testing import CliRunner

from wxlogin.simulator import World, command_run, sealed
from wxlogin.simulator.authority import Authority
from wxlogin.simulator.command import main
from wxlogin.simulator.server import SimulatorServer
from wxlogin.simulator.trust import proxied, trusting
from wxlogin.simulator.tunnels import Tunnels

OPEN, API = "open.weixin.qq.com", "api.weixin.qq.com"
PATH = "/sns/auth?access_token=x&openid=y"


# What stands for a client of any kind: it asks WeChat, and the simulator for its clock.
PROGRAM = f"""
import os, sys, urllib.request as it
print(it.urlopen("https://{API}{PATH}").read().decode()[:17])
clock = os.environ["WECHAT_SIMULATOR_URL"] + "/_sim/clock"
print(b"offset" in it.urlopen(clock).read())
try:
    it.urlopen("https://nobody.test/")
except OSError:
    print("nobody else")
sys.exit(7)
"""
SAID = ['{"errcode":40001,', "True", "nobody else"]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.kept(tmp_path_factory.mktemp("authority") / "ca.pem")


@pytest.fixture(scope="module")
def tunnels(authority: Authority) -> Iterator[tuple[Tunnels, World]]:
    world = World.demo()
    with (
        SimulatorServer(world, authority=authority, written_port=443) as server,
        Tunnels(server.port, ["shop.test"]) as running,
    ):
        yield running, world


@contextlib.contextmanager
def through(
    tunnels: Tunnels, authority: Authority, host: str
) -> Iterator[HTTPSConnection]:
    trust = ssl.create_default_context(cafile=authority.file)
    one = HTTPSConnection("127.0.0.1", tunnels.port, timeout=20, context=trust)
    one.set_tunnel(host, 443)
    with contextlib.closing(one):
        yield one


def test_the_proxy_leads_to_wechat(
    tunnels: tuple[Tunnels, World], authority: Authority
) -> None:
    with through(tunnels[0], authority, API) as one:
        one.request("GET", PATH)
        assert json.loads(one.getresponse().read())["errcode"] == 40001
    with through(tunnels[0], authority, "res.wx.qq.com") as one:
        one.request("GET", "/connect/zh_CN/htmledition/js/wxLogin.js")
        # The program knows WeChat by 443, wherever that leads.
        assert b'"https://open.weixin.qq.com/connect' in one.getresponse().read()


@pytest.mark.parametrize("host", ["nobody.test", "weixin.qq.com", "127.0.0.1"])
def test_it_knows_nobody_else(
    tunnels: tuple[Tunnels, World], authority: Authority, host: str
) -> None:
    with (
        through(tunnels[0], authority, host) as one,
        pytest.raises(OSError, match="403"),
    ):
        one.request("GET", "/")


@pytest.mark.parametrize(
    ("target", "leads"),
    [
        (f"{API}:443", True),
        ("API.weixin.qq.com:443", True),
        (f"{API}:80", False),
        (API, False),
        (f"{API}:", False),
        ("shop.test:8000", 8000),
        ("shop.test:99999", False),
        ("shop.test:²", False),
    ],
)
def test_where_a_name_leads(
    tunnels: tuple[Tunnels, World], target: str, leads: int | bool
) -> None:
    port = tunnels[0].port_for(target)
    assert port == leads if type(leads) is int else (port is not None) == leads


def test_what_is_no_tunnel_is_refused(tunnels: tuple[Tunnels, World]) -> None:
    with contextlib.closing(
        HTTPConnection("127.0.0.1", tunnels[0].port, timeout=20)
    ) as one:
        one.request("GET", f"http://{API}/sns/auth")
        assert one.getresponse().status == 403


def test_a_reset_goes_through(
    tunnels: tuple[Tunnels, World], authority: Authority
) -> None:
    tunnels[1].switch(body="reset")
    with through(tunnels[0], authority, API) as one:
        one.request("GET", PATH)
        with pytest.raises(ConnectionResetError):
            while socket.socket.recv(one.sock, 65536):
                pass
    tunnels[1].reset()


def test_what_a_program_is_told(authority: Authority, tmp_path: Path) -> None:
    before = {
        "PATH": "/bin",
        "HTTPS_PROXY": "http://proxy.corp:3128",
        "JAVA_TOOL_OPTIONS": "-Xmx64m",
    }
    told = trusting(before, authority, tmp_path)
    assert told["PATH"] == "/bin"
    # Nobody's proxy knows these names.
    assert "HTTPS_PROXY" not in told
    ours = authority.file.read_text()
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        assert ours in Path(told[name]).read_text()
    assert Path(told["NODE_EXTRA_CA_CERTS"]).read_text() == ours
    built_in, _, place = told["PHP_INI_SCAN_DIR"].rpartition(":")
    assert built_in == ""
    assert "curl.cainfo=" in (Path(place) / "ca.ini").read_text()
    assert told["JAVA_TOOL_OPTIONS"].startswith("-Xmx64m -Djavax.net.ssl.trustStore=")
    assert (tmp_path / "java.p12").stat().st_size > 0
    led = proxied(told, 3128)
    assert led["https_proxy"] == led["HTTPS_PROXY"] == "http://127.0.0.1:3128"
    assert led["no_proxy"] == "localhost,127.0.0.1,::1"
    assert led["JAVA_TOOL_OPTIONS"].endswith("-Dhttp.proxyPort=3128")


def test_a_program_led_by_the_proxy(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where the system gives no namespaces, and what that does not cover is said."""
    monkeypatch.setattr(sealed, "is_allowed", lambda: False)
    words = ["--ca-file", str(tmp_path / "ca.pem"), "--", sys.executable, "-c", PROGRAM]
    done = CliRunner().invoke(main, ["run", *words])
    assert done.exit_code == 7
    assert done.stderr == f"{command_run._NOT_SEALED}\n"
    assert capfd.readouterr().out.splitlines() == SAID
    done = CliRunner().invoke(main, ["run", "--way", "namespaces", *words])
    assert done.exit_code == 1
    assert done.stderr.startswith("wechat-simulator: this system gives this user no")


def test_a_command_that_is_none_is_a_sentence(tmp_path: Path) -> None:
    words = ["--way", "proxy", "--ca-file", str(tmp_path / "ca.pem"), "no-such-command"]
    done = CliRunner().invoke(main, ["run", *words])
    assert done.exit_code == 1
    assert (
        done.stderr == "wechat-simulator: no-such-command: No such file or directory\n"
    )


# The same by http, which has a port of its own where nothing else has.
BY_HTTP = f"""
import urllib.request as it
print(it.urlopen("http://{API}{PATH}").read().decode()[:17])
print(it.urlopen("http://{OPEN}/phone").url)
"""


def test_a_program_in_a_network_of_its_own(tmp_path: Path) -> None:
    """Where this machine gives them; elsewhere it says so, and the proxy leads."""
    words = [sys.executable, "-m", "wxlogin.simulator", "run"]
    words += ["--ca-file", str(tmp_path / "ca.pem"), "--site", "shop.test"]
    way = ["--way", "namespaces"] if sealed.is_allowed() else []
    program = (BY_HTTP if way else "") + PROGRAM
    done = subprocess.run(
        [*words, *way, "--", sys.executable, "-c", program],
        env=os.environ | {"NO_PROXY": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 7, done.stderr
    by_http = [SAID[0], f"https://{OPEN}/phone"] if way else []
    assert done.stdout.splitlines() == by_http + SAID
    notice = [] if way else [command_run._NOT_SEALED]
    lines = done.stderr.splitlines()
    refused = [line for line in lines if line.startswith("refused: GET /sns/auth, 4")]
    assert [line for line in lines if line not in refused] == notice
    assert len(refused) == (2 if way else 1)
