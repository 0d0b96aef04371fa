"""`wxlogin run` and `gunicorn app:app`: for production."""

import json
import logging
import signal
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from click.testing import CliRunner
from gunicorn.http.message import Request
from gunicorn.http.unreader import IterUnreader
from gunicorn.http.wsgi import create

from tests.cli.commands import Commands, Running, free_port, get
from tests.support.journey import EXCHANGE, Phone, Started
from wxlogin.cli import gunicorn, main
from wxlogin.config import Settings
from wxlogin.errors import ConfigurationError
from wxlogin.simulator.server import SimulatorServer

PRODUCTION = {
    "WXLOGIN_PUBLIC_URL": "https://login.shop.test",
    "WXLOGIN_SECRET_KEY": "K7vQ2mX9pL4sW8nR3tY6bZ1cF5gH0jD2",
    "WXLOGIN_ENCRYPTION_KEYS": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "WXLOGIN_APPS": json.dumps(
        [
            {
                "name": "web",
                "kind": "website",
                "appid": "wx00112233445566aa",
                "secret": "0123456789abcdef0123456789abcdef",
            }
        ]
    ),
}


@pytest.fixture
def simulator(wechat_demo):
    return wechat_demo


@pytest.fixture
def url(wxlogin, simulator) -> str:
    """Where `serve` serves, in development against the simulator."""
    port = str(free_port())
    wxlogin.environment |= {
        "PORT": port,
        "WXLOGIN_SIMULATOR": "on",
        "WXLOGIN_SIMULATOR_URL": simulator.url,
    }
    wxlogin.migrate()
    return f"http://127.0.0.1:{port}"


def serves(wxlogin: Commands, *options: str) -> Running:
    running = wxlogin.start("run", *options)
    for _ in range(2):
        running.says("Booting worker")
    return running


def begins(browser: requests.Session, url: str) -> Started:
    answer = browser.get(f"{url}/login/qr", allow_redirects=False, timeout=30)
    parts = parse_qs(urlsplit(answer.headers["Location"]).query)
    [state], [callback] = parts["state"], parts["redirect_uri"]
    return Started(answer.headers["Location"], state, callback)


def test_the_schema_is_made_where_no_folder_is_yet(wxlogin):
    """An installed package in production has no `instance` before this."""
    assert not (wxlogin.folder / "instance").exists()
    done = wxlogin.run("db", "upgrade", **PRODUCTION)
    assert done.stdout == "The database is up to date.\n"
    assert (wxlogin.folder / "instance" / "wxlogin.db").is_file()


def test_a_database_that_cannot_be_opened_is_a_sentence(wxlogin):
    database = f"sqlite:///{wxlogin.folder}"
    done = wxlogin.run("db", "upgrade", **PRODUCTION, WXLOGIN_DATABASE_URL=database)
    assert done.returncode == 1
    assert done.stderr.startswith("wxlogin: the database does not do what it is asked")


def test_two_workers_share_everything(wxlogin, url, simulator):
    running = serves(wxlogin)
    with requests.Session() as browser:
        started = begins(browser, url)
        code = Phone(simulator, "xiaoming").confirms(started)
        answer = browser.get(url + started.with_code(code), timeout=30)
        assert answer.url == f"{url}/me"
        for _ in range(10):
            # A new connection each time, so that either worker answers.
            cookies = browser.cookies.get_dict()
            who = get(f"{url}/api/me", cookies=cookies)
            assert who.json()["nickname"] == "小明😀"
    assert "gunicorn/" not in answer.headers.get("Server", "")
    assert running.ends(signal.SIGTERM) == 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("worker", ["threads", "gevent"])
def test_a_running_request_is_finished(wxlogin, url, simulator, worker, how):
    """F21: a person whose sign-in is under way when the service is stopped, or told to
    load itself anew."""
    wxlogin.environment["WXLOGIN_WORKER"] = worker
    running = serves(wxlogin)
    with requests.Session() as browser:
        started = begins(browser, url)
        code = Phone(simulator, "xiaoming").confirms(started)
        simulator.world.switch(latency_ms=1500)
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(
                browser.get,
                url + started.with_code(code),
                allow_redirects=False,
                timeout=30,
            )
            wait_for_exchange(simulator)
            running.process.send_signal(how)
            assert not answer.done()
            assert answer.result().status_code == 303
    if how == signal.SIGHUP:
        for _ in range(2):
            running.says("Booting worker")
        simulator.world.switch(latency_ms=0)
        assert get(f"{url}/readyz").status_code == 200
        running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(timeout=30) == 0


