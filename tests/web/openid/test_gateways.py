"""Gateways that had WeChat Server before: docs/wechat-server.md.

Their requests, as their sources make them, and the people whom they had before.
"""

import csv
import io
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from textwrap import dedent
from urllib.parse import urlencode, urlsplit

import pytest
from flask import Flask

from tests.support.journey import Browser, Phone, Started
from tests.support.user_agents import WECHAT_IPHONE
from tests.web.openid_site import SHOP, answer_of
from wxlogin.cli.transfer import _report_line
from wxlogin.db import now
from wxlogin.service import running
from wxlogin.simulator.world import ids
from wxlogin.transfer import Format, Import, import_people, read_file
from wxlogin.transfer.grammar import Records
from wxlogin.transfer.inserts import Customers

PAGES = [
    Path(__file__).parents[3] / "docs" / name
    for name in ("wechat-server.md", "wechat-server.zh-CN.md")
]
CALLBACK = "https://api.test/oauth/oidc"
GATEWAY = SHOP.model_copy(
    update={"redirect_uris": (CALLBACK,), "email": "placeholder", "name": "My API"}
)


@pytest.fixture
def app(app_for) -> Flask:
    return app_for(sites=(GATEWAY,))


@pytest.fixture
def wechat_browser(app: Flask) -> Browser:
    """Inside WeChat, on the phone of the person who is known there."""
    browser = Browser(app)
    browser.headers = {"User-Agent": WECHAT_IPHONE}
    return browser


def signs_in(browser: Browser, phone: Phone) -> dict[str, object]:
    """What the gateway's server learns, from the button on: no nonce, no PKCE, its
    secret in the form, and userinfo afterwards."""
    wishes = {
        "client_id": GATEWAY.client_id,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid profile email",
        "state": "HxYt3fJb0aQz",
    }
    reply = browser.get(f"/oauth2/authorize?{urlencode(wishes)}")
    while urlsplit(reply.location).netloc != "api.test":
        place = reply.location
        if "/connect/oauth2/authorize" in place:
            place = phone.opens(Started.at(place))
        reply = browser.goes_to(place)
        assert reply.status_code in (302, 303), reply.text
    told = answer_of(reply)
    assert told["state"] == wishes["state"]
    server = Browser(browser.app)
    server.headers = {}
    form = {
        "client_id": GATEWAY.client_id,
        "client_secret": GATEWAY.client_secret,
        "code": told["code"],
        "grant_type": "authorization_code",
        "redirect_uri": CALLBACK,
    }
    tokens = server._send("POST", "/oauth2/token", data=form).get_json()
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    return server.get("/oauth2/userinfo", headers=bearer).get_json()


def test_the_requests_of_one_api_and_new_api_sign_a_person_in(wechat_browser, xiaoming):
    user = signs_in(wechat_browser, xiaoming)
    assert user["sub"] == wechat_browser.who()["uid"]
    # new-api refuses who has none of these, and takes 50 characters and 20.
    assert 0 < len(user["email"]) <= 50
    assert 0 < len(user["preferred_username"]) <= 20
    assert user["name"] == "小明😀"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_people_of_wechat_server_keep_their_accounts(
    app, wechat_browser, xiaoming, tmp_path, page
):
    """The table goes out and the answers come in by the commands on the page."""
    steps = re.findall(r"```(?:sql|sh)\n(.*?)```", page.read_text("utf-8"), re.S)
    select, carry = steps[0], steps[2]
    with closing(sqlite3.connect(":memory:")) as gateway:
        gateway.execute(
            "CREATE TABLE users (id INTEGER PRIMARY KEY, wechat_id TEXT DEFAULT '', "
            "oidc_id TEXT DEFAULT '')"
        )
        openid = ids.openid("wx0000000000000a02", "xiaoming")
        gateway.execute("INSERT INTO users (wechat_id) VALUES ('')")
        gateway.execute("INSERT INTO users (wechat_id) VALUES (?)", (openid,))
        with app.app_context():
            report = brought_in(table_of(gateway.execute(select)))
        (tmp_path / "report.jsonl").write_text(report, "utf-8")
        gateway.executescript(carried(carry, tmp_path))
        user = signs_in(wechat_browser, xiaoming)
        found = gateway.execute("SELECT id, oidc_id FROM users").fetchall()
    assert found == [(1, ""), (2, user["sub"])]


def table_of(rows: sqlite3.Cursor) -> bytes:
    file = io.StringIO(newline="")
    written = csv.writer(file)
    written.writerow(name for name, *_ in rows.description)
    written.writerows(rows)
    return file.getvalue().encode()


def brought_in(table: bytes) -> str:
    """The report of an import for the gateway."""
    how = Import(Customers(GATEWAY.client_id, None))
    apps = running().settings.apps
    grammar = Records(apps=apps, with_site=True, at=now(), trusted=False)
    people = read_file(io.BytesIO(table), Format.csv, grammar)
    batches = import_people(people, how)
    return "".join(_report_line(one) for batch in batches for one in batch)


def carried(command: str, folder: Path) -> str:
    """The statements that the page's command writes."""
    subprocess.run(
        ["/bin/bash", "-c", dedent(command).replace("python3", sys.executable, 1)],
        cwd=folder,
        check=True,
    )
    return (folder / "carry.sql").read_text("utf-8")
