"""No value that a client sends makes a database, and so us, fail.

Every route of the service, on every database, with something odd in each place that a
client fills: pieces of the path, the query, a form, JSON, a cookie.
"""

import random
import re
import secrets
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.routing import IntegerConverter

from tests.support.people import People
from tests.web.openid_site import SHOP
from wxlogin import create_app
from wxlogin.accounts import people as accounts
from wxlogin.config import load_settings
from wxlogin.db import Base, db, now, reading
from wxlogin.errors import BadRequest

#: Bytes, as a path, a query or a form can hold them.
ODD = {
    "NUL": b"\0",
    "NUL inside": b"a\0b",
    "NUL at the end": b"AAAAAAAAAAAAAAAAAAAAAA\0",
    "NUL, percent": b"%00",
    "half a character": b"\xed\xa0\x80",
    "the other half": b"a\xed\xbf\xbf",
    "no UTF-8": b"\xff\xfe\xfd",
    "long": b"x" * 5000,
    "long, of four bytes each": "😀".encode() * 1200,
    "quote": b"' OR '1'='1' --",
    "backslash": b"\\'; DROP TABLE users; --",
    "wildcards": b"%_%",
    "number": b"9" * 400,
    "64 bits and one": str(2**63).encode(),
    "minus": b"-" + str(2**63 + 1).encode(),
    "other digits": "１２".encode(),
    "control": b"\x01\x1b\x7f\x85",
    "right to left": "\u202e\u0000".encode(),
}
NUMBERS = [2**63 - 1, 2**63, 2**64, 10**30, 10**300]
#: The names of what forms and JSON bodies of ours hold.
NAMES = (
    "after agree answer app client_id client_secret code code_verifier email "
    "external_id grant_type id_token_hint label limit next nonce openid "
    "post_logout_redirect_uri redirect_uri refresh_token registration response_type "
    "return_to scope site state tag terms_version token uid ui_locales unionid version"
).split()


@pytest.fixture
def app(tables_url: str, tmp_path: Path) -> Iterator[Flask]:
    app = create_app(load_settings(tmp_path, database_url=tables_url, sites=(SHOP,)))
    with app.app_context():
        Base.metadata.create_all(db.engine)
        yield app
        db.engine.dispose()


@pytest.fixture
def bearer(app: Flask) -> str:
    """The token of somebody who is signed in."""
    people = People()
    people.at = now() - timedelta(seconds=30)
    secret = secrets.token_urlsafe(32)
    people.signs_in("web", secrets.token_hex(8), secret=secret)
    return f"Bearer {secret}"


def addresses(
    app: Flask, odd: bytes, number: int, turn: int
) -> Iterator[tuple[str, str]]:
    """Method and address of every route, with something odd in its places. Each has
    its turn at every second time, and one without places at every fourth."""
    for position, rule in enumerate(app.url_map.iter_rules()):
        if (position + turn) % (2 if rule.arguments else 4):
            continue
        path = rule.rule
        for name, converter in rule._converters.items():
            is_number = isinstance(converter, IntegerConverter)
            value = str(number) if is_number else quote(odd, safe="")
            path = re.sub(rf"<(\w+:)?{name}>", lambda _, v=value: v, path)
        for method in sorted(rule.methods - {"OPTIONS", "HEAD"}):
            yield method, path


def fields(chance: random.Random, odd: bytes) -> dict[str, bytes]:
    """Every field there is; one in three of them holds something odd."""
    return {name: odd if chance.random() < 0.34 else b"x" for name in NAMES}


def test_no_value_of_a_clients_makes_us_fail(app: Flask, bearer: str) -> None:
    """security row 56, finding L6"""
    for turn, name in enumerate(ODD):
        _asks_everything(app, bearer, name, turn)


def _asks_everything(app: Flask, bearer: str, name: str, turn: int) -> None:
    odd = ODD[name]
    chance = random.Random(name)  # noqa: S311  the same each time
    client = app.test_client()
    client.set_cookie("wxlogin_registration", odd.decode("latin-1")[:100])
    shop = ("shop", SHOP.client_secret)
    for method, path in addresses(app, odd, chance.choice(NUMBERS), turn):
        query, body = urlencode(fields(chance, odd)), fields(chance, odd)
        if path.startswith("/api"):
            texts = {key: value.decode("latin-1") for key, value in body.items()}
            sent: dict[str, object] = {"json": texts}
        else:
            sent = {"data": body}
        if path.startswith("/api/site") or path.startswith("/oauth2"):
            sent["auth"] = shop
        else:
            sent["headers"] = {"Authorization": bearer}
        answer = client.open(f"{path}?{query}", method=method, **sent)
        assert answer.status_code < 500, (name, method, path[:80])


def test_what_nobody_has_is_not_there(app: Flask, bearer: str) -> None:
    """finding L6: 500 on PostgreSQL for NUL"""
    client, headers = app.test_client(), {"Authorization": bearer}
    for number in NUMBERS:
        path = f"/me/sessions/{number}/end"
        assert client.post(path, headers=headers).status_code in (400, 404)
    for text in ("%00", "a%00b", "x" * 3000):
        path = f"/me/sites/{text}/revoke"
        assert client.post(path, headers=headers).status_code in (400, 404)


def test_text_that_no_database_holds_reaches_none(app: Flask) -> None:
    """Whatever the way it came; also among the rows of one statement."""
    statement = sa.text("SELECT :one")
    for text in ("\0", "a\0", "\ud800", "a\udfffb"):
        for parameters in ({"one": text}, [{"one": "good"}, {"one": text}]):
            with reading() as session, pytest.raises(BadRequest):
                session.execute(statement, parameters)
    for number in (2**63, -(2**63) - 1):
        with reading() as session, pytest.raises(BadRequest):
            session.execute(statement, {"one": number})
    # Nothing of it is left behind in a connection.
    assert accounts.find_user("x") is None
