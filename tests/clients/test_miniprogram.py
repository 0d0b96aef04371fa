"""The mini program of docs/examples/miniprogram, in Node against simulator and service.

Each file of tests is a run of Node's own runner with a `wx` that stands for WeChat's
(tests/clients/node/miniprogram/wx.mjs).
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.commands import PATIENCE
from tests.clients.conftest import NODE, required

FOLDER = NODE / "miniprogram"
# What a file's service has that others have not.
SETTINGS: dict[str, dict[str, object]] = {
    # So that a computer can be in another network than the phone.
    "scan.test.mjs": {"trusted_proxies": 1},
    "strangers.test.mjs": {
        "registration": "ask",
        "terms_url": "https://shop.example/terms",
        "terms_version": "2026-11",
    },
}


@pytest.fixture
def run_tests(serve, simulator):
    """`run_tests(file)` of Node's runner; what it says is the failure."""
    node = shutil.which("node")
    if node is None:
        required("Node is missing; install it with: apt-get install nodejs")

    def run(file: Path) -> None:
        service = serve(**SETTINGS.get(file.name, {}))
        done = subprocess.run(
            [node, "--test", str(file)],
            env={
                "PATH": os.environ["PATH"],
                "SERVICE": service.url,
                "SIMULATOR": simulator.url,
            },
            capture_output=True,
            text=True,
            timeout=3 * PATIENCE,
            check=False,
        )
        if done.returncode != 0:
            pytest.fail(done.stdout + done.stderr, pytrace=False)

    return run


@pytest.mark.parametrize(
    "file", sorted(FOLDER.glob("*.test.mjs")), ids=lambda file: file.name
)
def test_in_node(run_tests, file):
    run_tests(file)