def wait_for_exchange(simulator: SimulatorServer) -> None:
    """Returns when WeChat has been asked; it answers later."""
    until = time.monotonic() + 30
    while not simulator.world.journal.calls(EXCHANGE):
        assert time.monotonic() < until
        threading.Event().wait(0.02)


def test_each_line_of_the_log_is_json_and_holds_no_code(wxlogin, url):
    """security row 30: also the lines of the server itself."""
    running = serves(wxlogin, "--workers", "2", "--threads", "2")
    host, port = urlsplit(url).hostname, urlsplit(url).port
    for request in (
        b"GET /login/callback/web?code=MARKER&state=MARKER HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /login?code=MARKER HTTP/1.1\r\nHost : x\r\n\r\n",
        b"NONSENSE code=MARKER\r\n\r\n",
    ):
        with socket.create_connection((host, port), timeout=30) as connection:
            connection.sendall(request)
            assert b" 400 " in connection.recv(4096)
    running.process.send_signal(signal.SIGTERM)
    running.says("Shutting down")
    for line in running.lines:
        assert "MARKER" not in line
        assert json.loads(line)["event"]


def test_a_taken_port_is_one_sentence(wxlogin, url):
    port = urlsplit(url).port
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        done = wxlogin.run("run")
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith(f"wxlogin: port {port} ")


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"WXLOGIN_SECRET_KEY": ""}, "SECRET_KEY"),
        ({"WXLOGIN_SECRET_KEY": "changeme" * 5}, "SECRET_KEY"),
        ({"WXLOGIN_ENCRYPTION_KEYS": "MTIz"}, "ENCRYPTION_KEYS"),
        ({"WXLOGIN_APPS": ""}, "APPS"),
        ({"WXLOGIN_APPS": "[{]"}, "APPS"),
        ({"WXLOGIN_SIMULATOR": "on"}, "SIMULATOR"),
        ({"WXLOGIN_ENV": "development"}, "PUBLIC_URL"),
        ({"WXLOGIN_PUBLIC_URL": "http://login.shop.test"}, "PUBLIC_URL"),
        ({"WXLOGIN_PUBLIC_URL": "login.shop.test"}, "PUBLIC_URL"),
        ({"WXLOGIN_OPERATOR_KEY": "letmein"}, "OPERATOR_KEY"),
        ({"WXLOGIN_SECRET_KEY_FILE": "/nowhere"}, "SECRET_KEY_FILE"),
    ],
)
def test_a_mistake_is_a_sentence_that_says_what_to_do(
    wxlogin, monkeypatch, change, name
):
    """security row 37"""
    monkeypatch.setattr(gunicorn, "serve", serves_nobody)
    done = wxlogin.here("run", **{**PRODUCTION, **change})
    assert done.returncode == 1
    assert done.stdout == ""
    # With a trace in its place nothing would stand there: it is not click's.
    assert done.stderr.startswith("wxlogin: ")
    assert name in done.stderr
    for secret in ("changemechangeme", "letmein", "0123456789abcdef"):
        assert secret not in done.stderr


def serves_nobody(*_: object, **__: object) -> NoReturn:
    raise AssertionError("it was not refused")


def test_a_process_that_is_refused_says_nothing_but_the_sentence(wxlogin):
    done = wxlogin.run("run", **PRODUCTION | {"WXLOGIN_SECRET_KEY": "changeme" * 5})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("wxlogin: ")
    assert "SECRET_KEY" in done.stderr
    assert "Traceback" not in done.stderr
    assert "changemechangeme" not in done.stderr


def test_with_right_settings_the_production_check_is_content(wxlogin):
    done = wxlogin.here("settings", "--check", **PRODUCTION)
    assert done.returncode == 0, done.stderr
    assert "production at https://login.shop.test" in done.stdout


