"""A cluster of `deploy/cluster/`, started in a folder of its own and stopped again."""

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_SCRIPTS = Path(__file__).parents[2] / "deploy/cluster"


@contextmanager
def running(script: str) -> Iterator[Callable[..., None]]:
    """`run("kill", "3")` calls the script with this cluster's folder."""
    with tempfile.TemporaryDirectory() as outer:
        # The servers' own users must reach what lies in it.
        Path(outer).chmod(0o755)
        folder = f"{outer}/cluster"

        def run(what: str, *more: str) -> None:
            command = ["sh", str(_SCRIPTS / script), what, folder, *more]
            # Servers keep the output that they were given.
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")

        try:
            run("start")
            yield run
        finally:
            run("stop")
