"""Sites with clients of docs/software.md for Python, each as its documentation shows
it and with the settings that stand there.

One process; a port for each site. ISSUER and SITES ({name: [port, client id, secret]})
say who they are, DATABASE where Django keeps its users.
"""

import json
import os
from collections.abc import Callable
from threading import Thread
from typing import Any
from wsgiref.types import WSGIApplication

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path
from flask import Flask, g, jsonify, redirect, session
from flask_dance.consumer import OAuth2ConsumerBlueprint
from flask_oidc import OpenIDConnect
from werkzeug.serving import make_server

ISSUER = os.environ["ISSUER"]
SITES: dict[str, tuple[int, str, str]] = json.loads(os.environ["SITES"])
# requests-oauthlib takes http for what it is; behind https nobody needs this.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"


def flask_oidc(client_id: str, client_secret: str) -> WSGIApplication:
    app = _flask("flask-oidc")
    app.config["OIDC_CLIENT_SECRETS"] = {
        "web": {
            "client_id": client_id,
            "client_secret": client_secret,
            "issuer": ISSUER,
        }
    }
    # Its default is "openid email", which brings no name.
    app.config["OIDC_SCOPES"] = "openid profile"
    oidc = OpenIDConnect(app)

    @app.get("/me")
    def me() -> Any:
        if not oidc.user_loggedin:
            return {}, 401
        found = session["oidc_auth_profile"]
        return jsonify(id=found["preferred_username"], name=g.oidc_user.name)

    return app


def flask_dance(client_id: str, client_secret: str) -> WSGIApplication:
    app = _flask("flask-dance")
    wechat = OAuth2ConsumerBlueprint(
        "wechat",
        __name__,
        client_id=client_id,
        client_secret=client_secret,
        # Many examples have it; the answer names it again, or the callback fails.
        scope=["openid", "profile", "offline_access"],
        authorization_url=f"{ISSUER}/oauth2/authorize",
        token_url=f"{ISSUER}/oauth2/token",
        auto_refresh_url=f"{ISSUER}/oauth2/token",
        redirect_url="/me",
    )
    app.register_blueprint(wechat)

    @app.get("/me")
    def me() -> Any:
        if not wechat.session.authorized:
            return {}, 401
        found = wechat.session.get(f"{ISSUER}/oauth2/userinfo").json()
        return jsonify(id=found["sub"], name=found["name"])

    app.add_url_rule("/login", view_func=lambda: redirect("/wechat"), endpoint="to")
    return app


def django_site(name: str) -> WSGIApplication:
    """allauth and social-auth stand in one project, as they may."""
    start = {
        "django-allauth": "/accounts/oidc/wechat/login/",
        "social-auth": "/login/oidc/",
    }[name]
    application = get_wsgi_application()

    def with_start(environ: dict[str, Any], respond: Any) -> Any:
        if environ["PATH_INFO"] == "/login":
            # What the button on its page does.
            environ |= {"PATH_INFO": start, "REQUEST_METHOD": "POST"}
        return application(environ, respond)

    return with_start


def _flask(name: str) -> Flask:
    app = Flask(name)
    app.secret_key = "this site's own"
    app.add_url_rule("/bye", view_func=lambda: "bye")
    return app


_, ALLAUTH_ID, ALLAUTH_SECRET = SITES["django-allauth"]
_, SOCIAL_ID, SOCIAL_SECRET = SITES["social-auth"]
settings.configure(
    SECRET_KEY="this site's own",
    ALLOWED_HOSTS=["localhost"],
    ROOT_URLCONF=__name__,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.environ["DATABASE"],
        }
    },
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.messages",
        "django.contrib.sessions",
        "allauth",
        "allauth.account",
        "allauth.socialaccount",
        "allauth.socialaccount.providers.openid_connect",
        "social_django",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "allauth.account.middleware.AccountMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
        }
    ],
    AUTHENTICATION_BACKENDS=[
        "allauth.account.auth_backends.AuthenticationBackend",
        "social_core.backends.open_id_connect.OpenIdConnectAuth",
    ],
    LOGIN_REDIRECT_URL="/me",
    SOCIALACCOUNT_PROVIDERS={
        "openid_connect": {
            "APPS": [
                {
                    "provider_id": "wechat",
                    "name": "WeChat",
                    "client_id": ALLAUTH_ID,
                    "secret": ALLAUTH_SECRET,
                    "settings": {"server_url": ISSUER},
                }
            ]
        }
    },
    SOCIAL_AUTH_OIDC_OIDC_ENDPOINT=ISSUER,
    SOCIAL_AUTH_OIDC_KEY=SOCIAL_ID,
    SOCIAL_AUTH_OIDC_SECRET=SOCIAL_SECRET,
)
django.setup()


def me(request: HttpRequest) -> HttpResponse:
    user = request.user
    if not user.is_authenticated:
        return JsonResponse({}, status=401)
    return JsonResponse({"id": user.username, "name": user.first_name})


urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("", include("social_django.urls")),
    path("me", me),
    path("bye", lambda _: HttpResponse("bye")),
]

MADE: dict[str, Callable[[str, str], WSGIApplication]] = {
    "flask-oidc": flask_oidc,
    "flask-dance": flask_dance,
    "django-allauth": lambda *_: django_site("django-allauth"),
    "social-auth": lambda *_: django_site("social-auth"),
}


def serve() -> None:
    call_command("migrate", verbosity=0)
    running = []
    for name, (port, client_id, client_secret) in SITES.items():
        made = MADE[name](client_id, client_secret)
        server = make_server("127.0.0.1", port, made, threaded=True)
        running.append(Thread(target=server.serve_forever))
    for thread in running:
        thread.start()


if __name__ == "__main__":
    serve()
