"""The environment that `make` makes for itself."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Instead of a whole environment, with pip, which takes seconds.
BARE = (
    '#!/bin/sh\ncase "$2" in venv) shift 2; exec {} -m venv --without-pip "$@";; esac\n'
)


def test_an_environment_whose_python_is_gone_is_made_anew(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to("python3")
    python.with_name("python3").symlink_to("/nowhere/python3")
    stamp = tmp_path / ".venv" / ".run"
    stamp.touch()
    bare = tmp_path / "bare"
    bare.write_text(BARE.format(sys.executable))
    bare.chmod(0o755)
    make = shutil.which("make")
    assert make is not None
    done = subprocess.run(
        [make, f"PYTHON={bare}", ".venv/bin/python"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert python.exists() and not stamp.exists()
