"""A link of the documents leads to something."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
CHINESE = [page for page in PAGES if page.name.endswith(".zh-CN.md")]
LINK = re.compile(r"\]\(([^)\s]+)\)")
_FENCED = re.compile(r"^( *)```.*?^\1```", re.S | re.M)


def anchors(page: Path) -> set[str]:
    """What GitHub calls the headings of a page."""
    text = _FENCED.sub("", page.read_text("utf-8"))
    headings = re.findall(r"^#+ (.*)", text, re.M)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


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
        assert not part or part in anchors(file), link


@pytest.mark.parametrize("page", CHINESE, ids=lambda page: page.name)
def test_a_page_in_chinese_leads_to_pages_in_chinese(page):
    """Where there are any; the way back to its own English one is wanted."""
    english = page.with_name(page.name.replace(".zh-CN", ""))
    for link, file, _ in links_within(page):
        if file != english:
            assert not file.with_suffix(".zh-CN.md").exists(), link
