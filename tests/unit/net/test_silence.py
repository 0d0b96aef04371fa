"""No secret, code or token leaves by an exception or a log line."""

import contextlib
import http.client
import logging
import traceback
from dataclasses import asdict

import pytest

from tests.support.broken_wechat import TOKENS, head, says
from wxlogin.errors import WxloginError
from wxlogin.net.deadline import Deadline
from wxlogin.net.transport import LOGGERS, WithoutQuery, cut_queries_from_logs
from wxlogin.wechat.client import WeChat
from wxlogin.wechat.endpoints import Hosts

# Named, so that a traceback's source lines do not show them.
CODE, REFRESH = "MARKERcode", "MARKERrefresh"
PAIR = ("MARKERaccess", "oOpenid")
MARKED = TOKENS | {
    "access_token": "MARKERaccess",
    "refresh_token": "MARKERrefresh",
    "session_key": "MARKERsession",
}

BEHAVIOURS = {
    "good": says(MARKED),
    "mute": lambda wire: wire.hang(),
    "drip": lambda wire: wire.drip(b"HTTP/1.1 200 OK\r\n" * 99),
    "reset": lambda wire: wire.reset(),
    "closed": lambda wire: wire.sock.close(),
    "odd headers": says(MARKED, extra="no colon in this line\r\nX: 1\r\n"),
    "status": says(b"MARKERbody", "500 MARKER"),
    "redirect": says(b"", "302 Found", "Location: /next?MARKERlocation\r\n"),
    "half": lambda wire: wire.send(head(999) + b'{"access_token":"MARKERaccess'),
    "html": says(b"<b>MARKERbody"),
    "no openid": says({"access_token": "MARKERaccess"}),
    "quoted": lambda wire: says({"errcode": 40029, "errmsg": wire.target})(wire),
    "odd errcode": says({"errcode": "MARKERcode", "errmsg": "MARKERsecret"}),
    "not http": lambda wire: wire.send(b"MARKERcode\r\n\r\n"),
}

# They are waited for to the end of the budget.
ENDLESS = {"mute", "drip", "half"}


@pytest.fixture
def said(caplog, capfd, monkeypatch):
    """Everything a process says at its loudest."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    words: list[str] = []

    def collect(*more):
        out, err = capfd.readouterr()
        words.extend([caplog.text, out, err, *map(str, more)])
        words.extend(str(record.__dict__) for record in caplog.records)
        return "\n".join(words)

    return collect


def told(error):
    """All that a logger could write about an exception."""
    chain = traceback.format_exception(error)
    return [repr(error), str(error), error.operator, str(error.facts), *chain]


def calls(wechat, app, *, seconds=20.0):
    deadline = Deadline(seconds)
    return {
        "exchange": lambda: wechat.exchange(app, CODE, deadline=deadline),
        "code2session": lambda: wechat.code2session(app, CODE, deadline=deadline),
        "refresh": lambda: wechat.refresh(app, REFRESH, deadline=deadline),
        "userinfo": lambda: wechat.userinfo(app, PAIR, deadline=deadline),
    }


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
@pytest.mark.parametrize("call", ["exchange", "code2session", "refresh", "userinfo"])
def test_no_marker_in_logs_and_errors(wechat, server, app, said, call, behaviour):
    """security rows 30 and 31, at DEBUG level and for every fault"""
    server.will(BEHAVIOURS[behaviour])
    about: list[str] = []
    seconds = 1.0 if behaviour in ENDLESS else 20.0
    try:
        about.append(repr(calls(wechat, app, seconds=seconds)[call]()))
    except WxloginError as error:
        about += told(error)
        assert error.__cause__ is None
        assert error.__context__ is None
    assert server.targets
    assert "MARKER" not in said(*about)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "https://127.0.0.1:9"])
def test_no_marker_where_nobody_listens(transport, app, said, url):
    """security row 31"""
    wechat = WeChat(Hosts(api=url), pool=transport)
    with pytest.raises(WxloginError) as caught:
        calls(wechat, app)["exchange"]()
    assert caught.value.__context__ is None
    assert "MARKER" not in said(*told(caught.value))


def test_urllib3_is_heard_but_without_the_query(wechat, server, app, said):
    """The lines are there for whoever looks for a fault."""
    wechat.exchange(app, CODE, deadline=wechat.deadline())
    assert "GET /sns/oauth2/access_token?…" in said()


def test_the_filter_is_put_on_once():
    cut_queries_from_logs()
    cut_queries_from_logs()
    for name in LOGGERS:
        filters = logging.getLogger(name).filters
        assert sum(isinstance(one, WithoutQuery) for one in filters) == 1


def test_a_response_forgets_its_query(wechat, server, transport, app, monkeypatch):
    """Whatever a later reader does with it, its URL holds no secret."""
    kept = []
    get = transport.get
    monkeypatch.setattr(
        transport, "get", lambda *given: kept.append(get(*given)) or kept[0]
    )
    with contextlib.suppress(WxloginError):
        wechat.exchange(app, CODE, deadline=wechat.deadline())
    assert kept[0].url.endswith("/sns/oauth2/access_token")
    assert "MARKER" not in str(asdict(kept[0]))
