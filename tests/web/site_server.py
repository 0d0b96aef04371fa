"""A site's server, as it calls us with its client id and secret."""

import base64
import json
from urllib.parse import quote_plus

from flask import Flask
from werkzeug.test import TestResponse

from wxlogin.accounts import people
from wxlogin.config import Site
from wxlogin.db import now, transaction
from wxlogin.sites import members

SECRET = "sh0p-secret-of-24-characters"
SHOP = Site(
    name="Tea shop",
    origins=("https://shop.test",),
    client_id="shop",
    client_secret=SECRET,
    redirect_uris=("https://login.shop.test/callback", "app.shop:/callback"),
    bind_url="https://shop.test/bind",
)
OTHER = Site(
    name="other",
    client_id="other",
    client_secret="0ther-secret-of-24-characters",
)
PUBLIC = Site(name="static", origins=("https://static.test",), client_id="static")
SITES = (SHOP, OTHER, PUBLIC)


def as_json(body: object) -> dict[str, str]:
    return {"data": json.dumps(body), "content_type": "application/json"}


class Server:
    """The server of one site. Paths are below /api/site."""

    def __init__(self, app: Flask, site: Site = SHOP, secret: str = "") -> None:
        self.app = app
        self.client_id = site.client_id or ""
        pair = (quote_plus(self.client_id), quote_plus(secret or site.client_secret))
        self.headers = {
            "Authorization": "Basic "
            + base64.b64encode(":".join(pair).encode()).decode()
        }

    def get(self, path: str, **query: object) -> TestResponse:
        return self._send("GET", path, query_string=query)

    def put(self, path: str, body: object) -> TestResponse:
        return self._send("PUT", path, **as_json(body))

    def post(self, path: str, body: object) -> TestResponse:
        return self._send("POST", path, **as_json(body))

    def _send(self, method: str, path: str, **more: object) -> TestResponse:
        client = self.app.test_client()
        return client.open(
            f"/api/site{path}",
            method=method,
            headers=self.headers,
            base_url="http://127.0.0.1:5000",
            **more,
        )

    def learns_of(self, uid: str, external_id: str | None = None) -> None:
        """The user has signed in at the site."""
        with self.app.app_context():
            user_id = people.find_user(uid).user_id

            def work(session):
                at, client = now(), self.client_id
                members.join(session, client, user_id, at=at)
                if external_id:
                    members.give_external_id(
                        session, client, user_id, external_id, at=at
                    )

            transaction(work)
