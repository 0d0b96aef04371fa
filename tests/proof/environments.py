"""Folders with other people's programs in them, made once."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

_WHOLE = "whole"


def is_made(folder: Path) -> bool:
    """Did every step of `make` there succeed?"""
    return (folder / _WHOLE).exists()


def make(folder: Path, steps: Sequence[Sequence[str]], *, at: Path) -> str:
    """Runs these commands in `at`, and remembers in `folder` that they succeeded; what
    is in the way, or nothing."""
    for step in steps:
        done = subprocess.run(step, cwd=at, capture_output=True, text=True, check=False)
        if done.returncode:
            return done.stderr.strip()[-300:]
    (folder / _WHOLE).touch()
    return ""
