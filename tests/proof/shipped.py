"""What is shipped can be installed by its hashes alone, and nothing known is wrong
with it.

Both ask the package index. An audit that could not look is no good news: it counts as
a failure, and says so.
"""

import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "requirements.txt"
_SECONDS = 900


def prove() -> bool:
    """Prints a line for each; True if both are good."""
    print("What is shipped (requirements.txt)")
    with tempfile.TemporaryDirectory() as folder:
        good = [_installs(Path(folder) / "shipped"), _audit(Path(folder) / "auditor")]
    return all(good)


def _installs(folder: Path) -> bool:
    """An environment from the hashes alone, and the wheel without asking for more."""
    venv.create(folder, with_pip=True)
    wheels, install = str(folder / "wheels"), [*_pip(folder), "install", "-q"]
    steps = [
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", wheels],
        [*install, "--require-hashes", "-r", str(REQUIREMENTS)],
        [*install, "--no-deps", "--no-index", "--find-links", wheels, "wxlogin"],
        [*_pip(folder), "check"],
        [str(folder / "bin" / "wxlogin"), "settings", "--check"],
    ]
    for step in steps:
        done = _run(step, WXLOGIN_INSTANCE=str(folder / "instance"))
        if done.returncode:
            print(f"  not installed: {done.stderr.strip()[-500:]}")
            return False
    print("  installed by hashes, and it starts")
    return True


def _audit(folder: Path) -> bool:
    venv.create(folder, with_pip=True)
    done = _run([*_pip(folder), "install", "-q", "pip-audit"])
    if done.returncode:
        print("  NOT AUDITED: pip-audit cannot be installed")
        return False
    words = ["--require-hashes", "--disable-pip", "--progress-spinner", "off"]
    auditor = str(folder / "bin" / "pip-audit")
    done = _run([auditor, "-r", str(REQUIREMENTS), *words, "-f", "json"])
    found, text = judge(done.stdout)
    print(f"  {text}")
    return found


def judge(report: str) -> tuple[bool, str]:
    """Is this report of pip-audit's good, and what it says in a line or more.

    Its exit status is 0, too, where it found no advisories about a package because
    nobody answered, so each package is looked at.
    """
    try:
        listed = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return False, "NOT AUDITED: pip-audit gave no report"
    unseen = [one["name"] for one in listed if "vulns" not in one]
    if unseen or not listed:
        return False, f"NOT AUDITED: {len(unseen)} of {len(listed)} packages"
    bad = [
        f"{one['name']} {one['version']}: {', '.join(_ids(one['vulns']))}"
        for one in listed
        if one["vulns"]
    ]
    return not bad, "\n  ".join(bad) or f"{len(listed)} packages, no advisory"


def _ids(hits: list[dict[str, str]]) -> list[str]:
    return [hit["id"] for hit in hits]


def _pip(folder: Path) -> list[str]:
    return [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]


def _run(words: list[str], **more: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("WXLOGIN_")}
    return subprocess.run(
        words,
        cwd=ROOT,
        env=kept | more,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
