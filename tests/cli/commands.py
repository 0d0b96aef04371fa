"""`wxlogin` as a process of its own, in a folder of its own."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import chdir
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import IO

import requests
from click.testing import CliRunner

from tests.support.tables import migrate
from wxlogin.cli import main

#: Seconds; a busy machine with two cores starts a process slowly.
PATIENCE = 60


@dataclass
class Running:
    """A command that goes on, and the lines it has printed."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    _queue: Queue[str | None] = field(default_factory=Queue)

    def __post_init__(self) -> None:
        for stream in (self.process.stdout, self.process.stderr):
            Thread(target=self._read, args=(stream,), daemon=True).start()

    def _read(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                self._queue.put(line.rstrip("\n"))
        self._queue.put(None)

    def says(self, text: str) -> str:
        """Waits for a line with this text, and gives it back."""
        silent = 0
        while silent < 2:
            try:
                line = self._queue.get(timeout=PATIENCE)
            except Empty:
                break
            if line is None:
                silent += 1
                continue
            self.lines.append(line)
            if text in line:
                return line
        raise AssertionError(f"no {text!r} in {self.lines}")

    def ends(self, how: signal.Signals = signal.SIGINT) -> int:
        """Asks the process to stop; its exit status."""
        self.process.send_signal(how)
        return self.process.wait(timeout=PATIENCE)


class Commands:
    """Runs `wxlogin` with an environment of its own."""

    def __init__(self, folder: Path, program: list[str] | None = None) -> None:
        self.folder = folder
        self.program = program or [str(Path(sys.executable).with_name("wxlogin"))]
        kept = ("PATH", "HOME", "LANG", "SYSTEMROOT")
        self.environment = {
            name: os.environ[name] for name in kept if name in os.environ
        }
        self.environment["WXLOGIN_INSTANCE"] = str(folder / "instance")
        self._started: list[Running] = []

    def run(self, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """A command that ends by itself."""
        return subprocess.run(
            [*self.program, *words],
            cwd=self.folder,
            env=self.environment | settings,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def here(self, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """The same in this process: for what a command says, and a second less."""
        others = {name: None for name in os.environ if name.startswith("WXLOGIN_")}
        with chdir(self.folder):
            done = CliRunner().invoke(
                main, words, env=others | self.environment | settings
            )
        return subprocess.CompletedProcess(
            words, done.exit_code, done.stdout, done.stderr
        )

    def migrate(self) -> None:
        """Makes the database, as `wxlogin db upgrade` does."""
        migrate(Path(self.environment["WXLOGIN_INSTANCE"]) / "wxlogin.db")

    def start(self, *words: str, **settings: str) -> Running:
        """A command that goes on until the test ends."""
        process = subprocess.Popen(
            [*self.program, *words],
            cwd=self.folder,
            env=self.environment | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_heeds_ctrl_c,
        )
        self._started.append(Running(process))
        return self._started[-1]

    def stop_all(self) -> None:
        for running in self._started:
            if running.process.poll() is None:
                running.process.terminate()
            try:
                running.process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                running.process.kill()
                running.process.wait()


def _heeds_ctrl_c() -> None:
    """Whoever runs the tests in the background has them ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


# Below what a system gives out by itself (from 32768 on), two thousand for each process
# of the tests: between the question and the use nobody else takes what was free.
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
_FIRST = 11_000 + _WORKER % 10 * 2000
_PORTS = cycle(range(_FIRST, _FIRST + 2000))


def free_port() -> int:
    """A port of loopback that nobody listens at; this process alone gives it out."""
    for port in _PORTS:
        with socket.socket() as probe:
            # As servers bind: what an ended connection left behind is no hindrance.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("there is always another one")


def get(url: str, **more: object) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, timeout=PATIENCE, **more)
