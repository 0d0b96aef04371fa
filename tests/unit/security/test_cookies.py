"""Names and attributes of our cookies (security row 21)."""

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request, Response

from wxlogin.config import Settings
from wxlogin.security.cookies import (
    clear_cookie,
    cookie_name,
    read_cookie,
    set_cookie,
)


def parts(response: Response) -> tuple[str, set[str]]:
    first, *attributes = response.headers["Set-Cookie"].split("; ")
    return first, {part for part in attributes if not part.startswith("Expires=")}


def test_https_without_a_path(https: Settings) -> None:
    """Security row 21."""
    response = Response()
    set_cookie(response, https, "session", "v", max_age=600)
    assert parts(response) == (
        "__Host-wxlogin_session=v",
        {"Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=600"},
    )


def test_https_below_a_path(https_below_a_path: Settings) -> None:
    """Security row 21: `__Host-` would need the path `/`."""
    response = Response()
    set_cookie(response, https_below_a_path, "session", "v", max_age=600)
    assert parts(response) == (
        "__Secure-wxlogin_session=v",
        {"Secure", "HttpOnly", "SameSite=Lax", "Path=/wx", "Max-Age=600"},
    )


def test_https_below_a_path_for_the_whole_host(https_below_a_path: Settings) -> None:
    """Security row 21: with the path `/` the stricter name is right again."""
    settings = https_below_a_path.model_copy(update={"whole_host": True})
    response = Response()
    set_cookie(response, settings, "session", "v", max_age=600)
    assert parts(response) == (
        "__Host-wxlogin_session=v",
        {"Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=600"},
    )


def test_http_in_development(development: Settings) -> None:
    response = Response()
    set_cookie(response, development, "session", "v", max_age=None)
    assert parts(response) == (
        "wxlogin_session=v",
        {"HttpOnly", "SameSite=Lax", "Path=/"},
    )


@pytest.mark.parametrize("kind", ["https", "https_below_a_path", "development"])
def test_clearing_names_the_same_cookie(
    request: pytest.FixtureRequest, kind: str
) -> None:
    settings: Settings = request.getfixturevalue(kind)
    kept, cleared = Response(), Response()
    set_cookie(kept, settings, "session", "", max_age=0)
    clear_cookie(cleared, settings, "session")
    assert parts(kept) == parts(cleared)


def test_what_was_set_is_read(https: Settings) -> None:
    response = Response()
    set_cookie(response, https, "session", 'a"b;c é', max_age=60)
    cookie = response.headers["Set-Cookie"].partition("; ")[0]
    request = Request(EnvironBuilder(headers={"Cookie": cookie}).get_environ())
    assert read_cookie(request, https, "session") == 'a"b;c é'
    assert read_cookie(request, https, "other") is None


def test_a_plain_cookie_is_not_taken_on_https(https: Settings) -> None:
    """A neighbour's subdomain cannot plant ours: the name's prefix forbids it."""
    planted = {"Cookie": "wxlogin_session=planted; session=other"}
    request = Request(EnvironBuilder(headers=planted).get_environ())
    assert read_cookie(request, https, "session") is None


def test_too_large_for_a_browser(https: Settings) -> None:
    """Name and value; 256 bytes are for the attributes."""
    most = 4096 - 256 - len("__Host-wxlogin_session")
    set_cookie(Response(), https, "session", "x" * most, max_age=60)
    for value in ("x" * (most + 1), "好" * 1300):
        with pytest.raises(ValueError, match="too large"):
            set_cookie(Response(), https, "session", value, max_age=60)


@pytest.mark.parametrize("purpose", ["", "a b", "a;b", "a=b", "ä", "a\r\nb", "a\n"])
def test_a_purpose_is_a_plain_word(https: Settings, purpose: str) -> None:
    with pytest.raises(ValueError, match="purpose"):
        cookie_name(https, purpose)
