"""What `wxlogin doctor` asks WeChat in an app's own name, and what it makes of what
pushes and calls have met."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import time_machine
from flask import Flask

from tests.web.pushes import Post
from wxlogin.config import demo_apps
from wxlogin.doctor import own_calls, rid, symptoms
from wxlogin.doctor.findings import asking, side_by_side
from wxlogin.service import hosts_of, service_of
from wxlogin.simulator.server import SimulatorServer
from wxlogin.wechat.client import WeChat
from wxlogin.wechat.maintenance import masked

STABLE, USER_INFO = "/cgi-bin/stable_token", "/cgi-bin/user/info"
CHECK, CREATE = "/cgi-bin/callback/check", "/cgi-bin/qrcode/create"
REFUSED_ADDRESS = "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist"
Say = Callable[..., list[str]]


@pytest.fixture
def says(app: Flask) -> Say:
    """The doctor's lines of one check, and of one app."""

    def look(check: str, name: str = "oa") -> list[str]:
        settings = service_of(app).settings
        with asking() as ask:
            wechat = WeChat(hosts_of(settings), budget=3, pool=ask.transport)
            found = side_by_side(own_calls.jobs(settings, wechat), seconds=8)
        every = " ".join(one.line() for one in found)
        assert "secret-of" not in every
        assert "68_" not in every
        lines = [one.line() for one in found if one.check == check]
        return [one for one in lines if f" {name}: " in one or check == "firewall"]

    return look


def test_what_is_well(says: Say, simulator: SimulatorServer) -> None:
    simulator.world.registry.put_apps({"name": "oa", "push_url": "http://127.0.0.1/oa"})
    (quota,) = says("quota")
    assert quota.startswith("ok ")
    assert f"{USER_INFO} 1 of 5000000" in quota or f"{USER_INFO} 0 of" in quota
    assert f"{CREATE} 0 of 100000" in quota
    assert says("push address") == [
        "ok       push address: oa: WeChat finds it at 127.0.0.1"
    ]
    (rights,) = says("rights")
    assert rights.startswith("ok ")
    pushed, called = says("firewall")
    assert "127.0.0.1, ::1, 101.226.103.0/25" in pushed
    assert "calls go to 127.0.0.1" in called
    assert says("access token", "mp")[0].startswith("ok ")


@pytest.mark.parametrize(
    ("switch", "check", "level", "told"),
    [
        (
            {"errcode": {"path": STABLE, "errcode": 40164, "errmsg": REFUSED_ADDRESS}},
            "access token",
            "wrong",
            "Add 203.0.113.7 to the list",
        ),
        # WeChat has no push address of any app in the simulator's world.
        ({}, "push address", "note", "服务器配置"),
        (
            {"raw_body": {"path": CHECK, "text": '{"dns":[],"ping":[]}'}},
            "push address",
            "wrong",
            "DNS",
        ),
        (
            {
                "raw_body": {
                    "path": CHECK,
                    "text": '{"dns":[{"ip":"203.0.113.9"}],"ping":'
                    '[{"ip":"203.0.113.9","package_loss":"100%"}]}',
                }
            },
            "push address",
            "warning",
            "203.0.113.9",
        ),
        (
            {"raw_body": {"path": CHECK, "text": '{"dns":"<script>","ping":[7,{}]}'}},
            "push address",
            "wrong",
            "DNS",
        ),
        (
            {"errcode": {"path": USER_INFO, "errcode": 48001}},
            "rights",
            "warning",
            "微信认证",
        ),
        (
            {"errcode": {"path": USER_INFO, "errcode": -1}},
            "rights",
            "note",
            "did not say",
        ),
        (
            {"quota": {"path": CREATE, "calls": 0}},
            "quota",
            "wrong",
            "are used up. WeChat counts anew at midnight in China",
        ),
        (
            {"body": {"path": "/cgi-bin/openapi/quota/get", "mode": "html"}},
            "quota",
            "note",
            "did not say",
        ),
    ],
)
def test_what_is_not(
    says: Say,
    simulator: SimulatorServer,
    switch: Any,
    check: str,
    level: str,
    told: str,
) -> None:
    simulator.world.switch(**switch)
    (line, *more) = says(check)
    assert line.split()[0] == level
    assert told in line
    assert all(one.startswith("ok ") for one in more)


