"""The service below a path of somebody else's host."""

import re
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import pytest
from werkzeug.test import Client

from tests.support.journey import Browser
from tests.support.neighbour import PREFIX, Host

ORIGIN = "http://127.0.0.1:5000"


@pytest.fixture(params=[False, True], ids=["unstripped", "stripped"])
def visitor(request, app_for) -> Browser:
    """A browser at a host with two applications."""
    app = app_for(public_url=f"{ORIGIN}{PREFIX}")
    browser = Browser(app, prefix=PREFIX)
    browser.client = Client(Host(app, strips=request.param))
    return browser


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs):
        names = ("href", "src", "action", "formaction", "srcset", "data-url")
        self.found += [value for name, value in attrs if name in names and value]


def links(answer) -> list[str]:
    reader = Links()
    reader.feed(answer.text)
    return reader.found


def check_links(answer, simulator, *, allowed: tuple[str, ...] = ()) -> int:
    """Every link is below our path, at WeChat, or where the visitor asked to go."""
    found = links(answer)
    for link in found:
        there = urljoin(f"{ORIGIN}{answer.request.path}", link)
        at_wechat = there.startswith(f"{simulator.url}/")
        ours = there.startswith(f"{ORIGIN}{PREFIX}/")
        assert at_wechat or ours or link in allowed or link.startswith("data:"), link
    return len(found)


def test_the_whole_journey_stays_below_the_path(visitor, xiaoming, simulator):
    page = visitor.get("/wx/login?next=/orders")
    assert page.status_code == 200
    assert check_links(page, simulator) >= 5
    assert "redirect_uri=http%3A%2F%2F127.0.0.1%3A5000%2Fwx%2Flogin%2F" in page.text
    started = visitor.starts(next_url="/orders")
    assert started.callback == f"{ORIGIN}/wx/login/callback/web"
    answer = visitor.returns(started, xiaoming.confirms(started))
    assert (answer.status_code, answer.location) == (303, "/orders")
    assert visitor.who()["nickname"] == "小明😀"
    account = visitor.get("/wx/me")
    assert check_links(account, simulator) >= 8
    assert visitor.get("/wx/login?next=/orders").status_code == 200


def test_pages_of_failure_stay_below_the_path(visitor, simulator):
    started = visitor.starts(next_url="/orders")
    for path in (
        "/wx/nowhere",
        "/wx/login/callback/web",
        "/wx/login/snapshot",
        "/wx/language/fr",
        urlsplit(started.with_code(None)).path + f"?state={started.state}",
    ):
        answer = visitor.get(path)
        assert answer.status_code in (400, 404), path
        assert check_links(answer, simulator) >= 4


@pytest.mark.parametrize(
    ("method", "path", "location"),
    [
        ("GET", "/wx", "/wx/me"),
        ("GET", "/wx/", "/wx/me"),
        ("GET", "/wx/me", "/wx/login?next=/wx/me"),
        ("GET", "/wx/language/en", "/wx/login"),
        ("GET", "/wx/language/en?next=/wx/me", "/wx/me"),
        ("POST", "/wx/logout", "/wx/login"),
        ("POST", "/wx/me/delete", "/wx/login"),
        ("POST", "/wx/me/sessions/end", "/wx/login"),
    ],
)
def test_redirects_stay_below_the_path(visitor, method, path, location):
    answer = visitor._send(method, path, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.location == location


def test_files_are_found_below_the_path(visitor):
    page = visitor.get("/wx/login")
    files = [link for link in links(page) if "/static/" in link]
    assert len(files) >= 3
    for link in files:
        answer = visitor.get(link, buffered=True)
        assert answer.status_code == 200
        if link.partition("?")[0].endswith((".css", ".js")):
            # Nothing in a file leads to an address from the root.
            assert not re.search(r"""(url\(|["'`])["']?/(?!/)[a-z]""", answer.text), (
                link
            )
        answer.close()


def test_both_applications_keep_their_cookies(visitor, xiaoming):
    visitor.get("/login")
    assert "neighbour's user" in visitor.get("/orders").text.replace("&#39;", "'")
    started = visitor.starts()
    visitor.returns(started, xiaoming.confirms(started))
    assert "session" in visitor.cookies()
    assert visitor.who()["nickname"] == "小明😀"
    # Ours do not even reach the neighbour.
    assert "<p>[]</p>" in visitor.get("/orders").text
    visitor.post("/wx/logout")
    assert visitor.who() is None
    assert "neighbour's user" in visitor.get("/orders").text.replace("&#39;", "'")
    visitor.get("/login")
    started = visitor.starts()
    visitor.returns(started, xiaoming.confirms(started))
    assert visitor.who()


def test_every_cookie_has_the_path(visitor, xiaoming):
    """security row 21"""
    started = visitor.starts()
    answers = [
        visitor.get("/wx/login"),
        visitor.returns(started, xiaoming.confirms(started)),
        visitor.get("/wx/language/en"),
        visitor.post("/wx/logout"),
    ]
    for answer in answers:
        given = answer.headers.getlist("Set-Cookie")
        assert given
        assert all("; Path=/wx" in line for line in given)
        assert all(line.startswith("wxlogin_") for line in given)


def test_a_problem_document_is_one_below_the_path_too(visitor):
    answer = visitor.get("/wx/api/nowhere")
    assert answer.mimetype == "application/problem+json"


def test_a_name_that_begins_as_ours_is_the_neighbours(visitor):
    assert visitor.get("/wxlogin").status_code == 404
    assert "X-Request-Id" not in visitor.get("/wxlogin").headers
