"""docs/observing.md names what there is to watch."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from wxlogin.errors import WxloginError
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


def _marked() -> set[tuple[str, str]]:
    """Lines that are marked as security events, as the code has them."""
    refusals = {("refused", kind.code) for kind in _tree(WxloginError) if kind.security}
    line = re.compile(r'\.(?:warning|error)\(\s*"([^"]+)",[^()]*security=True', re.S)
    package = DOCS.parent / "wxlogin"
    files = (file.read_text("utf-8") for file in package.rglob("*.py"))
    return refusals | {(event, "–") for text in files for event in line.findall(text)}


def _tree(kind: type[WxloginError]) -> Iterator[type[WxloginError]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from _tree(narrower)


@pytest.mark.parametrize("page", ["observing.md", "observing.zh-CN.md"])
def test_every_security_event_is_listed(page):
    text = (DOCS / page).read_text("utf-8")
    table = text.partition('"security": true')[2]
    rows = re.findall(r"^\| `([a-z ]+)` \| `?([a-z_]+|–)`? \|", table, re.MULTILINE)
    assert len(set(rows)) == len(rows)
    assert set(rows) == _marked()
