"""A link of the documents leads to something."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_within_the_project_leads_somewhere(page):
    for link in LINK.findall(page.read_text("utf-8")):
        parts = urlsplit(link)
        if parts.scheme or not parts.path:
            continue
        assert (page.parent / parts.path).exists(), link
