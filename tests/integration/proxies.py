"""Real proxies, set up as docs/protecting.md says."""

import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask, request

from tests.cli.commands import get

DOCUMENT = Path(__file__).parents[2] / "docs" / "protecting.md"
FORGED = {
    "X-Wxlogin-Uid": "forged",
    "X-Wxlogin-Name": "forged",
    "X-Wxlogin-External-Id": "forged",
}


def backend() -> Flask:
    """An application that says which of our headers it got."""
    app = Flask("backend")

    @app.get("/app/<path:page>")
    def echo(page: str) -> dict[str, str]:
        return {name: request.headers.get(name, "-") for name in FORGED}

    return app


def documented(language: str, changes: Mapping[str, str]) -> str:
    """The configuration in the document, with other ports and folders."""
    pattern = rf"```{language}\n(.*?)```"
    (block,) = re.findall(pattern, DOCUMENT.read_text("utf-8"), re.S)
    for written, meant in changes.items():
        assert written in block
        block = block.replace(written, meant)
    return block


def needed(program: str | None, name: str, package: str) -> str:
    """The program, or a skipped test; in CI a failed one."""
    if program is not None:
        return program
    message = f"{name} is missing; install it with: apt-get install {package}"
    (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(message)
    raise AssertionError


@contextmanager
def running(command: list[str], url: str, **environment: str) -> Iterator[None]:
    """The program while the block runs, from when it answers at `url`."""
    process = subprocess.Popen(command, env=os.environ | environment)
    try:
        _wait_for(url, process)
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(400):
        assert process.poll() is None, "the proxy has ended"
        try:
            get(url)
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the proxy does not answer")
