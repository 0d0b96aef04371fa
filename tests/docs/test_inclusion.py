"""What the documents quote is what runs."""

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INCLUDE = runpy.run_path(str(ROOT / "docs" / "include.py"))
PAGES = INCLUDE["pages"]()
EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*/shop.*"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_quotation_is_the_file(page):
    text = page.read_text("utf-8")
    assert text == INCLUDE["filled"](text), "run: make docs"


def test_an_altered_quotation_is_noticed():
    page = (ROOT / "docs" / "integrating.md").read_text("utf-8")
    altered = page.replace("def sign_in", "def sign_out_of_date")
    assert altered != page
    assert INCLUDE["filled"](altered) == page


def test_the_documents_quote_every_example():
    quoted = {page.name: quotations(page) for page in PAGES}
    names = {str(example.relative_to(ROOT)) for example in EXAMPLES}
    assert quoted["integrating.md"] == names


def test_the_mini_program_is_quoted_alike_in_both_languages():
    english, chinese = (
        quotations(ROOT / "docs" / name)
        for name in ("miniprogram.md", "miniprogram.zh-CN.md")
    )
    assert english == chinese
    assert len(english) == 6


def quotations(page: Path) -> set[str]:
    return {INCLUDE["PLACE"].sub(r"\2", mark[0]) for mark in marks(page)}


def marks(page: Path) -> list[re.Match[str]]:
    return list(INCLUDE["PLACE"].finditer(page.read_text("utf-8")))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda file: file.name)
def test_an_example_is_short(example):
    lines = example.read_text("utf-8").splitlines()
    assert len(lines) <= 60
    assert max(map(len, lines)) <= 101


@pytest.mark.parametrize("language", ["flask", "node", "php"])
def test_no_example_knows_what_stands_behind_the_sign_in(language):
    folder = ROOT / "docs" / "examples" / language
    files = [file for file in folder.rglob("*.*") if "__pycache__" not in file.parts]
    assert len(files) == 2
    for file in files:
        text = file.read_text("utf-8")
        assert not re.search("wechat|weixin|微信|wx|openid_|unionid", text, re.I), file


def test_the_shop_looks_the_same_in_every_language():
    looks = {
        re.search(
            r"<link rel=.*</style>", (ROOT / "docs/examples" / page).read_text(), re.S
        )[0]
        for page in ("flask/templates/shop.html", "node/page.mjs", "php/page.php")
    }
    assert len(looks) == 1
