"""Every fact of docs/wechat.md that the simulator has is named by a test of it.

A test says `@pytest.mark.fact("…")` with the words of the row. What the row marks as a
switch stands in such a test. `python -m pytest -m fact` runs them.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.test_switches import rows
from wxlogin.simulator.world.switch_values import SWITCHES

ROOT = Path(__file__).parents[2]
TESTS = sorted((ROOT / "tests" / "simulator").glob("test_*.py"))
MARKS = {row[0]: row[1] for row in rows("wechat.md")}
LEFT_OUT = {fact for fact, mark in MARKS.items() if mark.startswith("not simulated")}


def _named() -> Iterator[tuple[str, str]]:
    """Each name of a fact with the code of the test that says it."""
    for file in TESTS:
        for test in ast.parse(file.read_text("utf-8")).body:
            if isinstance(test, ast.FunctionDef):
                for mark in (m for d in test.decorator_list for m in ast.walk(d)):
                    if isinstance(mark, ast.Call) and _is_fact(mark.func):
                        yield ast.literal_eval(mark.args[0]), ast.unparse(test)


def _is_fact(function: ast.expr) -> bool:
    return ast.unparse(function) == "pytest.mark.fact"


NAMED: dict[str, list[str]] = {}
for _fact, _code in _named():
    NAMED.setdefault(_fact, []).append(_code)


@pytest.mark.parametrize("fact", sorted(set(MARKS) - LEFT_OUT))
def test_a_test_names_it(fact: str) -> None:
    assert fact in NAMED, "no test says @pytest.mark.fact of it"
    marked = re.findall(r"`(\w+)`", MARKS[fact])
    for switch in (word for word in marked if word in SWITCHES):
        assert any(switch in code for code in NAMED[fact]), switch


def test_no_test_names_another() -> None:
    assert sorted(set(NAMED) - (set(MARKS) - LEFT_OUT)) == []


@pytest.mark.parametrize("mark", sorted(MARKS[fact] for fact in LEFT_OUT))
def test_what_is_left_out_says_why(mark: str) -> None:
    assert re.match("not simulated, because .", mark)


def test_every_call_of_the_page_is_among_the_facts() -> None:
    page = (ROOT / "docs" / "wechat.md").read_text("utf-8")
    calls, _, facts = page.partition("\n## 6. ")
    told = re.findall(r"`(/(?:sns|cgi-bin|wxa)/\w[^`]*)`", calls)
    # Two that are named for their list of addresses alone.
    told = [call for call in told if call not in ("/cgi-bin/token",)]
    assert len(set(told)) > 15
    assert [call for call in told if f"`{call}`" not in facts] == []


def test_every_fact_stands_once() -> None:
    assert len(MARKS) == len(rows("wechat.md"))
