"""The log: JSON, a line for each event, a request id, and no secret."""

import io
import json
import logging
import re

import pytest

from tests.support.journey import Browser
from wxlogin.observability import MASK, get_logger, redact, request_id

SECRET = "S3CRET-MARKER"


@pytest.fixture
def written(app):
    """What is written to the log from now on."""
    [handler] = [
        handler
        for handler in logging.getLogger("wxlogin").handlers
        if isinstance(handler, logging.StreamHandler)
    ]
    stream = io.StringIO()
    before = handler.setStream(stream)
    yield stream
    handler.setStream(before)


def lines(written: io.StringIO) -> list[dict]:
    """The log's lines; each is one JSON object."""
    return [json.loads(line) for line in written.getvalue().split("\n")[:-1]]


@pytest.mark.parametrize(
    "text",
    [
        f"secret={SECRET}",
        f"appsecret={SECRET}&grant_type=x",
        f"app_secret: {SECRET}",
        f"client_secret={SECRET}",
        f"https://api.test/sns/oauth2/access_token?appid=wx1&secret={SECRET}&code=1",
        f"/login/callback/web?code={SECRET}&state=1",
        f"next=%2Flogin%3Fcode%3D{SECRET}%26state%3D{SECRET}",
        f"a%3Fcode={SECRET}",
        f"js_code={SECRET}",
        f"state = {SECRET}",
        f'{{"access_token": "{SECRET}", "openid": "o"}}',
        f'{{"access_token":"{SECRET}"}}',
        f"{{'refresh_token': '{SECRET}'}}",
        f"session_key='{SECRET}'",
        f"sessionkey={SECRET}",
        f"WXLOGIN_SECRET_KEY={SECRET}",
        f"encryption_keys={SECRET}",
        f"aes_key={SECRET}",
        f"operator_key={SECRET}",
        f"password={SECRET}",
        f"Authorization: Bearer {SECRET}",
        f"Authorization: Basic {SECRET}==",
        f"'authorization': 'Bearer {SECRET}'",
        f"with Bearer {SECRET} in it",
        f"Cookie: a=b; wxlogin_session={SECRET}",
        f"Set-Cookie: wxlogin_session={SECRET}; Path=/",
        f"SECRET={SECRET}",
        f"secret={SECRET}\r\nsecret={SECRET}",
    ],
)
def test_the_net_for_texts(text):
    """security rows 30 and 31"""
    caught = redact(text)
    assert SECRET not in caught
    assert MASK in caught


@pytest.mark.parametrize(
    "text",
    [
        "errcode=40029 invalid code, rid: 6a1b-2c3d",
        "status_code=503",
        "the state is older than ten minutes",
        "postcode 100000",
        "wx0000000000000a01 小明😀",
    ],
)
def test_the_net_lets_through_what_an_operator_needs(text):
    assert redact(text) == text


@pytest.mark.parametrize(
    "values",
    [
        {"secret": SECRET},
        {"code": SECRET},
        {"access_token": SECRET},
        {"web_access_token": SECRET},
        {"session_key": SECRET},
        {"secret_key": SECRET},
        {"cookie": SECRET},
        {"answer": {"access_token": SECRET, "deep": [{"code": SECRET}]}},
        {"answer": [{"secret": SECRET}]},
        {"tokens": (f"token={SECRET}",)},
        {"error": ValueError(f"GET /x?secret={SECRET} failed")},
        {"url": f"https://api.test/?secret={SECRET}"},
        {"raw": f"secret={SECRET}".encode()},
    ],
)
def test_the_net_for_values(written, values):
    """security row 30"""
    get_logger().info("something", **values)
    assert SECRET not in written.getvalue()
    assert MASK in written.getvalue()
    [line] = lines(written)
    assert line["event"] == "something"


def test_a_trace_is_caught_by_the_net(written):
    """security row 31: also of libraries that put the URL into their messages."""
    log = logging.getLogger("wxlogin.anything")
    try:
        raise OSError(f"HTTPSConnectionPool: /sns/oauth2?secret={SECRET}&code={SECRET}")
    except OSError:
        log.exception("asking %s failed", f"/x?code={SECRET}")
        get_logger().exception("asking failed")
    assert SECRET not in written.getvalue()
    plain, ours = lines(written)
    assert plain["level"] == ours["level"] == "error"
    assert "OSError" in plain["exception"]