def test_gunicorn_finds_the_application(wxlogin, url):
    """`gunicorn app:app`, for who has a gunicorn set up."""
    root = Path(__file__).resolve().parents[2]
    gunicorn = Commands(root, [str(Path(sys.executable).with_name("gunicorn"))])
    gunicorn.environment = wxlogin.environment
    try:
        worker = ("--worker-class", "wxlogin.server.worker.Worker")
        running = gunicorn.start("app:app", *worker, "--bind", urlsplit(url).netloc)
        running.says("Booting worker")
        assert get(f"{url}/readyz").json() == {"status": "ready"}
        assert get(f"{url}/login").status_code == 200
        assert running.ends(signal.SIGTERM) == 0
    finally:
        gunicorn.stop_all()


def test_an_application_that_cannot_start_says_so(wxlogin, url):
    """`gunicorn app:app` with a setting that start-up refuses, which nobody checked.

    One worker: where two fail at once gunicorn itself may end in a traceback.
    """
    root = Path(__file__).resolve().parents[2]
    gunicorn = Commands(root, [str(Path(sys.executable).with_name("gunicorn"))])
    gunicorn.environment = wxlogin.environment | {"PORT": "abc"}
    done = gunicorn.run("app:app", "--workers", "1", "--bind", urlsplit(url).netloc)
    assert done.returncode == 4
    assert 'wxlogin: PORT is "abc"' in done.stderr
    assert "Traceback" not in done.stderr


def test_a_fault_that_only_a_worker_meets_is_a_sentence(monkeypatch, caplog):
    """What was there at start-up and is gone when a worker begins."""

    def fails(settings, **options):
        raise ConfigurationError("the client of Redis is not installed")

    monkeypatch.setattr(gunicorn, "build", fails)
    server = gunicorn._Server(Settings(), {"threads": 16, "worker_class": "gthread"})
    with caplog.at_level(logging.CRITICAL, "gunicorn.error"), pytest.raises(SystemExit):
        server.load()
    [record] = caplog.records
    assert record.getMessage() == "the client of Redis is not installed"
    assert record.exc_info is None


@pytest.mark.parametrize("client", ["", ("127.0.0.1", 1), ("203.0.113.7", 1)])
@pytest.mark.parametrize(
    "header",
    [
        "SCRIPT_NAME: /foo",
        "script_name: /foo",
        "PATH_INFO: /login",
        "SCRIPT-NAME: /foo",
        "X-Forwarded-Proto: https",
        "X-Forwarded-SSL: on",
        "X-Forwarded-Protocol: ssl",
    ],
)
def test_no_client_says_where_we_are(monkeypatch, header, client):
    """finding L12: gunicorn believes whoever comes by a Unix socket (client "")."""
    started = []
    monkeypatch.setattr(gunicorn._Server, "run", lambda self: started.append(self))
    served = {"worker": "threads", "workers": 1, "threads": 2}
    gunicorn.serve(Settings(), bind="unix:/run/wxlogin.sock", **served)
    sent = f"GET /foo/login HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n"
    request = Request(started[0].cfg, IterUnreader([sent.encode()]), client)
    _, environ = create(request, None, client, "/run/wxlogin.sock", started[0].cfg)
    assert environ["SCRIPT_NAME"] == ""
    assert environ["PATH_INFO"] == "/foo/login"
    assert environ["wsgi.url_scheme"] == "http"


@pytest.mark.parametrize("command", ["demo", "run", "simulator"])
@pytest.mark.parametrize("port", ["abc", "-1", "65536", "5000 5001", "五千", "1e3"])
def test_what_is_no_port_is_a_sentence(tmp_path, command, port):
    name = "SIMULATOR_PORT" if command == "simulator" else "PORT"
    given = {name: port, "WXLOGIN_INSTANCE": str(tmp_path)}
    told = CliRunner().invoke(main, [command], env=given)
    assert told.exit_code in (1, 2)
    assert isinstance(told.exception, SystemExit)
    assert "65535" in told.output or "integer" in told.output
