"""`--print-env`: programs that were started elsewhere, led here by what it prints."""

import contextlib
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser

from tests.clients.conftest import required
from tests.support.chromium import ARGUMENTS, CHROMIUM
from wxlogin.simulator import command_env
from wxlogin.simulator.authority import Authority
from wxlogin.simulator.command import main
from wxlogin.simulator.server import SimulatorServer

PATH = "/sns/auth?access_token=x&openid=y"
URL = f"https://api.weixin.qq.com{PATH}"
# Through the proxy by hand, which Node asks by itself from 24 on.
NODE = """
const http = require("node:http"), https = require("node:https");
const { hostname, port } = new URL(process.env.HTTPS_PROXY);
const api = "api.weixin.qq.com";
http.request({ hostname, port, method: "CONNECT", path: api + ":443" })
  .on("connect", (_, socket) => https.get(
    { host: api, path: process.argv[1], socket, agent: false },
    (answer) => answer.pipe(process.stdout)))
  .end();
"""


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """What `run --print-env` says, while it serves."""
    file = tmp_path_factory.mktemp("authority") / "ca.pem"
    words = ["run", "--print-env", "--site", "shop.test", "--ca-file", str(file)]
    with subprocess.Popen(
        [sys.executable, "-m", "wxlogin.simulator", *words],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line.rstrip("\n"))
            # The last one, where this machine has the tool.
            last = "certutil -d" if shutil.which("certutil") else "--user-data-dir"
            if last in line:
                break
        yield lines
        process.terminate()


def shell(printed: list[str], *words: str) -> subprocess.CompletedProcess[str]:
    """A program in a shell that has read it."""
    script = "\n".join([*printed, shlex.join(words)])
    return subprocess.run(
        ["/bin/sh", "-c", script],
        env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_curl(printed: list[str]) -> None:
    done = shell(printed, "curl", "-sS", URL)
    assert json.loads(done.stdout)["errcode"] == 40001, done.stderr
    done = shell(printed, "curl", "-sS", "https://nobody.test/")
    assert "403" in done.stderr
    done = shell(printed, "sh", "-c", 'curl -sS "$WECHAT_SIMULATOR_URL/_sim/clock"')
    assert json.loads(done.stdout)["offset"] == 0, done.stderr


def test_python(printed: list[str]) -> None:
    asks = f"import requests; print(requests.get({URL!r}, timeout=9).text)"
    done = shell(printed, sys.executable, "-c", asks)
    assert json.loads(done.stdout)["errcode"] == 40001, done.stderr


def test_node(printed: list[str]) -> None:
    if shutil.which("node") is None:
        required("Node is missing; install it with: apt-get install nodejs")
    done = shell(printed, "node", "-e", NODE, PATH)
    assert json.loads(done.stdout)["errcode"] == 40001, done.stderr


def options(printed: list[str]) -> list[str]:
    """Those of Chromium."""
    [line] = [line for line in printed if line.startswith("# --user-data-dir=")]
    return shlex.split(line.removeprefix("# "))


def test_chromium(printed: list[str], chromium: Browser) -> None:
    # Playwright has a folder of its own.
    words = [word for word in options(printed) if "--user-data-dir" not in word]
    browser = chromium.browser_type.launch(
        executable_path=CHROMIUM, args=[*ARGUMENTS, *words]
    )
    with contextlib.closing(browser):
        page = browser.new_page()
        answer = page.goto("https://open.weixin.qq.com/phone")
        assert answer is not None and answer.status == 200
        face = page.locator("[data-person=xiaoming] img.face")
        assert "https://thirdwx.qlogo.cn/" in str(face.get_attribute("src"))
        drawn = "one => one.decode().then(() => one.naturalWidth)"
        assert face.evaluate(drawn) > 0


def test_beside_tls_the_names_lead_here_already(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Xmx64m")
    monkeypatch.setenv("NO_PROXY", "intra.corp")
    monkeypatch.setattr(shutil, "which", lambda _: None)
    authority = Authority.kept(tmp_path / "my ca.pem")
    with SimulatorServer(authority=authority) as server:
        printed = command_env.trusted(server, authority).split("\n")
        port = server.port
        # Twice, as by a shell that has read it already, is the same.
        assert command_env.trusted(server, authority).split("\n") == printed
    told = dict(
        shlex.split(line)[1].split("=", 1)
        for line in printed
        if line.startswith("export ")
    )
    assert not [name for name in told if "PROXY" in name.upper() != "NO_PROXY"]
    assert told["NO_PROXY"].startswith("intra.corp,open.weixin.qq.com,")
    assert told["JAVA_TOOL_OPTIONS"].startswith("-Xmx64m -Djavax.net.ssl")
    assert told["WECHAT_SIMULATOR_URL"] == f"https://localhost:{port}"
    assert Path(told["SSL_CERT_FILE"]).parent == tmp_path / "my ca-trust"
    rules, pin = options(printed)[1:]
    assert f"MAP wx.qlogo.cn:{port} 127.0.0.1:{port}" in rules.split(",")
    assert pin == f"--ignore-certificate-errors-spki-list={authority.pin}"
    # No tool for Chromium's store, no line for it.
    assert not [line for line in printed if "certutil" in line]


def test_the_line_of_certutil_is_one_that_works(
    printed: list[str], tmp_path: Path
) -> None:
    if shutil.which("certutil") is None:
        required("certutil is missing; install it with: apt-get install libnss3-tools")
    home = str(Path.home())
    line = printed[-1].removeprefix("# ").replace(home, str(tmp_path))
    store = f"sql:{tmp_path}/.pki/nssdb"
    begin = f"mkdir -p {store[4:]} && certutil -d {store} -N --empty-password"
    for words in (begin, line):
        subprocess.run(["/bin/sh", "-c", words], check=True, capture_output=True)
    listed = ["/bin/sh", "-c", f"certutil -d {store} -L"]
    told = subprocess.run(listed, check=True, capture_output=True, text=True).stdout
    assert "wechat-simulator" in told


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["run"], "run COMMAND, or --print-env alone"),
        (["run", "--print-env", "true"], "run COMMAND, or --print-env alone"),
        (["run", "--print-env", "--way", "namespaces"], "nobody else is in"),
        (["serve", "--print-env"], "--print-env stands beside --tls"),
        (["--print-env"], "--print-env stands beside --tls"),
    ],
)
def test_where_it_means_nothing(words: list[str], says: str) -> None:
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 2
    assert says in done.stderr


def test_a_port_that_is_taken_and_a_folder_that_is_none(tmp_path: Path) -> None:
    words = ["run", "--print-env", "--ca-file", str(tmp_path / "ca.pem")]
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        done = CliRunner().invoke(main, [*words, "--proxy-port", port])
        assert done.exit_code == 1
        assert done.stderr.startswith(f"wechat-simulator: port {port} is taken")
    (tmp_path / "ca-trust").write_text("")
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 1
    assert done.stderr.startswith(f"wechat-simulator: {tmp_path / 'ca-trust'}: ")
