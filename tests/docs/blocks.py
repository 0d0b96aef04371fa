"""The blocks of code in the documents, and what stands in them.

A page in Chinese has its English page's code (test_chinese_pages.py), so the English
ones stand for both. What a page quotes from docs/examples is run where the example is.
"""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
EVERY_PAGE = sorted([*ROOT.glob("README*.md"), *ROOT.glob("docs/*.md")])
PAGES = [page for page in EVERY_PAGE if ".zh-CN" not in page.name]
_FENCED = re.compile(r"^( *)```(\S*)\n(.*?)^\1```$", re.S | re.M)
_QUOTED = re.compile(r"<!-- include \S+ -->\n$")
_BETWEEN = {*"();|&\n"}


@dataclass(frozen=True)
class Block:
    """One of a page's blocks. `kind` is the word behind its fence."""

    page: Path
    line: int
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks_of(page: Path) -> Iterator[Block]:
    text = page.read_text("utf-8")
    for found in _FENCED.finditer(text):
        before = text[: found.start()]
        if not _QUOTED.search(before):
            code = re.sub(f"^{found[1]}", "", found[3], flags=re.M)
            yield Block(page, before.count("\n") + 1, found[2], code)


BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def of_kind(*kinds: str) -> list[Block]:
    return [block for block in BLOCKS if block.kind in kinds]


def read_json(text: str) -> object:
    """JSON as documents write it, with `…` for what is left out."""
    string = r'("(?:[^"\\]|\\.)*")'
    whole = re.sub(rf"{string}|:\s*…", lambda it: it[1] or ": null", text)
    outside = re.sub(rf"{string}|,\s*…|…\s*,?", lambda it: it[1] or "", whole)
    return json.loads(outside)


def json_in(text: str) -> list[object]:
    """Every object that stands in a text, one behind the other."""
    found, depth, start = [], 0, 0
    for place, character in enumerate(text):
        if character == "{":
            start = start if depth else place
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == 0:
                found.append(read_json(text[start : place + 1]))
    assert depth == 0, text
    return found


def commands(block: Block) -> list[list[str]]:
    """What a shell would start, word by word, with the variables set before it.

    What a command answers is left out: in a console what has no `$` before it,
    elsewhere what begins with an arrow.
    """
    text = block.text.replace("\\\n", " ")
    if block.kind == "console":
        text = "\n".join(re.findall(r"^\$ (.*)", text, re.M))
    for other in (r"^→ .*(?:\n +.*)*", r"(?:^|\s)# .*", r" > \S+$"):
        text = re.sub(other, "", text, flags=re.M)
    found: list[list[str]] = [[]]
    lexer = shlex.shlex(text, posix=True, punctuation_chars="();|&\n")
    lexer.whitespace, lexer.whitespace_split = " \t\r", True
    for word in lexer:
        if word and set(word) <= _BETWEEN:
            found.append([])
        else:
            found[-1].append(word)
    return [words for words in found if words]


def mentions(page: Path, first: str) -> list[str]:
    """What stands behind `first` wherever a sentence has it as code."""
    prose = _FENCED.sub("", page.read_text("utf-8"))
    return re.findall(rf"`{first} ([^`]+)`", prose)
