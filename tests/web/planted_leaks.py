"""Leaks that the canary run must find. Not collected: `test_canary.py` runs it.

Each test plants one leak and would pass without the canary run.
"""

import logging
import os
import sqlite3
import sys

from flask import session
from sqlalchemy import make_url

from tests.canary import CANARIES
from tests.support.journey import Browser
from tests.web.mini_program import MiniProgram
from wxlogin.errors import WeChatUnavailable
from wxlogin.observability import get_logger
from wxlogin.service import service_of


def test_secret_in_a_page(app, browser):
    app.add_url_rule("/leak", view_func=lambda: f"<p>{app.secret_key}</p>")
    browser.get("/leak")


def test_secret_in_a_stream(app, browser):
    app.add_url_rule("/leak", view_func=lambda: iter(["data: ", "secret-of-web"]))
    assert browser.get("/leak").text


def test_state_in_a_url_of_ours(app, browser):
    @app.get("/leak")
    def leak() -> tuple[str, int, dict[str, str]]:
        return "", 302, {"Location": f"/somewhere?state={secret('state')}"}

    browser.starts()
    browser.get("/leak")


def test_token_in_the_log(app, signed_in):
    get_logger().debug("grant", grant={"access": token()})


def test_token_in_a_libraries_log(app, signed_in):
    logging.getLogger("some.library").debug("GET %s", f"/x?t={token()[:40]}")


def test_code_in_a_traceback(app, browser, xiaoming):
    code = xiaoming.confirms(browser.starts())
    try:
        raise ValueError(code)
    except ValueError:
        logging.getLogger("some.library").exception("oops")


def test_code_in_an_error(app, browser, xiaoming):
    code = xiaoming.confirms(browser.starts())
    WeChatUnavailable("an answer", url=f"/sns/oauth2/access_token?code={code}")


def test_session_secret_on_stdout(signed_in):
    print(secret("session secret"))


def test_state_on_stderr(signed_in):
    os.write(sys.stderr.fileno(), secret("state").encode())


def test_token_in_the_database(app, signed_in):
    path = make_url(service_of(app).settings.database_url).database
    with sqlite3.connect(path) as database:
        database.execute("UPDATE users SET nickname = ?", [token()])
    database.close()


def test_session_key_in_a_cookie(app, simulator):
    """Not sealed, only signed, as Flask does with what is kept in its session."""

    @app.get("/leak")
    def leak() -> str:
        session["session_key"] = secret("session key") + "x" * 200
        return ""

    MiniProgram(app, simulator).logs_in()
    app.test_client().get("/leak")


def test_bytes_of_a_session_key_in_the_database(app, simulator):
    MiniProgram(app, simulator).logs_in()
    needles = [key for key, kind in CANARIES._kinds.items() if kind == "session key"]
    path = make_url(service_of(app).settings.database_url).database
    with sqlite3.connect(path) as database:
        raw = needles[1].encode("latin-1")
        database.execute("UPDATE session_keys SET session_key = ?", [raw])
    database.close()


def test_no_leak_at_all(app, browser: Browser, signed_in: Browser):
    assert signed_in.get("/me").status_code == 200
    assert signed_in.get("/login").status_code == 200


def token() -> str:
    return secret("token")


def secret(kind: str) -> str:
    """What is searched for of a secret of this kind."""
    needles = CANARIES._kinds.items()
    return next(needle for needle, its_kind in needles if its_kind == kind)
