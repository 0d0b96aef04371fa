"""An official account of the simulated WeChat whose followers move to another one."""

import json
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import requests

from wxlogin.simulator.server import SimulatorServer
from wxlogin.simulator.world import ids

#: The account that is given up, and the one in its place.
OLD, NEW = "wx0000000000000a06", "wx0000000000000a02"

Run = Callable[..., subprocess.CompletedProcess[str]]


class MovingAccount:
    """`lone` of the simulator's fixed world, which becomes `oa`, and people of ours who
    signed in through it."""

    def __init__(self, run: Run, simulator: SimulatorServer, folder: Path) -> None:
        #: Runs `wxlogin …` at a service whose WeChat is the simulator.
        self.run, self.simulator, self.folder = run, simulator, folder

    @property
    def world(self):
        return self.simulator.world

    def has(self, number: int, *, gone: Iterable[int] = ()) -> list[str]:
        """So many people, of whom those with these numbers follow no more; the old
        openids."""
        names = [f"p{one:04}" for one in range(number)]
        app = self.world.registry.app("lone")
        for one, name in enumerate(names):
            self.world.registry.put_person({"name": name})
            if one not in set(gone):
                self.world.relations.follow(app, name)
        openids = [ids.openid(OLD, name) for name in names]
        file = self.folder / "people.jsonl"
        lines = (json.dumps({"openids": {"lone": one}}) + "\n" for one in openids)
        file.write_text("".join(lines))
        done = self.run("import", str(file))
        assert done.returncode == 0, done.stderr
        return openids

    def moves(self) -> None:
        """Both administrators have said yes."""
        self.control("migrate", **{"from": "lone", "to": "oa"})
        self.control("migrate/confirm", **{"from": "lone"})

    def control(self, path: str, **given: str) -> None:
        url = f"{self.simulator.url}/_sim/{path}"
        requests.post(url, json=given, timeout=10).raise_for_status()

    def migrates(self, *words: str):
        """`wxlogin migrate openids` from the old account to the new one."""
        command = ("migrate", "openids", "--app", "oa", "--from-appid", OLD)
        return self.run(*command, *words)
