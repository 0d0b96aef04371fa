"""A shop with three customers of its own, their passwords, and an account page.

It signs people in by password, as it always did, and with WeChat through OpenID
Connect. It knows customers by its own numbers and never by a name.
"""

import base64
import json
import secrets
import threading
from types import TracebackType
from typing import Any, Self
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from authlib.integrations.flask_client import OAuth
from flask import Flask, redirect, render_template_string, request, session, url_for
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from wxlogin.cli.serving import QuietHandler

SECRET = "the-secret-of-the-customers-shop"
PAGE = """
<!doctype html><html lang="en"><meta charset="utf-8"><title>{{ title }}</title>
<h1>{{ title }}</h1><p role="status">{{ said }}</p>
{% if form %}<form method="post" action="{{ form }}">
{% for name, kind, value in fields %}
<label>{{ name }}<input name="{{ name }}" type="{{ kind }}" value="{{ value }}"></label>
{% endfor %}<button>{{ button }}</button></form>{% endif %}
<a href="{{ url_for('with_wechat') }}">With WeChat</a></html>
"""


class Customers:
    """The shop on a port of its own; `people` is its table of customers."""

    def __init__(self) -> None:
        self.people: dict[str, dict[str, str]] = {
            "c-1": {"name": "ann", "password": "ann's password"},
            "c-2": {"name": "ben", "password": "ben's password"},
            "c-3": {"name": "cleo", "password": "cleo's password"},
        }
        self.issuer = ""
        self._server = make_server(
            "127.0.0.1", 0, self._serve, threaded=True, request_handler=QuietHandler
        )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self.url = f"http://localhost:{self._server.port}"
        self._app: Flask | None = None

    @property
    def site(self) -> dict[str, Any]:
        """How the service knows it."""
        return {
            "name": "Three customers",
            "client_id": "customers",
            "client_secret": SECRET,
            "redirect_uris": [f"{self.url}/callback"],
            "bind_url": f"{self.url}/bind",
        }

    def opens(self, issuer: str) -> None:
        self.issuer = issuer
        self._app = shop(self)

    def api(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """What a call of the shop's server is answered; it writes no log."""
        key = base64.b64encode(f"customers:{SECRET}".encode()).decode()
        call = Request(  # noqa: S310  our own service
            f"{self.issuer}/api/site{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Basic {key}",
                "Content-Type": "application/json",
            },
        )
        try:
            answer = urlopen(call, timeout=10)  # noqa: S310
        except HTTPError as error:
            answer = error
        with answer:
            return json.loads(answer.read())

    def of_password(self, form: Any) -> str | None:
        """The number of the customer with this name and password."""
        for number, person in self.people.items():
            same = person["name"] == form.get("name")
            if same and person.get("password") == form.get("password"):
                return number
        return None

    def of_claims(self, claims: dict[str, Any]) -> str:
        """The number of whoever signed in with WeChat; a new one for a stranger."""
        if number := claims.get("external_id"):
            return str(number)
        number = f"c-{len(self.people) + 1}"
        self.people[number] = {"name": claims.get("name", "")}
        self.api("PUT", f"/users/{claims['sub']}", {"external_id": number})
        return number

    def _serve(self, environ, start_response):
        return self._app(environ, start_response)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def shop(customers: Customers) -> Flask:
    """The shop's pages."""
    app = Flask("customers", static_folder=None)
    app.secret_key = secrets.token_bytes(32)
    app.config["SESSION_COOKIE_NAME"] = "customers"
    wechat = OAuth(app).register(
        "wechat",
        client_id="customers",
        client_secret=SECRET,
        server_metadata_url=f"{customers.issuer}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid profile", "code_challenge_method": "S256"},
    )

    @app.route("/password", methods=["GET", "POST"])
    def password() -> Response | str:
        number = customers.of_password(request.form)
        if number is None:
            said = "Wrong password" if request.method == "POST" else ""
            return page("Sign in", said=said, form=url_for("password"), ask=True)
        session["customer"] = number
        return redirect(url_for("account"), 303)

    @app.get("/account")
    def account() -> Response | str:
        number = session.get("customer")
        if number is None:
            return redirect(url_for("password"), 303)
        if code := request.args.get("wxlogin_code"):
            # For the customer of this session, whoever sent the browser here.
            word = {"code": code, "external_id": number}
            answer = customers.api("POST", "/links/confirm", word)
            if "continue_url" in answer:
                return redirect(answer["continue_url"], 303)
            return page("Not connected", said=answer["code"])
        said = request.args.get("wxlogin_error") or request.args.get("wxlogin", "")
        title = f"{number} {customers.people[number]['name']}"
        return page(title, said=said, form=url_for("connect"), button="Connect WeChat")

    @app.post("/connect")
    def connect() -> Response:
        number = session["customer"]
        wish = {
            "external_id": number,
            "label": customers.people[number]["name"],
            "return_to": f"{customers.url}/account",
        }
        url = customers.api("POST", "/links", wish)["url"]
        return redirect(url, 303)

    @app.get("/wechat")
    def with_wechat() -> Response:
        return wechat.authorize_redirect(f"{customers.url}/callback")

    @app.get("/callback")
    def callback() -> Response:
        claims = wechat.authorize_access_token()["userinfo"]
        session.clear()
        session["customer"] = customers.of_claims(claims)
        return redirect(url_for("account"), 303)

    @app.get("/bind")
    def not_bound() -> str:
        return page("Not connected", said=request.args["error"])

    @app.post("/bind")
    def bind() -> str:
        code = request.form["code"]
        told = customers.api("GET", f"/bindings/{code}")
        said = told.get("nickname") or told["code"]
        return page("Is it you?", said=said, form=url_for("bound"), ask=True, code=code)

    @app.post("/bound")
    def bound() -> Response | str:
        code, number = request.form["code"], customers.of_password(request.form)
        if number is None:
            again = {"form": url_for("bound"), "ask": True, "code": code}
            return page("Is it you?", said="Wrong password", **again)
        label = customers.people[number]["name"]
        word = {"code": code, "external_id": number, "label": label}
        answer = customers.api("POST", "/bindings", word)
        if "continue_url" not in answer:
            return page("Not connected", said=answer["code"])
        return redirect(answer["continue_url"], 303)

    return app


def page(
    title: str,
    *,
    said: str,
    form: str = "",
    ask: bool = False,
    code: str = "",
    button: str = "Go on",
) -> str:
    fields = [("name", "text", ""), ("password", "password", "")] if ask else []
    if code:
        fields.append(("code", "hidden", code))
    return render_template_string(
        PAGE, title=title, said=said, form=form, fields=fields, button=button
    )
