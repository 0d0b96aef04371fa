"""Single checks of the doctor: what they make of answers."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from threading import Event
from time import perf_counter

import pytest

from tests.support.broken_wechat import Server, says
from wxlogin.config import App, AppKind, load_settings
from wxlogin.config.loading import read_settings
from wxlogin.doctor import console, public_url, upstream, verdicts
from wxlogin.doctor.findings import (
    Asking,
    Finding,
    Job,
    Level,
    asking,
    ok,
    side_by_side,
    wrong,
)
from wxlogin.net.deadline import Deadline
from wxlogin.wechat.client import WeChat
from wxlogin.wechat.endpoints import Hosts

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
QR_PAGE = b'<img class="qrcode" src="/connect/qrcode/071ehi0E3VUpGa1j">'


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def ask() -> Iterator[Asking]:
    with asking() as one:
        yield one


@pytest.fixture
def app() -> App:
    return App(
        name="web", kind=AppKind.website, appid="wx" + 16 * "1", secret="MARKERsecret"
    )


@pytest.fixture
def settings(tmp_path, server, app):
    url = f"http://127.0.0.1:{server.port}"
    return load_settings(
        tmp_path,
        public_url=f"{url}/wx",
        apps=(app,),
        wechat_api_url=url,
        wechat_open_url=f"http://localhost:{server.port}",
        verify_files={"MP_verify_a.txt": "a"},
    )


def error_page(text: str) -> bytes:
    return f'<h4 class="weui_msg_title">{text}</h4>'.encode()


@pytest.mark.parametrize(
    ("off", "level"),
    [
        (0, "ok"),
        (29, "ok"),
        (-29, "ok"),
        (30, "warning"),
        (-119, "warning"),
        (120, "wrong"),
        (-120, "wrong"),
        (86400 * 365, "wrong"),
    ],
)
def test_the_clock(off, level):
    date = format_datetime(NOW - timedelta(seconds=off), usegmt=True)
    assert upstream.clock(date, NOW).level == level


@pytest.mark.parametrize("date", ["", "yesterday", "0", "Sun, 01 Mar 2026"])
def test_a_date_that_is_none_is_no_verdict(date):
    assert upstream.clock(date, NOW).level == "note"


@pytest.mark.parametrize(
    ("errcode", "level", "says_"),
    [
        (40029, "ok", "takes appid and secret"),
        (40163, "ok", "takes appid and secret"),
        (40125, "wrong", "AppSecret"),
        (40013, "wrong", "letter by letter"),
        (40164, "wrong", "IP白名单"),
        (48004, "wrong", "通知中心"),
        (45011, "warning", "no verdict"),
        (-1, "warning", "no verdict"),
        (99999, "warning", "no verdict"),
    ],
)
def test_a_secret_by_what_wechat_answers(server, app, ask, errcode, level, says_):
    server.will(says({"errcode": errcode, "errmsg": "x, rid: 1-2-3"}))
    api = Hosts(api=f"http://127.0.0.1:{server.port}")
    wechat = WeChat(api, budget=3, pool=ask.transport, pause=lambda seconds: None)
    [finding] = verdicts.secret(app, wechat)
    assert finding.level == level
    assert says_ in finding.line()
    assert "MARKER" not in finding.line()
    [query] = server.queries()[:1]
    assert query["code"] == verdicts.MADE_UP_CODE
    # No code of WeChat's has a hyphen: this one can be nobody's.
    assert "-" in query["code"]


@pytest.mark.parametrize(
    ("errcode", "levels"), [(40029, ["ok", "warning"]), (40125, ["wrong"])]
)
def test_a_previous_secret_is_to_go_once_the_new_one_is_taken(
    server, app, ask, errcode, levels
):
    server.will(says({"errcode": errcode, "errmsg": "x, rid: 1-2-3"}))
    api = Hosts(api=f"http://127.0.0.1:{server.port}")
    both = app.model_copy(update={"secret_previous": "MARKERprevious"})
    found = list(verdicts.secret(both, WeChat(api, budget=3, pool=ask.transport)))
    assert [one.level for one in found] == levels
    assert "MARKER" not in "".join(one.line() for one in found)
    assert [query["secret"] for query in server.queries()] == ["MARKERsecret"]
    if "warning" in levels:
        assert "Take secret_previous out of APPS" in found[1].line()


def test_a_page_that_takes_any_code_is_not_wechat(server, app, ask):
    api = Hosts(api=f"http://127.0.0.1:{server.port}")
    [finding] = verdicts.secret(app, WeChat(api, budget=3, pool=ask.transport))
    assert finding.level == "wrong"


@pytest.mark.parametrize(
    ("errcode", "level"), [(40029, "ok"), (40125, "wrong"), (40013, "wrong")]
)
def test_a_mini_programs_secret_goes_to_its_own_call(server, app, ask, errcode, level):
    server.will(says({"errcode": errcode, "errmsg": "x, rid: 1-2-3"}))
    api = Hosts(api=f"http://127.0.0.1:{server.port}")
    mini = app.model_copy(update={"kind": AppKind.mini_program})
    [finding] = verdicts.secret(mini, WeChat(api, budget=3, pool=ask.transport))
    assert finding.level == level
    [target] = server.targets
    assert target.startswith("/sns/jscode2session?")
    assert server.queries()[0]["js_code"] == verdicts.MADE_UP_CODE


@pytest.fixture
def token_check(server, app, ask):
    """What the doctor says of a mini program's access token after this answer."""

    def look(answer: object) -> list[Finding]:
        server.will(says(answer))
        api = Hosts(api=f"http://127.0.0.1:{server.port}")
        wechat = WeChat(api, budget=3, pool=ask.transport, pause=lambda seconds: None)
        mini = app.model_copy(update={"kind": AppKind.mini_program, "name": "mp"})
        found, token = verdicts.access_token(mini, wechat, Deadline(3))
        assert bool(token) == (found != [] and found[0].level == "ok")
        assert server.targets[0] == "/cgi-bin/stable_token"
        assert b"force_refresh" not in server.bodies[0]
        assert "MARKER" not in " ".join(finding.line() for finding in found)
        return found

    return look