def test_a_wechat_that_does_not_say_holds_nobody(
    says: Say, simulator: SimulatorServer
) -> None:
    simulator.world.switch(body={"path": CHECK, "mode": "mute"})
    began = time.monotonic()
    (line,) = says("push address")
    assert time.monotonic() - began < 6
    assert line.split()[0] in ("note", "wrong")


# -- a refusal, by its rid --


@pytest.fixture
def explains(
    simulator: SimulatorServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], str]:
    """`wxlogin doctor --rid …` of a service with the simulator's apps."""
    monkeypatch.setenv("WXLOGIN_SIMULATOR_URL", simulator.url)

    def ask(text: str) -> str:
        return "\n".join(one.line() for one in rid.explain(text, tmp_path))

    return ask


def asks_wechat(simulator: SimulatorServer, path: str, **query: str) -> Any:
    return requests.get(f"{simulator.url}{path}", params=query, timeout=5).json()


def rid_of(told: Any) -> str:
    return str(told["errmsg"].rpartition("rid: ")[2])


def test_a_refusal_is_explained_to_its_app(
    simulator: SimulatorServer, explains: Callable[[str], str]
) -> None:
    """And no secret is shown."""
    world = simulator.world
    token = world.app_tokens.stable(world.registry.app("oa")).value
    openid = "o6_bmjrPTlm6_2sgVt7hMZOPfL2M"
    told = asks_wechat(
        simulator, USER_INFO, access_token=token, openid=openid, lang="zh_CN"
    )
    text = explains(rid_of(told))
    assert "oa: refused at" in text
    assert "asked from 127.0.0.1" in text
    assert "lang=zh_CN" in text
    assert "40003" in text
    assert "the openid does not belong" in text
    for secret in (token, openid, "secret-of"):
        assert secret not in text
    assert "lone" not in text


@pytest.mark.parametrize(
    ("path", "told"),
    [("/sns/jscode2session", "nothing; the log line"), ("", "knows no refusal")],
)
def test_of_what_wechat_tells_nothing(
    simulator: SimulatorServer, explains: Callable[[str], str], path: str, told: str
) -> None:
    text = "658cff8e-7783352d-44cb33e5"
    if path:
        text = rid_of(asks_wechat(simulator, path, appid="wx0000000000000a03"))
    assert told in explains(text)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (
            "access_token=68_x&openid=oABC&lang=en",
            "access_token=…&openid=…&lang=en",
        ),
        (
            '{"grant_type":"client_credential","secret":"abc","force_refresh":false}',
            '{"grant_type":"client_credential","secret":"…","force_refresh":…}',
        ),
        ('{"phone": "13800138000", "code":"x y\\"z"}', '{"phone": "…", "code":"…"}'),
        ('{"openid_list":["' + "o" * 28 + '"]}', '{"openid_list":["…"]}'),
        (
            '{"errcode":40001,"errmsg":"invalid credential ' + "k" * 24 + '=="}',
            '{"errcode":40001,"errmsg":"invalid credential …"}',
        ),
        ("js_code=&secret=a%20b&a=c", "js_code=&secret=…&a=…"),
        ("B" * 40 + "==&lang=en", "…&lang=en"),
        ("https://x/y?ACCESS_TOKEN=" + "a" * 40, "https://x/y?ACCESS_TOKEN=…"),
        ("13800138000 " + "A" * 30, "… …"),
        ("page=" + "p" * 30, "page=…"),
        ("errcode=1\x1b[31m", "errcode=1 [31m"),
    ],
)
def test_what_a_call_had_sent_is_masked(sent: str, shown: str) -> None:
    """security row 30"""
    assert masked(sent) == shown


# -- what the running service has met --


