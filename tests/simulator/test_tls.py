"""https on the simulator's own server: WeChat's names, its authority, its faults."""

import contextlib
import json
import os
import socket
import ssl
import stat
import time
from collections.abc import Iterator
from http.client import HTTPSConnection, IncompleteRead
from pathlib import Path

import pytest
from cryptography import x509

from wxlogin.simulator import SimulatorError, World, connections, hosts
from wxlogin.simulator.authority import Authority, key_file
from wxlogin.simulator.server import SimulatorServer

PATH = "/sns/auth?access_token=x&openid=y"
API = "api.weixin.qq.com"
IMPATIENT = 0.3


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.kept(tmp_path_factory.mktemp("authority") / "mine" / "ca.pem")


@pytest.fixture(scope="module")
def running(authority: Authority) -> Iterator[SimulatorServer]:
    server = SimulatorServer(World.demo(), hold_seconds=0.2, authority=authority)
    with server:
        yield server


@pytest.fixture
def world(running: SimulatorServer) -> Iterator[World]:
    yield running.world
    running.world.reset()


class Named(HTTPSConnection):
    """A client that was told where a name is, as a hosts file tells."""

    def __init__(self, server: SimulatorServer, authority: Authority, name: str = API):
        trust = ssl.create_default_context(cafile=authority.file)
        # As strict as Python 3.13 is.
        trust.verify_flags |= ssl.VERIFY_X509_STRICT
        super().__init__(name, server.port, timeout=20, context=trust)
        self._trust = trust

    def connect(self) -> None:
        plain = socket.create_connection(("127.0.0.1", self.port), self.timeout)
        self.sock = self._trust.wrap_socket(plain, server_hostname=self.host)


@pytest.fixture
def connection(running: SimulatorServer, authority: Authority) -> Iterator[Named]:
    with contextlib.closing(Named(running, authority)) as one:
        yield one


def ask(connection: HTTPSConnection, path: str = PATH) -> tuple[int, bytes]:
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read()


@pytest.mark.parametrize("name", [*hosts.NAMES, "localhost", "127.0.0.1"])
def test_every_name_is_certified(
    running: SimulatorServer, authority: Authority, name: str
) -> None:
    with contextlib.closing(Named(running, authority, name)) as one:
        assert ask(one, "/none")[0] in (200, 404)


def test_who_does_not_trust_it_is_told_of(
    running: SimulatorServer, capfd: pytest.CaptureFixture[str]
) -> None:
    one = HTTPSConnection("localhost", running.port, timeout=20)
    with contextlib.closing(one), pytest.raises(ssl.SSLCertVerificationError):
        ask(one)
    until = time.monotonic() + 20
    said = ""
    while not said.endswith("\n") and time.monotonic() < until:
        said += capfd.readouterr().err
    assert said == "a client does not trust the simulator's certificate authority\n"


def test_a_client_that_says_nothing_holds_up_nobody(
    running: SimulatorServer, connection: Named
) -> None:
    with socket.create_connection(("127.0.0.1", running.port)):
        assert ask(connection)[0] == 200


def test_written_addresses_have_the_port(
    running: SimulatorServer, authority: Authority
) -> None:
    with contextlib.closing(Named(running, authority, hosts.SCRIPTS)) as one:
        _, script = ask(one, "/connect/zh_CN/htmledition/js/wxLogin.js")
    address = f"https://open.weixin.qq.com:{running.port}/connect/qrconnect"
    assert address.encode() in script


@pytest.mark.parametrize("mode", ["drip", "drip_headers", "mute"])
def test_slow_answers_outlive_a_read_timeout(
    connection: Named, world: World, mode: str
) -> None:
    world.switch(body=mode)
    connection.timeout = IMPATIENT
    with pytest.raises(TimeoutError):
        ask(connection)


def test_a_cut_answer(connection: Named, world: World) -> None:
    world.switch(body="cut")
    with pytest.raises(IncompleteRead):
        ask(connection)


def test_an_endless_answer(connection: Named, world: World) -> None:
    world.switch(body="endless")
    connection.request("GET", PATH)
    assert len(connection.getresponse().read(500_000)) == 500_000


def test_a_reset(connection: Named, world: World) -> None:
    world.switch(body="reset")
    connection.request("GET", PATH)
    # Below TLS: Python's own tells an end and a reset apart no more.
    with pytest.raises(ConnectionResetError):
        while socket.socket.recv(connection.sock, 65536):
            pass


@pytest.mark.parametrize("mode", ["html", "status:503"])
def test_an_answer_of_another_kind(connection: Named, world: World, mode: str) -> None:
    world.switch(body=mode)
    status, body = ask(connection)
    assert status == (503 if mode.startswith("status") else 200)
    assert body.startswith(b"<!DOCTYPE html>")


def test_faults_hold_up_nobody(
    running: SimulatorServer, authority: Authority, connection: Named, world: World
) -> None:
    world.switch(body="mute")
    connection.timeout = IMPATIENT
    with pytest.raises(TimeoutError):
        ask(connection)
    world.switch(body=None)
    with contextlib.closing(Named(running, authority)) as other:
        assert json.loads(ask(other)[1])["errcode"]


def test_what_does_not_come_in_time_is_answered_408(
    connection: Named, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_REQUEST_SECONDS", IMPATIENT)
    connection.connect()
    connection.sock.sendall(b"GET /sns/auth HTTP/1.1\r\nHost: ")
    assert connection.sock.recv(100).startswith(b"HTTP/1.1 408 ")


def test_the_authority_is_kept(authority: Authority) -> None:
    again = Authority.kept(authority.file)
    assert again.certificate == authority.certificate
    assert stat.S_IMODE(os.stat(key_file(authority.file)).st_mode) == 0o600


def test_it_vouches_for_what_it_was_made_for_only(tmp_path: Path) -> None:
    mine = Authority.kept(tmp_path / "ca.pem", ["shop.internal", "192.0.2.7"])
    mine.context(["shop.internal", "[192.0.2.7]", "a.shop.test"])
    for name in ("bank.com", "qq.com", "192.0.2.8", "notqlogo.cn"):
        with pytest.raises(SimulatorError, match=f"not made for {name}"):
            mine.context([name])
    limits = mine.certificate.extensions.get_extension_for_class(x509.NameConstraints)
    assert limits.critical


def test_a_file_that_is_none_is_a_sentence(
    tmp_path: Path, authority: Authority
) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(authority.file.read_bytes())
    with pytest.raises(SimulatorError, match=r"ca-key\.pem"):
        Authority.kept(file)
    other = Authority.kept(tmp_path / "other.pem")
    key_file(file).write_bytes(key_file(other.file).read_bytes())
    with pytest.raises(SimulatorError, match="do not belong together"):
        Authority.kept(file)


def test_an_authority_that_vouches_for_everything_is_none_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "ca.pem"
    with monkeypatch.context() as patched:
        patched.setattr(x509, "NameConstraints", lambda *_: x509.OCSPNoCheck())
        Authority.kept(file)
    with pytest.raises(SimulatorError, match="for every name there is"):
        Authority.kept(file)


def test_a_key_that_everybody_may_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    Authority.kept(file)
    key_file(file).chmod(0o644)
    with pytest.raises(SimulatorError, match="chmod 600"):
        Authority.kept(file)