@pytest.mark.parametrize(
    "text",
    [
        "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: 1-2-3",
        "invalid ip 203.0.113.7, not in whitelist",
    ],
)
def test_the_address_that_wechat_names(token_check, text):
    [finding] = token_check({"errcode": 40164, "errmsg": text})
    assert finding.level == "wrong"
    assert finding.check == "access token"
    assert "203.0.113.7" in finding.text
    assert "203.0.113.7" in finding.todo
    assert "::ffff" not in finding.line()
    assert finding.console.endswith("IP白名单")


@pytest.mark.parametrize(
    ("answer", "level"),
    [
        ({"access_token": "68_MARKER_token", "expires_in": 7200}, "ok"),
        (
            {"errcode": 40164, "errmsg": "invalid ip <script>, not in whitelist"},
            "wrong",
        ),
        ({"errcode": 40243, "errmsg": "frozen"}, "wrong"),
        ({"errcode": 89503, "errmsg": ""}, "wrong"),
        ({"errcode": -1, "errmsg": "system error"}, "warning"),
        ({"errcode": 45009, "errmsg": ""}, "warning"),
        ({"errcode": 0}, "warning"),
    ],
)
def test_an_access_token_by_what_wechat_answers(token_check, answer, level):
    [finding] = token_check(answer)
    assert finding.level == level
    assert "<script>" not in finding.line()


@pytest.mark.parametrize(
    ("answer", "level"),
    [
        ({"ticket": "gQ==", "url": "http://weixin.qq.com/q/abc"}, "ok"),
        ({"errcode": 48001, "errmsg": "api unauthorized"}, "warning"),
        ({"errcode": 45009, "errmsg": ""}, "warning"),
    ],
)
def test_whether_an_account_has_codes(server, app, ask, answer, level):
    server.will(
        says({"access_token": "68_MARKER_token", "expires_in": 7200}), says(answer)
    )
    api = Hosts(api=f"http://127.0.0.1:{server.port}")
    wechat = WeChat(api, budget=3, pool=ask.transport, pause=lambda seconds: None)
    account = app.model_copy(update={"kind": AppKind.official_account, "name": "oa"})
    [finding] = verdicts.account_codes(account, wechat)
    assert (finding.level, finding.check) == (level, "codes")
    assert "MARKER" not in finding.line()
    assert ("verified_service = false" in finding.todo) is (48001 in answer.values())


