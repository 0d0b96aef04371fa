"""`check`: harmless questions, held against the simulator itself by https."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from wxlogin.simulator import World
from wxlogin.simulator.authority import Authority
from wxlogin.simulator.check import questions
from wxlogin.simulator.command import commands
from wxlogin.simulator.server import SimulatorServer

APPS = {
    "website": "web",
    "official_account": "oa",
    "mini_program": "mp",
    "mobile": "app",
}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.kept(tmp_path_factory.mktemp("authority") / "ca.pem")


@pytest.fixture(scope="module")
def running(authority: Authority) -> Iterator[SimulatorServer]:
    with SimulatorServer(World.demo(), hold_seconds=0, authority=authority) as server:
        yield server


@pytest.fixture
def server(running: SimulatorServer) -> Iterator[SimulatorServer]:
    yield running
    running.world.reset()


def check(server: SimulatorServer, ca_file: Path, kind: str = "website") -> Result:
    app = next(a for a in server.world.registry.apps() if a.name == APPS[kind])
    words = ["check", "--appid", app.appid, "--kind", kind, "--at", server.url]
    words += ["--ca-file", str(ca_file)]
    return run(words, app.secret)


def run(words: list[str], secret: str) -> Result:
    result = CliRunner().invoke(
        commands("wechat-simulator"), words, env={"WECHAT_SECRET": secret}
    )
    assert secret not in result.output
    return result


@pytest.mark.parametrize("kind", APPS)
def test_the_simulator_is_what_it_says_it_is(
    server: SimulatorServer, authority: Authority, kind: str
) -> None:
    result = check(server, authority.file, kind)
    assert "differs" not in result.output
    assert result.exit_code == 0
    asked = len(questions(kind))
    assert result.output.count("same  ") == asked >= 10
    assert f"{asked} questions, 0 answered otherwise" in result.output
    # None of them succeeded, so that nothing was made, spent or ended.
    assert all(call.errcode for call in server.world.journal.calls())


def test_what_differs_is_told(server: SimulatorServer, authority: Authority) -> None:
    rule = {"path": "/sns/oauth2/refresh_token", "errcode": 40030}
    server.world.switch(errcode=rule | {"errmsg": "no secret-of-web here"})
    result = check(server, authority.file)
    assert result.exit_code == 1
    assert (
        "differs  refresh: no refresh_token: GET /sns/oauth2/refresh_token\n"
        "         errcode: 40030, in the simulator 41003\n"
        '         errmsg: "no ••• here", in the simulator "refresh_token missing"\n'
        "         which has it from https://developers.weixin.qq.com/"
    ) in result.output
    assert "2 answered otherwise than in the simulator" in result.output


@pytest.mark.parametrize(
    ("switches", "told"),
    [
        ({"content_type": "application/json"}, "Content-Type: application/json, in"),
        ({"errmsg_tail": "hints"}, "behind it: nothing, in the simulator , rid: …"),
        ({"body": "html"}, "errcode: no JSON object, in the simulator 40013"),
        ({"body": "status:503"}, "status: 503, in the simulator 200"),
        ({"raw_body": {"path": "/sns", "text": '{"access_token":"T"}'}}, "none, in"),
    ],
)
def test_each_part_of_an_answer_is_compared(
    server: SimulatorServer,
    authority: Authority,
    switches: dict[str, object],
    told: str,
) -> None:
    server.world.switch(**switches)
    result = check(server, authority.file)
    assert result.exit_code == 1
    assert told in result.output
    assert "access_token=" not in result.output


def test_nobody_there_is_told_without_the_address(tmp_path: Path) -> None:
    with SimulatorServer(World.demo()) as gone:
        at = gone.url
    result = run(["check", "--appid", "wx1", "--at", at], "s3cret-of-mine")
    assert result.exit_code == 1
    assert f"wechat-simulator: no answer from {at}" in result.output
    assert "appid=" not in result.output


def test_a_secret_that_is_not_given_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with SimulatorServer(World.demo()) as gone:
        at = gone.url
    monkeypatch.delenv("WECHAT_SECRET", raising=False)
    words = ["check", "--appid", "wx1", "--at", at]
    result = CliRunner().invoke(
        commands("wechat-simulator"), words, input="s3cret-of-mine\n"
    )
    assert "Secret: " in result.output and "no answer from" in result.output
    assert "s3cret-of-mine" not in result.output


@pytest.mark.parametrize(
    "at",
    [
        "http://api.weixin.qq.com",
        "https://me@api.weixin.qq.com",
        "https://api.weixin.qq.com/sns",
        "https://api.weixin.qq.com:x",
        "api.weixin.qq.com",
    ],
)
def test_the_secret_goes_only_where_it_may(at: str) -> None:
    result = run(["check", "--appid", "wx1", "--at", at], "s3cret-of-mine")
    assert result.exit_code == 1
    assert "--at: " in result.output
