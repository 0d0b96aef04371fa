"""What is shipped is pinned by hashes, and nothing older is let in (finding L11)."""

import json
import re
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.proof.shipped import judge

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = ("gevent", "mariadb", "postgresql", "redis")
SHIPPED = [
    Requirement(text)
    for texts in (
        PROJECT["dependencies"],
        *(PROJECT["optional-dependencies"][extra] for extra in EXTRAS),
    )
    for text in texts
]
# The first releases without an advisory that touches what we use.
FLOORS = {
    "authlib": "1.6.6",
    "cryptography": "45",
    "flask": "3.1.1",
    "pillow": "11.3",
    "pymysql": "1.1.1",
    "requests": "2.32.4",
    "urllib3": "2.6.3",
}


def pinned(name: str) -> dict[str, tuple[str, list[str]]]:
    """Versions and hashes of a file of pins, by the package's name."""
    text = (ROOT / name).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and line[0] != "#"]
    found = {}
    for line in lines:
        match = re.match(r"([\w.-]+)==([\w.]+)(.*)", line)
        assert match, line
        hashes = re.findall(r"--hash=(sha256:[0-9a-f]{64})(?= |$)", match[3])
        found[canonicalize_name(match[1])] = match[2], hashes
    return found


def needed(wanted: list[Requirement]) -> set[str]:
    """Everything that these need on this machine, and what those need."""
    names: set[str] = set()
    open_ones = list(wanted)
    while open_ones:
        one = open_ones.pop()
        name = canonicalize_name(one.name)
        extras = one.extras or {""}
        if one.marker and not any(one.marker.evaluate({"extra": e}) for e in extras):
            continue
        if name in names and not one.extras:
            continue
        names.add(name)
        try:
            below = [Requirement(text) for text in requires(name) or ()]
        except PackageNotFoundError:
            below = []
        open_ones += [
            Requirement(f"{more.name}")
            for more in below
            if not more.marker
            or any(more.marker.evaluate({"extra": extra}) for extra in extras)
        ]
    return names


def test_what_builds_it_is_there_with_its_hashes():
    """deploy/install.sh fetches nothing that is in none of the two lists."""
    listed = pinned("deploy/build-requirements.txt")
    assert needed([Requirement("hatchling")]) - set(listed) == set()
    tested = pinned("constraints.txt")
    for name, (version, hashes) in listed.items():
        assert tested[name][0] == version, "run make requirements"
        assert hashes, name
    install = (ROOT / "deploy/install.sh").read_text()
    for command in re.findall(r"-m pip .*", install):
        assert "--require-hashes" in command or "--no-index" in command, command


def test_every_shipped_package_is_there_with_its_hashes():
    listed = pinned("requirements.txt")
    assert needed(SHIPPED) - set(listed) == set(), "run make requirements"
    assert [name for name, (_, hashes) in listed.items() if not hashes] == []


def test_the_two_lists_of_pins_agree():
    listed, all_of_them = pinned("requirements.txt"), pinned("constraints.txt")
    both = set(listed) & set(all_of_them)
    assert both >= needed(SHIPPED)
    assert {name: listed[name][0] for name in both} == {
        name: all_of_them[name][0] for name in both
    }, "run make requirements"


def test_the_pins_are_what_the_project_asks_for():
    listed = pinned("requirements.txt")
    for one in SHIPPED:
        version = listed[canonicalize_name(one.name)][0]
        assert one.specifier.contains(version), one


def test_no_address_of_an_index_stands_there():
    text = (ROOT / "requirements.txt").read_text()
    assert not re.search(r"https?://|--(?:extra-)?index|--find-links|--trusted", text)


@pytest.mark.parametrize(("name", "floor"), FLOORS.items())
def test_no_release_with_a_known_advisory_is_let_in(name, floor):
    [one] = [one for one in SHIPPED if canonicalize_name(one.name) == name]
    lowest = [Version(s.version) for s in one.specifier if s.operator == ">="]
    assert lowest[0] >= Version(floor)


@pytest.mark.parametrize(
    ("dependencies", "good", "says"),
    [
        ([{"name": "a", "version": "1", "vulns": []}], True, "1 packages, no advisory"),
        ([{"name": "a", "skip_reason": "not found"}], False, "NOT AUDITED: 1 of 1"),
        ([], False, "NOT AUDITED"),
        (
            [
                {"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1"}]},
                {"name": "b", "version": "2", "vulns": []},
            ],
            False,
            "a 1: PYSEC-1",
        ),
    ],
)
def test_an_audit_that_could_not_look_is_no_good_news(dependencies, good, says):
    found, text = judge(json.dumps({"dependencies": dependencies, "fixes": []}))
    assert found is good
    assert says in text


@pytest.mark.parametrize("report", ["", "{}", "[]", "Traceback"])
def test_no_report_is_no_good_news(report):
    assert judge(report) == (False, "NOT AUDITED: pip-audit gave no report")
