"""What the browser holds of an attempt: the same value comes back, or none."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from wxlogin.config import Settings
from wxlogin.flows.doors import Flow
from wxlogin.flows.redirect.attempt import (
    Attempt,
    Purpose,
    Silent,
    Wish,
    attempt_from_cookie,
)
from wxlogin.security.signing import attempt_serializer

SETTINGS = Settings(secret_key=SecretStr("a secret key for these tests alone"))
PLAIN = Wish("/me")


@pytest.mark.parametrize(
    "wish",
    [
        PLAIN,
        Wish("/link/abc?x=值", Purpose("shop", vouched=True)),
        replace(PLAIN, link=7),
        replace(PLAIN, silent=Silent()),
        replace(PLAIN, silent=Silent("ticket")),
    ],
)
def test_an_attempt_comes_back_as_it_was(wish: Wish) -> None:
    attempt = Attempt("nonce", "secret", "web", Flow.named, wish, browser="first")
    found = attempt_from_cookie(SETTINGS, attempt.to_cookie(SETTINGS))
    assert found and replace(found, begun=0) == attempt
    assert found.begun > 0


def test_logins_on_their_way_survive_a_new_version() -> None:
    """The layout of the cookie is a promise to browsers that began a minute ago."""
    found = _read(["n", "s", "oa", "u", "/me", 0, "signed-in", "shop", 1, "b"])
    assert found is not None
    wish = Wish("/me", Purpose("shop", vouched=True), silent=Silent())
    assert found == Attempt("n", "s", "oa", Flow.userinfo, wish, "b", found.begun)


@pytest.mark.parametrize(
    "values",
    [
        [],
        {},
        None,
        ["n", "s", "oa", "u", "/me"],
        ["n", "s", "oa", "?", "/me", 0, "", "", 0, "b"],
        ["n", "s", "oa", "u", "/me", 0, "", "", 0, "b", "new"],
    ],
)
def test_another_layout_is_no_attempt(values: Any) -> None:
    assert _read(values) is None


def _read(values: Any) -> Attempt | None:
    text = attempt_serializer(SETTINGS).dumps(values)
    return attempt_from_cookie(SETTINGS, str(text))
