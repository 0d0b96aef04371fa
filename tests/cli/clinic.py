"""A set-up that is well, as in production, for tests to make ill.

WeChat is a simulator in a process of its own, so that a test can move our clock
without moving WeChat's.
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from tests.support.people import appid_of
from wxlogin.cli import main

# It tells WeChat's own addresses, which are to be there before a clinic moves them.
from wxlogin.doctor import upstream  # noqa: F401
from wxlogin.wechat import endpoints

HOST = "login.shop.test"
WEB_SECRET = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
OTHER_SECRET = "9b8c7d6e5f40312213243546576879a8"
PASSWORD = "p4ssw0rd-of-a-store"


def app(name: str, kind: str, secret: str) -> dict[str, str]:
    return {
        "name": name,
        "kind": kind,
        "appid": appid_of(name),
        "secret": secret,
        "open_platform": "main",
    }


class Clinic:
    """Settings by name in `settings`, apps in `apps`; `examine` runs the doctor."""

    def __init__(
        self, folder: Path, database: Path, simulator: str, patch: pytest.MonkeyPatch
    ) -> None:
        self.folder, self.simulator, self._patch = folder, simulator, patch
        self.database = folder / "wxlogin.db"
        # Production asks WeChat's own addresses: here the simulator is at these.
        patch.setattr(endpoints, "API_HOST", simulator)
        patch.setattr(endpoints, "OPEN_HOST", simulator)
        shutil.copy(database, self.database)
        self.apps = [
            app("web", "website", WEB_SECRET),
            app("oa", "official_account", "a1b2c3d4e5f60718293a4b5c6d7e8f90"),
        ]
        self.settings = {
            "PUBLIC_URL": f"https://{HOST}",
            "SECRET_KEY": "K7vQ2mX9pL4sW8nR3tY6bZ1cF5gH0jD2",
            "ENCRYPTION_KEYS": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            "TRUSTED_PROXIES": "1",
            "VERIFY_FILES": '{"MP_verify_aB3dE5.txt": "aB3dE5"}',
        }
        self.switches: dict[str, Any] = {}
        self.registered: list[dict[str, Any]] = [
            {**app, "callback_domains": [HOST]} for app in self.apps
        ]

    def toml(self, text: str) -> None:
        (self.folder / "wxlogin.toml").write_text(text)
        (self.folder / "wxlogin.toml").chmod(0o600)

    def examine(self, *, as_json: bool = True) -> "Report":
        requests.post(f"{self.simulator}/_sim/reset", timeout=10)
        requests.put(
            f"{self.simulator}/_sim/apps", json=self.registered, timeout=10
        ).raise_for_status()
        requests.put(
            f"{self.simulator}/_sim/switches", json=self.switches, timeout=10
        ).raise_for_status()
        for name in list(os.environ):
            if name.startswith("WXLOGIN_") or name in ("PORT", "SIMULATOR_PORT"):
                self._patch.delenv(name)
        settings = {"INSTANCE": str(self.folder), "APPS": json.dumps(self.apps)}
        for name, value in (settings | self.settings).items():
            self._patch.setenv(f"WXLOGIN_{name}", value)
        words = ["doctor", "--json"] if as_json else ["doctor"]
        done = CliRunner().invoke(main, words)
        return Report(done.exit_code, done.output)


class Report:
    """What the doctor said, and the status it ended with."""

    def __init__(self, status: int, output: str) -> None:
        self.status, self.output = status, output

    @property
    def findings(self) -> list[dict[str, str]]:
        return json.loads(self.output)["findings"]

    def at(self, *levels: str) -> list[str]:
        """`check: everything it says`, a line each, of these levels."""
        return [
            f"{one['check']}: {one['text']} {one['todo']} {one['console']}"
            for one in self.findings
            if one["level"] in levels
        ]
