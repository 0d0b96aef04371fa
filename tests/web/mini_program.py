"""A mini program on somebody's phone, as it calls the service."""

import secrets
from dataclasses import dataclass, field

from flask import Flask
from werkzeug.test import TestResponse

from tests.support.journey import asks_wechat, calls
from wxlogin.simulator.server import SimulatorServer

CODE2SESSION = "/sns/jscode2session"
MP, MP2 = "wx0000000000000a03", "wx0000000000000a04"


@dataclass
class MiniProgram:
    """The program `name` in the hands of `person`. It keeps no cookie."""

    app: Flask
    simulator: SimulatorServer
    person: str = "xiaoming"
    name: str = "mp"
    token: str = field(default="", init=False)

    @property
    def appid(self) -> str:
        return MP if self.name == "mp" else MP2

    def code(self) -> str:
        """What `wx.login` gives."""
        return self.of_wechat("login")["code"]

    def of_wechat(self, what: str, **more: object) -> dict:
        """What the phone's WeChat gives the program."""
        body = {"appid": self.appid, "person": self.person, **more}
        answer = asks_wechat(self.simulator, "POST", f"/_sim/mp/{what}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.get_json()

    def logs_in(self, code: str | None = None, **body: object) -> TestResponse:
        """`wx.login`, and our login; with a new attempt, unless one is given."""
        body.setdefault("attempt", secrets.token_urlsafe(16))
        answer = self.post("login", code=code or self.code(), **body)
        if answer.status_code == 200:
            self.token = answer.get_json()["token"]
        return answer

    def post(self, path: str, **body: object) -> TestResponse:
        return self.sends("POST", f"/api/mp/{self.name}/{path}", json=body)

    def sends(self, method: str, path: str, **more: object) -> TestResponse:
        headers = dict(more.pop("headers", {}))
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        client = self.app.test_client(use_cookies=False)
        return client.open(path, method=method, headers=headers, **more)

    def who(self, token: str | None = None) -> dict | None:
        """What /api/me says of this token, or of the program's; None for nobody."""
        headers = {"Authorization": f"Bearer {token or self.token}"}
        client = self.app.test_client(use_cookies=False)
        answer = client.get("/api/me", headers=headers)
        return answer.get_json() if answer.status_code == 200 else None

    def asked(self) -> int:
        """How often WeChat was asked about a code."""
        return len(calls(self.simulator, CODE2SESSION))


def program_with(app_for, settings_for, simulator, **changes: object) -> MiniProgram:
    """小明's phone with the program `mp`, whose entry in APPS says these things too."""
    apps = [
        app.model_dump() | (changes if app.name == "mp" else {})
        for app in settings_for().apps
    ]
    return MiniProgram(app_for(apps=apps, simulator="on"), simulator)