@pytest.mark.parametrize(
    "text",
    [
        'a\r\n{"event": "signed in", "uid": "forged"}',
        "a\nb",
        "a\x1b[2Jb",
        "a\u2028b\u2029c",
        "a\u202egnol\u2066b",
        "a\x00b",
        "a\x85b",
        "half \ud83d",
        '"quoted" \\',
    ],
)
def test_a_text_stays_on_its_line(written, text):
    """security row 95"""
    get_logger().warning(text, nickname=text, deep={"also": [text]})
    logging.getLogger("wxlogin").warning("%s", text)
    # Whatever a reader counts as a line end: each event is one line.
    assert len(written.getvalue().splitlines()) == 2
    assert written.getvalue().encode()
    for line in lines(written):
        assert line["level"] == "warning"
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202e\ud800-\udfff]", line["event"])


def test_a_name_stays_readable(written):
    get_logger().info("hello", nickname="小明😀")
    assert "小明😀" in written.getvalue()


def test_a_request_is_one_line_without_its_address(written, browser):
    """security rows 30 and 97: the route, never the URL."""
    browser.get(f"/login/callback/web?code={SECRET}&state={SECRET}")
    browser.get(f"/{SECRET}", headers={"User-Agent": SECRET, "Referer": SECRET})
    assert SECRET not in written.getvalue()
    requests = [line for line in lines(written) if line["event"] == "request"]
    assert [line["route"] for line in requests] == ["/login/callback/<name>", None]
    for line in requests:
        assert (line["method"], line["address"]) == ("GET", "127.0.0.1")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", line["timestamp"])


def test_health_checks_and_files_fill_no_log(written, browser):
    for path in ("/healthz", "/readyz", "/static/wxlogin.css"):
        browser.get(path, buffered=True).close()
    assert written.getvalue() == ""


def test_one_number_on_the_page_in_the_header_and_in_the_log(written, browser):
    """security row 33"""
    answer = browser.get("/login/callback/web?state=x")
    number = answer.headers["X-Request-Id"]
    assert f"<code>{number}</code>" in answer.text
    found = lines(written)
    assert {line["request_id"] for line in found} == {number}
    refused = next(line for line in found if line["event"] == "refused")
    assert refused["problem"] == "state_invalid"
    assert refused["why"]


def test_numbers_differ_and_are_not_taken_from_the_request(browser):
    headers = {"X-Request-Id": "0123456789abcdef"}
    numbers = {
        browser.get("/login", headers=headers).headers["X-Request-Id"]
        for _ in range(20)
    }
    assert len(numbers) == 20
    assert "0123456789abcdef" not in numbers


def test_a_proxy_that_is_believed_says_the_number(app_for):
    browser = Browser(app_for(trusted_proxies=1))
    for given in ("8f2c4b1e9d7a6f30c5b4e3d2a1908f7e", f"{'a' * 8}-1.2_3", "Z" * 64):
        answer = browser.get("/login", headers={"X-Request-Id": given})
        assert answer.headers["X-Request-Id"] == given
    for odd in ("", "short", "a" * 65, "with blank 12", "<b>12345678</b>", "-12345678"):
        answer = browser.get("/login", headers={"X-Request-Id": odd})
        assert re.fullmatch("[0-9a-f]{16}", answer.headers["X-Request-Id"])


def test_what_wechat_was_asked_has_the_number(app_for, capfd, xiaoming):
    browser = Browser(app_for(log_level="debug"))
    started = browser.starts()
    answer = browser.returns(started, xiaoming.confirms(started))
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    asked = [line for line in lines if line["event"].startswith("WeChat was asked")]
    assert [line["event"].split(",")[0] for line in asked] == [
        "WeChat was asked: exchange for web",
        "WeChat was asked: userinfo for web",
    ]
    number = answer.headers["X-Request-Id"]
    assert {line["request_id"] for line in asked} == {number}


