"""The two ways of docs/customers.md, beside a shop that has customers already."""

import os

import requests
from flask import Blueprint, redirect, render_template, request
from yours import customer_of_session, customer_with_password  # dicts, or None

API = os.environ["ISSUER"] + "/api/site"
KEY = (os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"])
wechat = Blueprint("wechat", __name__)


def ask(path, **body):
    return requests.post(API + path, json=body, auth=KEY, timeout=10).json()


@wechat.post("/account/wechat")
def connect():
    """The button on the account page."""
    me = customer_of_session()
    back = os.environ["SHOP_URL"] + "/account/wechat"
    link = ask("/links", external_id=me["id"], label=me["email"], return_to=back)
    return redirect(link["url"], 303)


@wechat.get("/account/wechat")
def connected():
    """Back from there. It counts for the customer of this session and nobody else."""
    me, code = customer_of_session(), request.args.get("wxlogin_code")
    if me and code:
        told = ask("/links/confirm", code=code, external_id=me["id"])
        return redirect(told.get("continue_url", "/account"), 303)
    return redirect("/account", 303)


@wechat.post("/bind")
def who_are_you():
    """I already have an account: a form from wxlogin, without cookies of yours."""
    return render_template("password.html", code=request.form["code"])


@wechat.post("/bound")
def this_is_me():
    """Your password form. Its page names the customer to wxlogin, once."""
    me = customer_with_password(request.form["email"], request.form["password"])
    if me is None:
        return render_template("password.html", code=request.form["code"]), 400
    code = request.form["code"]
    told = ask("/bindings", code=code, external_id=me["id"], label=me["email"])
    return redirect(told.get("continue_url", "/login"), 303)
