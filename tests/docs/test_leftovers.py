"""No sentence of a page in Chinese is still in English."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.zh-CN.md"), *ROOT.glob("docs/*.zh-CN.md")])
# Code, addresses, and what our own pages say in English: behind a point in a table, or
# in a table with a column for it.
_APART = re.compile(
    r"^( *)```.*?^\1```|<!--.*?-->|`[^`]*`|\]\([^)]*\)|https?://\S+|· [^|\n]+(?=\|)"
    r"|^\|[^\n]*英文[^\n]*\n(?:\|[^\n]*\n)*",
    re.S | re.M,
)
# Names are English in Chinese too, a few in a row at most; small words are in none.
_WORDS = re.compile(r"[A-Za-z][A-Za-z'’-]*(?:[ ,]+[A-Za-z][A-Za-z'’-]*){3,}")
_SMALL = re.compile(
    r"\b(?:a|an|and|are|as|at|be|by|for|from|has|have|in|is|it|its|no|not|of|on|or|so"
    r"|that|the|then|there|this|to|was|what|when|where|which|who|will|with|you|your)\b"
)


def leftovers(text: str) -> list[str]:
    """Runs of English words that make a phrase."""
    prose = re.sub(r"\s*\n\s*", " ", _APART.sub("｜", text))
    return [run for run in _WORDS.findall(prose) if _SMALL.search(run)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_nothing_is_left_in_english(page: Path):
    assert leftovers(page.read_text("utf-8")) == []


def test_a_leftover_is_noticed_and_a_name_is_none():
    assert leftovers("# 登录\n\nThe visitor signs in\nand comes back.") != []
    assert leftovers("| 错误 | what is wrong with it |") != []
    assert (
        leftovers("按 OpenID Connect Back-Channel Logout，`what is in code` 不算") == []
    )
    assert leftovers("PostgreSQL、MariaDB 和 Traefik Proxy Forward Auth") == []