@pytest.mark.parametrize(
    ("says_", "level", "todo"),
    [
        ({}, "warning", "aes_key"),
        ({"aes_key": "k" * 43, "token": "t" * 8}, "warning", "plain_code"),
        ({"aes_key": "k" * 43, "token": "t" * 8, "title": "茶铺"}, "note", ""),
    ],
)
def test_what_an_account_without_rights_has(settings, app, says_, level, todo):
    """Everything else says why it cannot."""
    account = app.model_copy(
        update={"kind": AppKind.official_account, "verified_service": False, **says_}
    )
    found = console.apps(settings.model_copy(update={"apps": (account,)}))
    [line] = [one for one in found if "no verified service account" in one.text]
    assert (line.level, "48001" in line.text) == (level, True)
    assert todo in line.todo


@pytest.mark.parametrize("errcode", [40013, 40125])
def test_a_wrong_secret_is_said_once(token_check, errcode):
    assert token_check({"errcode": errcode, "errmsg": "x"}) == []


@pytest.mark.parametrize(
    ("answer", "level"),
    [
        ({"errcode": 40003, "errmsg": "invalid openid"}, "ok"),
        ({"errcode": 48001, "errmsg": "api unauthorized"}, "wrong"),
        ({"errcode": 45009, "errmsg": ""}, "warning"),
        ({"errcode": 40164, "errmsg": "invalid ip 203.0.113.7"}, "warning"),
    ],
)
def test_whether_an_account_may_ask_who_follows(server, app, ask, answer, level):
    server.will(says({"access_token": "68_MARKER", "expires_in": 7200}), says(answer))
    api = Hosts(api=f"http://127.0.0.1:{server.port}")
    wechat = WeChat(api, budget=3, pool=ask.transport, pause=lambda seconds: None)
    [finding] = verdicts.followers(app, wechat)
    assert (finding.level, finding.check) == (level, "must follow")
    assert "MARKER" not in finding.line()


@pytest.mark.parametrize(("name", "told"), [("lone", 1), ("oa", 0), ("", 0)])
def test_an_account_to_follow_is_on_an_open_platform(tmp_path, name, told):
    found = console.apps(load_settings(tmp_path, must_follow=name))
    assert len([one for one in found if "no open platform:" in one.text]) == told


@pytest.mark.parametrize(
    ("kind", "body", "level"),
    [
        ("website", QR_PAGE, "ok"),
        ("website", error_page("Scope 参数错误或没有 Scope 权限"), "wrong"),
        ("website", error_page("redirect_uri 参数错误"), "wrong"),
        ("website", error_page("AppID 参数错误"), "wrong"),
        ("website", error_page("系统维护"), "note"),
        ("website", b"<html>", "note"),
        ("website", "\ufeff".encode() + b"\xff\xfe", "note"),
        ("official_account", QR_PAGE, "wrong"),
        ("mobile", QR_PAGE, "wrong"),
        ("official_account", error_page("Scope 参数错误或没有 Scope 权限"), None),
        ("mini_program", error_page("AppID 参数错误"), None),
    ],
)
def test_the_page_tells_kind_and_domain(server, settings, app, ask, kind, body, level):
    server.will(says(body))
    app = app.model_copy(update={"kind": AppKind(kind)})
    assert [one.level for one in verdicts.page(settings, app, ask)] == (
        [level] if level else []
    )
    [target] = server.targets
    assert target.startswith("/connect/qrconnect?appid=wx1111")
    assert "MARKER" not in target


def test_redirects_are_not_followed(server, settings, app, ask):
    server.will(says(b"", "302 Found", "Location: http://192.0.2.1/\r\n"))
    [finding] = verdicts.page(settings, app, ask)
    assert finding.level == "note"
    assert len(server.targets) == 1


