"""Puts the examples into the pages that quote them: `make docs`.

A page marks the place, and what stands between the marks is made anew:

    <!-- include docs/examples/flask/shop.py -->
    <!-- /include -->
"""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LANGUAGES = {
    ".html": "html",
    ".js": "js",
    ".mjs": "js",
    ".php": "php",
    ".py": "python",
    ".wxml": "html",
}
PLACE = re.compile(r"(<!-- include (\S+) -->\n).*?(<!-- /include -->)", re.DOTALL)


def pages() -> list[Path]:
    """The pages that may quote."""
    return sorted([*ROOT.glob("README*.md"), *ROOT.glob("docs/*.md")])


def filled(text: str) -> str:
    """The page with every quotation as its file is now."""

    def quote(place: re.Match[str]) -> str:
        file = ROOT / place[2]
        fence = f"```{LANGUAGES[file.suffix]}\n{file.read_text('utf-8')}```\n"
        return place[1] + fence + place[3]

    return PLACE.sub(quote, text)


if __name__ == "__main__":
    for page in pages():
        page.write_text(filled(page.read_text("utf-8")), "utf-8")
