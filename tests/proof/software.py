"""Whole programs of docs/software.md, too heavy for the suite: 小明 and a stranger of
his nickname sign in at each, and are two users there.

    python -m tests.proof.software [FOLDER [PROGRAM …]]

Each is installed into an environment of its own from the package index, in FOLDER if
it is given (it stays, and is used again), and run with the settings of the page.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import requests

from tests.cli.commands import Commands, free_port
from tests.clients.person import Person
from tests.proof import environments
from tests.proof.programs import PROGRAMS, SECRET, Place, Program
from tests.proof.slow import service
from wxlogin.simulator.server import SimulatorServer
from wxlogin.simulator.world import World

PATIENCE = 180


def prove(folder: Path | None = None, names: tuple[str, ...] = ()) -> bool:
    """Prints a line for each; True if all told the two apart."""
    print("Whole programs of docs/software.md, and two people of one nickname")
    with ExitStack() as stack:
        kept = folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        wanted = [one for one in PROGRAMS if not names or one.name in names]
        return all([_prove(one, kept) for one in wanted])


def _prove(program: Program, kept: Path) -> bool:
    environment = kept / program.name
    if missing := _install(program, environment):
        print(f"  {program.name:16}not run: {missing}")
        return False
    with tempfile.TemporaryDirectory() as folder:
        users = _users(program, environment, Path(folder))
    good = len({one for one in users if one.startswith("wx-")}) == len(users)
    versions = _versions(program, environment)
    print(f"  {program.name:16}{versions}: {' and '.join(users)}", flush=True)
    return good


def _install(program: Program, environment: Path) -> str:
    """Makes the environment where there is none; what is in the way, or nothing."""
    if program.node and shutil.which("npm") is None:
        return "npm is missing"
    environment.mkdir(exist_ok=True)
    if environments.is_made(environment):
        return ""
    python = sys.executable
    if sys.version_info < program.oldest:
        version = ".".join(map(str, program.oldest))
        found = shutil.which(f"python{version}")
        if found is None:
            return f"it wants Python {version}"
        python = found
    steps = [
        [python, "-m", "venv", "."],
        [str(environment / "bin/pip"), "install", "-q", *program.packages],
    ]
    if program.node:
        steps.append(["npm", "install", "--silent", "--ignore-scripts", *program.node])
    return environments.make(environment, steps, at=environment)


def _versions(program: Program, environment: Path) -> str:
    done = subprocess.run(
        [str(environment / "bin/pip"), "list", "--format=freeze"],
        capture_output=True,
        text=True,
        check=True,
    )
    found = dict(line.split("==") for line in done.stdout.split() if "==" in line)
    return ", ".join(f"{name} {found[name]}" for name in program.packages)


def _users(program: Program, environment: Path, folder: Path) -> list[str]:
    """Whom the program says that 小明 and the stranger are."""
    port = free_port()
    site = {
        "name": program.name,
        "client_id": program.name,
        "client_secret": SECRET,
        "redirect_uris": [f"http://localhost:{port}{program.callback}"],
        **program.wishes,
    }
    with ExitStack() as stack:
        world = World.demo()
        world.registry.put_person({"name": "other", "nickname": "小明😀"})
        simulator = stack.enter_context(SimulatorServer(world, hold_seconds=0.2))
        more = {
            "WXLOGIN_SITES": json.dumps([site]),
            "WXLOGIN_EMAIL_DOMAIN": "users.login.teashop.cn",
        }
        wxlogin = stack.enter_context(service(folder, simulator.url, **more))
        issuer = f"http://127.0.0.1:{wxlogin}"
        place = Place(folder, environment, port, issuer)
        stack.enter_context(_running(program, place))
        return [_user(program, place, simulator, who) for who in ("xiaoming", "other")]


def _user(program: Program, place: Place, simulator: SimulatorServer, who: str) -> str:
    person = Person(place.issuer, simulator, who)
    try:
        program.sign_in(person, place)
        return program.user(person, place)
    finally:
        person.close()


@contextmanager
def _running(program: Program, place: Place) -> Iterator[None]:
    words, environment = program.start(place)
    commands = Commands(place.folder, program=["env"])
    path = f"{place.environment / 'bin'}:{os.environ['PATH']}"
    commands.start(*words, PATH=path, **environment)
    try:
        _answers(place.url + program.ready)
        yield
    finally:
        commands.stop_all()


def _answers(url: str) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if requests.get(url, timeout=PATIENCE).status_code == 200:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.2)
    raise AssertionError(f"{url} does not answer")


if __name__ == "__main__":
    given = [Path(word).resolve() for word in sys.argv[1:2]]
    sys.exit(not prove(*given, names=tuple(sys.argv[2:])))
