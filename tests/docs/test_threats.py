"""docs/threats.md: every row that code and tests speak of is there, and so is every
file and test that a row speaks of."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/threats.md").read_text("utf-8")
# The first cell of a table's row is its name.
NAMES = re.findall(r"^\| ([0-9]+a?|[FHMLI][0-9]+[a-z]?) \|", PAGE, re.M)
ROWS = [f"{number}" for number in range(1, 121)]
FAULTS = [f"F{number}" for number in range(1, 25)]
# What a row without a test says instead.
GAPS = ("not built", "not tested yet", "not done yet", "there are no other roles yet")

_NUMBERS = r"(?:[\s,#]|and|to|–|\([a-z]\)|[ab]\b)*"
CITED = re.compile(
    rf"security\s+rows?\s+((?:\d+{_NUMBERS})+)"
    rf"|faults?\s+((?:F\d+{_NUMBERS})+)"
    rf"|findings?\s+((?:[HMLI]\d+{_NUMBERS})+)"
)


def test_every_row_is_there_once():
    assert [name for name, count in Counter(NAMES).items() if count > 1] == []
    assert {*ROWS, "10a", *FAULTS} <= {*NAMES}


def test_what_code_tests_and_documents_speak_of_is_there():
    missing = {
        (name, str(file.relative_to(ROOT)))
        for file in sources()
        for name in cited(file.read_text("utf-8"))
        if name not in NAMES
    }
    assert missing == set()


def test_every_file_and_test_that_a_row_speaks_of_is_there():
    missing = []
    for path, name in re.findall(r"`([a-z_/]+\.py)(?:::(\w+))?`", PAGE):
        file = ROOT / (path if path.startswith("wxlogin/") else f"tests/{path}")
        if not file.exists() or (name and name not in functions(file)):
            missing.append(f"{path}::{name}")
    assert missing == []


def test_a_row_names_a_test_or_says_why_there_is_none():
    rows = [line for line in PAGE.splitlines() if re.match(r"\| [0-9FHMLI]", line)]
    silent = [
        row for row in rows if ".py" not in row and not any(gap in row for gap in GAPS)
    ]
    assert silent == []


def test_numbers_are_read_in_every_spelling():
    text = "security rows 1 to 3, 10a and 47 (b); faults F1 and F9, finding M2, L12."
    assert set(cited(text)) == {"1", "3", "10a", "47", "F1", "F9", "M2", "L12"}


def cited(text: str) -> list[str]:
    plain = re.sub(r"\s*\n\s*#?\s*", " ", text)
    found = ["".join(groups) for groups in CITED.findall(plain)]
    return [name for part in found for name in re.findall(r"[FHMLI]?\d+a?", part)]


def sources() -> list[Path]:
    python = [*ROOT.glob("wxlogin/**/*.py"), *ROOT.glob("tests/**/*.py")]
    files = [*python, *ROOT.glob("docs/*.md"), *ROOT.glob("templates/**/*.html")]
    return [file for file in files if file != Path(__file__)]


@cache
def functions(file: Path) -> frozenset[str]:
    nodes = ast.walk(ast.parse(file.read_text("utf-8")))
    return frozenset(node.name for node in nodes if isinstance(node, ast.FunctionDef))
