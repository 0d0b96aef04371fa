"""A Django site with mozilla-django-oidc, as its documentation shows it.

A process of its own: ISSUER, CLIENT_ID, CLIENT_SECRET and PORT say who it is. The
library takes each endpoint as a setting, so the site reads discovery at its start.
"""

import hashlib
import os
from urllib.parse import urlencode

import django
import jwt
import requests
from django.conf import settings
from django.core.management import call_command, execute_from_command_line
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import include, path, reverse

PORT = os.environ["PORT"]
DISCOVERY = os.environ["ISSUER"] + "/.well-known/openid-configuration"
PROVIDER = requests.get(DISCOVERY, timeout=10).json()

settings.configure(
    SECRET_KEY="this forum's own",
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
        "django.contrib.sessions",
        "mozilla_django_oidc",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "mozilla_django_oidc.middleware.SessionRefresh",
    ],
    AUTHENTICATION_BACKENDS=[f"{__name__}.Backend"],
    LOGIN_REDIRECT_URL="/me",
    LOGIN_REDIRECT_URL_FAILURE="/failed",
    LOGOUT_REDIRECT_URL="/bye",
    ALLOW_LOGOUT_GET_METHOD=True,
    OIDC_RP_CLIENT_ID=os.environ["CLIENT_ID"],
    OIDC_RP_CLIENT_SECRET=os.environ["CLIENT_SECRET"],
    OIDC_RP_SIGN_ALGO="RS256",
    OIDC_RP_SCOPES="openid profile",
    OIDC_OP_AUTHORIZATION_ENDPOINT=PROVIDER["authorization_endpoint"],
    OIDC_OP_TOKEN_ENDPOINT=PROVIDER["token_endpoint"],
    OIDC_OP_USER_ENDPOINT=PROVIDER["userinfo_endpoint"],
    OIDC_OP_JWKS_ENDPOINT=PROVIDER["jwks_uri"],
    OIDC_OP_LOGOUT_URL_METHOD=f"{__name__}.logout_url",
    OIDC_STORE_ID_TOKEN=True,
    OIDC_STORE_ACCESS_TOKEN=True,
    OIDC_EXEMPT_URLS=["/bye", "/refresh", "/failed"],
)
django.setup()

from mozilla_django_oidc.auth import OIDCAuthenticationBackend  # noqa: E402


class Backend(OIDCAuthenticationBackend):
    """Users by `sub`, as the library's documentation advises without e-mail."""

    def filter_users_by_claims(self, claims):
        return self.UserModel.objects.filter(username=claims["sub"])

    def create_user(self, claims):
        return self.UserModel.objects.create_user(
            claims["sub"], first_name=claims["name"]
        )


def logout_url(request: HttpRequest) -> str:
    query = {
        "id_token_hint": request.session["oidc_id_token"],
        "post_logout_redirect_uri": request.build_absolute_uri("/bye"),
    }
    return f"{PROVIDER['end_session_endpoint']}?{urlencode(query)}"


def me(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return JsonResponse({}, status=401)
    token = request.session["oidc_access_token"]
    return JsonResponse(
        {
            "sub": request.user.username,
            "name": request.user.first_name,
            "kid": jwt.get_unverified_header(request.session["oidc_id_token"])["kid"],
            "mark": hashlib.sha256(token.encode()).hexdigest(),
        }
    )


def login(_: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect(reverse("oidc_authentication_init"))


def refresh(request: HttpRequest) -> HttpResponse:
    """What the library does of itself after a quarter of an hour: prompt=none."""
    request.session["oidc_id_token_expiration"] = 0
    return HttpResponseRedirect("/me")


urlpatterns = [
    path("oidc/", include("mozilla_django_oidc.urls")),
    path("login", login),
    path("me", me),
    path("refresh", refresh),
    path("bye", lambda _: HttpResponse("bye")),
    path("failed", lambda _: HttpResponse("failed", status=400)),
    path("logout", lambda _: HttpResponseRedirect(reverse("oidc_logout"))),
]

if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    execute_from_command_line(
        ["manage.py", "runserver", f"127.0.0.1:{PORT}", "--noreload", "--nothreading"]
    )
