"""docs/errors names every error that people and programs can meet, in both tongues."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask_babel import force_locale

from wxlogin.errors import WxloginError
from wxlogin.web.words import WORDS

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("errors.md", "errors.zh-CN.md")
# What werkzeug raises, as wxlogin/web/problems.py names it.
HTTP = {"method_not_allowed": 405, "too_large": 413}


def tree(kind: type[WxloginError] = WxloginError) -> Iterator[type[WxloginError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from tree(below)


def described(page: str) -> dict[str, tuple[int, str]]:
    """Code to status and title, as the page has them."""
    text = (DOCS / page).read_text("utf-8")
    table = text.partition("<!-- our codes -->")[2].partition("<!-- end of our")[0]
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| ([^|]+) \|", table, re.MULTILINE)
    return {code: (int(status), title) for code, status, title in rows}


@pytest.mark.parametrize("page", PAGES)
def test_every_code_of_ours_is_described(page):
    own = [kind for kind in tree() if kind.__module__ == "wxlogin.errors"]
    expected = {kind.code: kind.status for kind in own} | HTTP
    assert {code: status for code, (status, _) in described(page).items()} == expected


@pytest.mark.parametrize("page", PAGES)
def test_the_title_is_the_one_people_read(app, page):
    told = described(page)
    for code, words in sorted(WORDS.items()):
        with app.test_request_context(), force_locale("zh"):
            chinese = str(words.title)
        with app.test_request_context(), force_locale("en"):
            english = str(words.title)
        assert told[code][1] == f"{chinese} · {english}", code


@pytest.mark.parametrize(
    "number",
    [10003, 10004, 10005, 10006, 10009, 10010, 10011, 10012, 10013, 10015, 10016],
)
def test_every_number_of_wechats_pages_is_described(number):
    """Tencent's table of the page authorization guide."""
    for page in PAGES:
        assert f"\n| {number} | " in (DOCS / page).read_text("utf-8")