def test_what_may_be_an_attack_is_marked_once(written, browser, other_browser):
    """security row 107"""
    started = browser.starts()
    other_browser.returns(started, "a-code")
    browser.get(f"/login/callback/web?code={SECRET}&state={SECRET}")
    browser.get("/api/users/u1", headers={"Authorization": f"Bearer {SECRET}"})
    browser.get("/not/there")
    browser.returns(started, None)
    marked = [line for line in lines(written) if line.get("security")]
    assert [line["problem"] for line in marked] == [
        *("other_browser", "state_invalid", "key_needed")
    ]
    assert SECRET not in written.getvalue()


def test_outside_of_a_request_there_is_no_number(written):
    assert request_id() == ""
    get_logger().info("started")
    assert "request_id" not in lines(written)[0]


def test_a_fault_of_ours_is_found_by_its_number(app, written, browser):
    """security row 33: the log names type and place, the page neither."""

    def view() -> None:
        raise KeyError(f"code={SECRET}")

    app.add_url_rule("/breaks", "breaks", view)
    answer = browser.get("/breaks")
    assert answer.status_code == 500
    assert SECRET not in answer.text + written.getvalue()
    assert "KeyError" not in answer.text
    fault = next(line for line in lines(written) if line["event"] == "unforeseen")
    assert fault["fault"] == "KeyError"
    assert "view" in fault["place"]
    assert fault["request_id"] == answer.headers["X-Request-Id"]


def test_security_events_say_who_what_and_how(written, browser, xiaoming):
    """security row 107"""
    started = browser.starts()
    browser.returns(started, xiaoming.confirms(started))
    uid = browser.who()["uid"]
    browser.post("/logout")
    events = {line["event"]: line for line in lines(written)}
    assert events["signed in"]["uid"] == events["signed out"]["uid"] == uid
    assert events["signed in"]["outcome"] == "created"
    assert events["signed in"]["door"] == "qr"


def test_the_level_is_a_setting(app_for, capfd):
    app = app_for(log_level="warning")
    Browser(app).get("/login")
    Browser(app).get("/login/callback/web")
    events = [json.loads(line)["event"] for line in capfd.readouterr().err.splitlines()]
    assert events == ["refused"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def read_by(app_for, monkeypatch):
    """`read_by(stream, log_format=…)`: what some events are on it."""

    def _read(stream: io.StringIO, **settings: str) -> list[str]:
        monkeypatch.setattr("sys.stderr", stream)
        app_for(**settings)
        get_logger().info("signed in", uid="u1", door="", app=None)
        try:
            raise ValueError(f"two\n12:00:00 info: lines, code={SECRET}")
        except ValueError:
            get_logger().exception("not ready", why=f"it\nis state={SECRET}")
        return stream.getvalue().splitlines()

    return _read


def test_a_terminal_is_read_by_a_person(read_by, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    first, second, *trace = read_by(Terminal())
    assert re.fullmatch(r"\d\d:\d\d:\d\d info: signed in uid=u1", first)
    assert second.startswith("\x1b[31m")
    assert second.endswith(f'error:\x1b[0m not ready why="it\\nis state={MASK}"')
    assert trace[0] == "    Traceback (most recent call last):"
    assert all(line.startswith("    ") for line in trace)
    assert trace[-1] == f"    12:00:00 info: lines, code={MASK}"


@pytest.mark.parametrize(
    ("stream", "form"), [(Terminal, "json"), (io.StringIO, "auto")]
)
def test_a_program_reads_json(read_by, stream, form):
    lines = [json.loads(line) for line in read_by(stream(), log_format=form)]
    assert [line["event"] for line in lines] == ["signed in", "not ready"]


def test_a_name_is_one_fact_of_a_line(app_for, monkeypatch):
    """security row 95"""
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    app_for(log_format="text")
    for name in (
        "a b",
        'a"b c',
        "a'b c",
        '\'" uid="u1',
        "\"' uid='u1",
        '"\\\' uid="u1',
    ):
        get_logger().info("signed in", nickname=name)
    facts = re.compile(r"""nickname=(?:"[^"]*"|'[^']*'|[^\s"'=]+)""")
    for line in stream.getvalue().splitlines():
        assert facts.fullmatch(line.partition("signed in ")[2]), line


@pytest.mark.parametrize("stream", [Terminal, io.StringIO])
def test_colours_are_for_a_terminal_that_wants_them(read_by, stream, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in "".join(read_by(stream(), log_format="text"))
