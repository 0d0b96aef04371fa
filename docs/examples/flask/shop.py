"""茶铺, a tea shop. Needs: flask authlib requests. Run: flask --app shop run -p 5002"""

import os
from collections import defaultdict

from authlib.integrations.flask_client import OAuth, OAuthError
from flask import Flask, redirect, render_template, request, session

ISSUER, SHOP_URL = os.environ["ISSUER"], os.environ["SHOP_URL"]
app = Flask(__name__)
app.secret_key = os.environ.get("SECRET_KEY") or os.urandom(32)
app.config.update(SESSION_COOKIE_NAME="teashop", SESSION_COOKIE_SAMESITE="Lax")
account = OAuth(app).register(
    "account",
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"],
    server_metadata_url=f"{ISSUER}/.well-known/openid-configuration",
    client_kwargs={"scope": "openid profile", "code_challenge_method": "S256"},
)
orders = defaultdict(list)  # by the customer's `sub`; a real shop has a database


@app.get("/")
def shop():
    return render_template("shop.html", orders=orders)


@app.get("/login")
def sign_in():
    tabs = sorted((it["exp"], key) for key, it in session.items() if "_state" in key)
    for _, oldest in tabs[:-2]:  # other tabs may wait, too, but a cookie holds little
        del session[oldest]
    return account.authorize_redirect(f"{SHOP_URL}/callback")


@app.get("/callback")
def signed_in():
    token = account.authorize_access_token()  # checks state, signature and nonce
    session["user"] = {key: token["userinfo"].get(key) for key in ("sub", "name")}
    session["id_token"] = token["id_token"]
    return redirect("/")


@app.errorhandler(OAuthError)
def not_signed_in(error):
    return render_template("shop.html", orders=orders, failed=True), 400


@app.post("/order")
def order():
    if "user" in session:
        orders[session["user"]["sub"]].append(request.form["tea"])
    return redirect("/")


@app.post("/logout")
def sign_out():
    hint = session.get("id_token")
    session.clear()
    return account.logout_redirect(f"{SHOP_URL}/", id_token_hint=hint)
