"""docs/accounts.md names every table of the database."""

import re
from pathlib import Path

import wxlogin.factory  # noqa: F401  every room, and so every table
from wxlogin.db import Base

PAGE = Path(__file__).parents[2] / "docs" / "accounts.md"


def test_every_table_is_described():
    text = PAGE.read_text("utf-8").partition("## Tables")[2].partition("\n## ")[0]
    described = re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
    assert sorted(described) == sorted(Base.metadata.tables)
