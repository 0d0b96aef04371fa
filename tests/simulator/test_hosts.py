"""Which names the simulator answers to (finding L2: DNS rebinding)."""

import pytest
from flask.testing import FlaskClient

from wxlogin.simulator import World, create_simulator

OWN = ("localhost", "localhost:5001", "LOCALHOST:5001", "127.0.0.1", "[::1]:5001")
FOREIGN = (
    "evil.test",
    "evil.test:5001",
    "localhost.evil.test",
    "localhost.",
    "evil.test#localhost",
    "localhost@evil.test",
    "evil.test@localhost",
    "localhost:5001@evil.test",
    "127.0.0.1.nip.io",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0.0.0.0",  # noqa: S104 - named, not bound
    "[::]",
    "[::ffff:127.0.0.1]",
    "192.168.1.5:5001",
    "localhost, evil.test",
    "localhost/",
    "[::1",
    "::1",
    "ｌocalhost",
    "loc%61lhost",
    "localhost:port",
    "",
    " ",
)


def ask(client: FlaskClient, host: str, path: str = "/_sim/apps") -> int:
    environ = {"HTTP_HOST": host.encode().decode("latin-1")}
    return client.get(path, environ_overrides=environ).status_code


def test_it_answers_to_loopbacks_names(client: FlaskClient) -> None:
    assert [ask(client, host) for host in OWN] == [200] * len(OWN)


@pytest.mark.parametrize("host", FOREIGN)
@pytest.mark.parametrize("path", ["/_sim/apps", "/", "/phone", "/static/base.css"])
def test_it_answers_to_no_other(client: FlaskClient, host: str, path: str) -> None:
    assert ask(client, host, path) == 400


def test_a_rebound_page_changes_nothing(client: FlaskClient, world: World) -> None:
    headers = {"Host": "evil.test:5001", "Origin": "http://evil.test:5001"}
    answer = client.put("/_sim/switches", json={"snapshot": True}, headers=headers)
    assert answer.status_code == 400
    assert "--name" in answer.get_json()["error"]
    assert not world.switches.get("snapshot")


def test_a_person_reads_why(client: FlaskClient) -> None:
    page = client.get("/", headers={"Host": "box.test"}).text
    assert "--name" in page
    assert "localhost 打开" in page


@pytest.mark.parametrize(
    ("names", "host"),
    [
        (["wxsim"], "wxsim:5001"),
        (["[fd00::5]"], "[fd00::5]:5001"),
        (["192.168.1.5"], "192.168.1.5:5001"),
        (["0.0.0.0"], "192.168.1.5:5001"),  # noqa: S104
        (["::"], "[fd00::5]:5001"),
    ],
)
def test_it_answers_to_what_it_was_told(names: list[str], host: str) -> None:
    client = create_simulator(names=names).test_client()
    assert ask(client, host) == 200
    assert ask(client, "evil.test") == 400
    # Not every name that looks like an address is one.
    assert ask(client, "127.1") == 400


def test_it_answers_to_its_public_origin() -> None:
    client = create_simulator(public_origin="https://wx.test/").test_client()
    assert ask(client, "wx.test") == 200
    assert ask(client, "evil.wx.test") == 400