def service(app_for: Callable[..., Flask], **fields: Any) -> Flask:
    """With the account `oa` alone."""
    (oa,) = (app for app in demo_apps() if app.name == "oa")
    return app_for(simulator="on", apps=(oa.model_copy(update=fields),))


def met(app: Flask) -> list[str]:
    for name in ("pushes", "followers", "symptom"):
        if jobs := app.extensions.get(f"wxlogin.jobs.{name}"):
            jobs.drain()
    return [one.line() for one in symptoms.check(service_of(app).settings)]


@pytest.fixture
def account(simulator: SimulatorServer) -> str:
    return simulator.world.registry.app("oa").original_id


def test_no_push_is_a_note(app_for: Callable[..., Flask]) -> None:
    (line,) = met(service(app_for))
    assert line.startswith("note ")


def test_the_account_that_pushes_are_for_is_shown(
    app_for: Callable[..., Flask], simulator: SimulatorServer, account: str
) -> None:
    app = service(app_for)
    with Post(app, simulator) as post:
        post.pushes("subscribe")
    (line,) = met(app)
    assert line.startswith("ok ")
    assert f"Set original_id of oa in APPS to {account}" in line
    app = service(app_for, original_id=account)
    (line,) = met(app)
    assert "Set" not in line


def test_a_wrong_original_id_is_told_until_it_is_mended(
    app_for: Callable[..., Flask], simulator: SimulatorServer, account: str
) -> None:
    app = service(app_for, original_id="gh_000000000000")
    with Post(app, simulator) as post:
        assert post.pushes("subscribe").status_code == 403
    (line,) = met(app)
    assert line.startswith("wrong ")
    assert f"they are for {account}, and original_id is gh_000000000000" in line
    assert f"Set original_id to {account}" in line
    assert all(
        not one.startswith("wrong ")
        for one in met(service(app_for, original_id=account))
    )


def test_only_who_would_hear_something_is_told_that_nothing_came(
    app_for: Callable[..., Flask],
) -> None:
    """Websites and apps are pushed nothing but consents taken back."""
    app = app_for(simulator="on", apps=demo_apps())
    silent = [one for one in met(app) if "none has come" in one]
    assert [line.split()[2] for line in silent] == ["oa:", "mp:", "mp2:", "lone:"]


def test_a_key_that_does_not_fit_is_told_until_it_is_mended(
    app_for: Callable[..., Flask],
    simulator: SimulatorServer,
    clock: time_machine.Traveller,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The log says so as well; who pushed hears nothing."""
    app = service(app_for, aes_key="kHRMV8BNtxvOXvu3aYe2BnhVjw9Hg45d4W4PJeSYpLv")
    with Post(app, simulator) as post:
        answer = post.pushes("subscribe")
    assert (answer.status_code, answer.data) == (403, b"")
    assert "the aes_key may not be the console's" in capsys.readouterr().err
    (line,) = met(app)
    assert line.startswith("wrong ")
    assert "the key does not fit" in line
    assert "EncodingAESKey" in line
    clock.shift(5)
    mended = service(app_for)
    with Post(mended, simulator) as post:
        post.pushes("subscribe", "lihua")
    (line,) = met(mended)
    assert line.startswith("ok ")


def test_a_call_without_the_right_is_told_with_the_right(
    app_for: Callable[..., Flask], simulator: SimulatorServer
) -> None:
    app = service(app_for)
    simulator.world.switch(errcode={"path": USER_INFO, "errcode": 48001})
    with Post(app, simulator) as post:
        post.pushes("subscribe")
        (line,) = [one for one in met(app) if "rights" in one]
    assert line.startswith("warning ")
    assert USER_INFO in line
    assert "微信认证" in line


def test_a_store_that_cannot_be_read_is_its_own_checks_line(
    app_for: Callable[..., Flask], tmp_path: Path
) -> None:
    settings = service_of(service(app_for)).settings
    for url in (f"sqlite:///{tmp_path}/none.db", "postgresql+psycopg://127.0.0.1:1/x"):
        other = settings.model_copy(update={"database_url": url})
        assert list(symptoms.check(other)) == []
    assert not (tmp_path / "none.db").exists()
