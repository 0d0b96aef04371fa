"""A link of the documents leads to something, also to a part of a page."""

import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
CHINESE = [page for page in PAGES if page.name.endswith(".zh-CN.md")]
LINK = re.compile(r"\]\(([^)\s]+)\)")
_FENCED = re.compile(r"^( *)```.*?^\1```", re.S | re.M)
_HEADING = re.compile(r"^#{1,6} +(.+)$", re.M)


def slug(heading: str) -> str:
    """The anchor that code hosts and the built site make of a heading."""
    words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", words).replace(" ", "-")


@cache
def anchors(page: Path) -> set[str]:
    prose = _FENCED.sub("", page.read_text("utf-8"))
    return {slug(heading) for heading in _HEADING.findall(prose)}


def links_within(page: Path) -> list[tuple[str, Path, str]]:
    """Each as it stands, with the file that it leads to and the part of that."""
    links = [(link, urlsplit(link)) for link in LINK.findall(page.read_text("utf-8"))]
    return [
        (link, page.parent / parts.path if parts.path else page, parts.fragment)
        for link, parts in links
        if not parts.scheme
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_within_the_project_leads_somewhere(page):
    for link, file, part in links_within(page):
        assert file.exists(), link
        if part and file.suffix == ".md":
            assert unquote(part) in anchors(file), link


@pytest.mark.parametrize("page", CHINESE, ids=lambda page: page.name)
def test_a_page_in_chinese_leads_to_pages_in_chinese(page):
    """Where there are any; the way back to its own English one is wanted."""
    english = page.with_name(page.name.replace(".zh-CN", ""))
    for link, file, _ in links_within(page):
        if file != english:
            assert not file.with_suffix(".zh-CN.md").exists(), link


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("What WeChat answers: errcodes", "what-wechat-answers-errcodes"),
        ("`wx.getUserInfo` 的数据", "wxgetuserinfo-的数据"),
        ("改绑开放平台账号", "改绑开放平台账号"),
        ("See [the table](accounts.md#the-table), twice", "see-the-table-twice"),
    ],
)
def test_anchors_are_made_as_code_hosts_make_them(heading, anchor):
    assert slug(heading) == anchor
