"""The largest requests that sites may send fit into every store of tickets."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.web.openid_site import CALLBACK, SHOP, SiteServer
from wxlogin import create_app
from wxlogin.config import load_settings
from wxlogin.db import Base, db

BYE = "https://shop.test/bye"
SITE = SHOP.model_copy(update={"post_logout_redirect_uris": (BYE,)})
# A site's request: printable, a kilobyte each. At a sign-out the state may be any text,
# and as JSON a control character takes six bytes, which is the most.
LARGEST = "x" * 1024
LARGEST_FAREWELL = "\x01" * 1024
LANGUAGES = " ".join(["x" * 35] * 110)
TOO_LARGE = "😀" * 4096


@pytest.fixture
def shop(tables_url: str, tmp_path: Path) -> Iterator[SiteServer]:
    """A site of the service over this database."""
    app: Flask = create_app(
        load_settings(tmp_path, database_url=tables_url, sites=(SITE,))
    )
    with app.app_context():
        Base.metadata.create_all(db.engine)
    yield SiteServer(app, SITE)
    with app.app_context():
        db.engine.dispose()


def asks(shop: SiteServer, text: str) -> TestResponse:
    form = {
        "response_type": "code",
        "client_id": "shop",
        "redirect_uri": CALLBACK,
        "state": text,
        "nonce": text,
    }
    return shop.post("/oauth2/authorize", data=form)


def leaves(shop: SiteServer, **wishes: str) -> TestResponse:
    form = {"client_id": "shop", "post_logout_redirect_uri": BYE, **wishes}
    return shop.post("/oauth2/logout", data=form)


def waits(answer: TestResponse) -> bool:
    """Is the request kept? Otherwise the site is told, or a page is shown."""
    return answer.status_code == 303 and "/oauth2/authorize/" in answer.location


def test_what_may_be_sent_can_be_kept(shop: SiteServer) -> None:
    assert waits(asks(shop, LARGEST))
    assert leaves(shop, state=LARGEST_FAREWELL, ui_locales=LANGUAGES).status_code == 303


def test_more_is_refused(shop: SiteServer) -> None:
    assert asks(shop, TOO_LARGE).status_code == 413
    assert not waits(asks(shop, TOO_LARGE[:1200]))
    assert not waits(asks(shop, LARGEST + "x"))
    for name in ("state", "ui_locales"):
        assert leaves(shop, **{name: TOO_LARGE[:1200]}).status_code == 400