@pytest.mark.parametrize(
    ("body", "level"),
    [
        ({"errcode": 41001, "errmsg": "access_token missing"}, "ok"),
        ({"hello": "world"}, "warning"),
        (b"<html>Log in to this network</html>", "wrong"),
    ],
)
def test_a_host_that_answers_is_wechat_or_not(server, settings, ask, body, level):
    server.will(says(body, extra="Date: Sun, 01 Mar 2026 12:00:00 GMT\r\n"))
    reached = upstream.reach(settings, ask)
    assert reached.found[0].level == level
    assert reached.api is (level != "wrong")
    if reached.api:
        assert upstream.clock(reached.date, NOW).level == "ok"


@pytest.mark.parametrize(
    ("answers", "levels"),
    [
        ([{"status": "ok"}, b"a"], ["ok", "ok"]),
        ([{"status": "ok"}, b"<html>", b"a"], ["ok", "ok"]),
        ([{"status": "ok"}, b"a\n"], ["ok", "wrong"]),
        ([{"status": "ok"}, b"\xef\xbb\xbfa"], ["ok", "wrong"]),
        ([b"<html>another site</html>"], ["warning"]),
        ([[1, 2]], ["warning"]),
    ],
)
def test_verification_files_as_wechat_would_fetch_them(
    server, settings, answers, levels
):
    server.will(*(says(body) for body in answers))
    assert [one.level for one in public_url.ourselves(settings)] == levels
    if len(answers) > 1:
        assert server.targets[:2] == ["/wx/healthz", "/MP_verify_a.txt"]


@pytest.mark.parametrize(
    ("body", "status", "level"),
    [
        (b"\x89PNG", "200 OK", "ok"),
        (b"<!DOCTYPE svg PUBLIC>", "200 OK", "ok"),
        (b"\n<!doctype HTML>", "200 OK", "warning"),
        (b"<html>", "200 OK", "warning"),
        (b"", "200 OK", "warning"),
        (b"no such file", "404 Not Found", "warning"),
        (b"", "302 Found", "warning"),
    ],
)
def test_a_logo_is_a_picture_that_is_there(server, settings, body, status, level):
    server.will(says({"status": "ok"}), says(b"a"), says(body, status))
    with_logo = settings.model_copy(update={"logo": "/pictures/logo.png"})
    *_, finding = public_url.ourselves(with_logo)
    assert (finding.check, finding.level) == ("logo", level)
    assert server.targets[-1] == "/pictures/logo.png"


def test_jobs_keep_their_order_and_a_slow_one_gets_a_line():
    stop = Event()

    def slow():
        yield ok("slow", "half")
        stop.wait(20)

    def broken():
        yield ok("broken", "half")
        raise RuntimeError("secret=MARKER")

    started = perf_counter()
    jobs = [
        Job("slow", slow),
        Job("broken", broken),
        Job("fast", lambda: [wrong("fast", "x")]),
    ]
    found = side_by_side(jobs, seconds=0.3)
    assert perf_counter() - started < 5
    stop.set()
    assert [(one.check, one.level) for one in found] == [
        ("slow", Level.ok),
        ("slow", Level.wrong),
        ("broken", Level.ok),
        ("broken", Level.wrong),
        ("fast", Level.wrong),
    ]
    assert "MARKER" not in "".join(one.line() for one in found)


def test_a_line_says_what_to_do_and_where():
    finding = wrong("secret", "It is wrong.", todo="Copy it.", console="open > app")
    assert finding.line() == "wrong    secret: It is wrong. Copy it. Open open > app."
    assert finding.as_json() == {
        "level": "wrong",
        "check": "secret",
        "text": "It is wrong.",
        "todo": "Copy it.",
        "console": "open > app",
    }


@pytest.mark.parametrize(
    ("url", "level", "says_"),
    [
        ("http://192.168.1.20:5000", "ok", "enter 192.168.1.20:5000 as"),
        ("http://trial.shop.test", "ok", "enter trial.shop.test as"),
        ("http://127.0.0.1:5000", "warning", "phones do not find"),
    ],
)
def test_a_test_account_takes_addresses_with_ports(tmp_path, app, url, level, says_):
    account = app.model_copy(update={"kind": AppKind.official_account})
    settings = read_settings(tmp_path, env="trial", public_url=url, apps=(account,))
    [finding] = public_url.callback_domains(settings)
    assert finding.level == level
    assert says_ in finding.text
