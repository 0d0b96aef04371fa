"""A page in Chinese says what its English one says: the same parts, rows and code."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.zh-CN.md"), *ROOT.glob("docs/*.zh-CN.md")])
_FENCED = re.compile(r"^( *)```([\w-]*)\n(.*?)^\1```", re.S | re.M)


def pair(page: Path) -> tuple[str, str]:
    english = page.with_name(page.name.replace(".zh-CN", ""))
    return english.read_text("utf-8"), page.read_text("utf-8")


def code(text: str) -> list[tuple[str, str]]:
    """Each block without its comments, which are words."""
    return [
        (kind, re.sub(r" *(?:#|//|<!--).*", "", block))
        for _, kind, block in _FENCED.findall(text)
    ]


def shape(text: str) -> list[str]:
    """What stands where: headings by their level, rows, points."""
    prose = _FENCED.sub("```", text)
    return re.findall(r"^(#+|\||- |\d\. |```)", prose, re.M)


def rows(text: str) -> list[list[str]]:
    lines = re.findall(r"^\|(.*)\|$", _FENCED.sub("", text), re.M)
    return [re.split(r"(?<!\\)\|", line) for line in lines]


def names(cell: str) -> list[str]:
    """What a cell of code, or of a number, holds; nothing of one with words."""
    words = re.sub(r"`[^`]*`|\bor\b|[\d\s,、或.★–-]", "", cell)
    return [] if words else re.findall(r"`[^`]*`|[\d,.]*\d", cell)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_code_is_the_same(page):
    english, chinese = pair(page)
    assert code(chinese) == code(english)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_parts_are_the_same(page):
    english, chinese = pair(page)
    assert shape(chinese) == shape(english)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_rows_name_the_same(page):
    """Codes, names, defaults and numbers, where a cell holds nothing else."""
    english, chinese = (rows(text) for text in pair(page))
    named = [[names(cell) for cell in row] for row in english]
    for said, row in zip(named, chinese, strict=True):
        assert [it and names(cell) for it, cell in zip(said, row, strict=True)] == said


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_leads_to_the_other(page):
    english, chinese = pair(page)
    assert f"[中文]({page.name})" in english
    assert f"[English]({page.name.replace('.zh-CN', '')})" in chinese


def test_every_page_is_there_in_both():
    names = {page.name for page in (ROOT / "docs").glob("*.md")}
    chinese = {name for name in names if name.endswith(".zh-CN.md")}
    assert {name.replace(".zh-CN", "") for name in chinese} == names - chinese
