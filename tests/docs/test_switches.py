"""Each of the simulator's switches is described, and each fact's mark is known."""

import re
from pathlib import Path

import pytest

from wxlogin.simulator.world.switch_values import SWITCHES

DOCS = Path(__file__).parents[2] / "docs"
PARTS = {
    "simulator.md": "## Switches",
    "simulator.zh-CN.md": "## 开关",
    "wechat.md": "## 6.",
    "wechat.zh-CN.md": "## 6.",
}
# What is set of an app or by a call.
ELSEWHERE = ("verified", "ip_list", "/_sim/")


def rows(page: str) -> list[list[str]]:
    text = (DOCS / page).read_text("utf-8")
    part = text.partition(f"\n{PARTS[page]}")[2].partition("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [line.strip("| ").split(" | ") for line in lines[2:]]


@pytest.mark.parametrize("page", ["simulator.md", "simulator.zh-CN.md"])
def test_every_switch_has_a_row(page):
    described = [name for row in rows(page) for name in re.findall(r"`(\w+)`", row[0])]
    assert sorted(described) == sorted(SWITCHES)


@pytest.mark.parametrize("page", ["wechat.md", "wechat.zh-CN.md"])
def test_every_fact_has_a_mark(page):
    marks = [row[-1] for row in rows(page)]
    assert len(marks) > 40
    for mark in marks:
        words = re.findall(r"`([^`]+)`", mark)
        bare = mark.startswith(("default", "默认", "not simulated", "不模拟"))
        assert (
            bare
            or any(w in SWITCHES for w in words)
            or any(place in mark for place in ELSEWHERE)
        ), mark
        named = [w for w in words if re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", w)]
        assert set(named) <= {*SWITCHES, *ELSEWHERE}, mark
