"""A Flask site with Authlib's client, as Authlib's documentation shows it.

A process of its own: ISSUER, CLIENT_ID, CLIENT_SECRET and PORT say who it is.
"""

import hashlib
import os

from authlib.integrations.flask_client import OAuth
from flask import Flask, jsonify, redirect, session, url_for
from joserfc import jws
from werkzeug.exceptions import Unauthorized
from werkzeug.wrappers import Response

app = Flask(__name__)
app.secret_key = "this shop's own"
oauth = OAuth(app)
wxlogin = oauth.register(
    "wxlogin",
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"],
    server_metadata_url=os.environ["ISSUER"] + "/.well-known/openid-configuration",
    client_kwargs={"scope": "openid profile"},
)


@app.get("/login")
def login() -> Response:
    return wxlogin.authorize_redirect(url_for("callback", _external=True))


@app.get("/callback")
def callback() -> Response:
    token = wxlogin.authorize_access_token()
    _remember(token, token["userinfo"])
    return redirect(url_for("me"))


@app.get("/me")
def me() -> Response:
    if "user" not in session:
        raise Unauthorized
    return jsonify(session["user"])


@app.get("/refresh")
def refresh() -> Response:
    token = wxlogin.fetch_access_token(
        grant_type="refresh_token", refresh_token=session["refresh_token"]
    )
    _remember(token, wxlogin.parse_id_token(token, nonce=None))
    return redirect(url_for("me"))


@app.get("/logout")
def logout() -> Response:
    hint = session.pop("id_token")
    session.clear()
    return wxlogin.logout_redirect(url_for("bye", _external=True), hint)


@app.get("/bye")
def bye() -> str:
    wxlogin.validate_logout_response()
    return "bye"


def _remember(token: dict, user: dict) -> None:
    session["refresh_token"] = token["refresh_token"]
    session["id_token"] = token["id_token"]
    known = wxlogin.userinfo(token=token)
    session["user"] = {
        "sub": user["sub"],
        "name": known["name"],
        "kid": jws.extract_compact(token["id_token"].encode()).headers()["kid"],
        "mark": hashlib.sha256(token["access_token"].encode()).hexdigest(),
    }


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(os.environ["PORT"]), threaded=True)
