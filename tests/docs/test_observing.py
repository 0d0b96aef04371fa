"""docs/observing.md names what there is to watch."""

import re
from pathlib import Path

import pytest

from wxlogin.metrics import INSTRUMENTS

DOCS = Path(__file__).parents[2] / "docs"
_ROW = re.compile(r"^\| `(wxlogin_\w+)` \| (\w+) \| (.*?) \| (.*) \|$", re.MULTILINE)


@pytest.mark.parametrize("page", ["observing.md", "observing.zh-CN.md"])
def test_every_metric_is_described(page):
    rows = _ROW.findall((DOCS / page).read_text("utf-8"))
    described = {
        name: (kind, tuple(re.findall(r"`(\w+)`", labels)))
        for name, kind, labels, _ in rows
    }
    assert described == {
        name: (one.kind, one.labels) for name, one in INSTRUMENTS.items()
    }
    if page == "observing.md":
        assert [about for *_, about in rows] == [i.about for i in INSTRUMENTS.values()]
