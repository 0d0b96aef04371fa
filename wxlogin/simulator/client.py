"""The words of `verbs` for a simulator in another process or another container.

    simulator = Simulator("http://wxsim:5001")
    with simulator.world() as wechat:
        back = wechat.person("小明").scans(link).confirms()

Everything goes through the control API, which knows the rules; nobody's proxy is asked.
"""

import json
import os
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from . import verbs
from .refusals import MASK, Clash, Invalid, SimulatorError, Unknown
from .world.consent_link import BLANK_PAGE
from .world.journal import Call
from .world.parties import App
from .world.parties import Person as Party

#: What `run` tells its command.
_ADDRESS = "WECHAT_SIMULATOR_URL"
_SECONDS = 30.0
_KINDS = {one.status: one for one in (Invalid, Unknown, Clash)}
_SECRETS = ("secret", "token", "aes_key")
_opener = build_opener(ProxyHandler({}))


class Simulator:
    """The simulator at `url`, or at that of WECHAT_SIMULATOR_URL. Raises Invalid."""

    def __init__(self, url: str | None = None) -> None:
        url = url or os.environ.get(_ADDRESS, "")
        if not url.startswith(("http://", "https://")):
            raise Invalid(
                f"where the simulator is has to be said, by url or {_ADDRESS}, such as "
                f"http://localhost:5001, not {url!r}"
            )
        self.url = url.rstrip("/")

    def world(self) -> "WeChat":
        """WeChat for one test alone; drop it afterwards. Raises SimulatorError."""
        return WeChat(self.url, _ask("POST", f"{self.url}/_sim/worlds"))


class WeChat(verbs.WeChat):
    """One world of that simulator; `asks` is everything else there is to do."""

    def __init__(self, url: str, made: Mapping[str, Any]) -> None:
        super().__init__(made["id"], url)
        # Only the answer that made the world told them.
        self._secrets = {app["name"]: _secrets_in(app) for app in made["apps"]}

    def asks(self, method: str, call: str, given: object = None) -> Any:
        """Any call of the control API: `asks("POST", "mp/phone", {…})`, its answer.

        Raises SimulatorError.
        """
        return _ask(method, f"{self.control}/{call}", given)

    def drop(self) -> None:
        _ask("DELETE", f"{self.url}/_sim/worlds/{self.id}")

    def app(self, name: str, **changes: object) -> App:
        if changes:
            self.asks("PUT", "apps", {**changes, "name": name})
            told = self._secrets.setdefault(name, {})
            told |= _secrets_in(changes)
        for app in self.asks("GET", "apps"):
            if name in (app["name"], app["appid"]):
                return _app(app, self._secrets.get(app["name"], {}))
        raise Unknown(f"no app {name!r}")

    def switch(self, **values: Any) -> None:
        self.asks("PUT", "switches", values)

    @property
    def calls(self) -> list[Call]:
        return [Call(**call) for call in self.asks("GET", "calls")]

    def _people(self) -> list[Party]:
        return [_party(person) for person in self.asks("GET", "people")]

    def _put(self, **fields: str) -> Party:
        return _party(self.asks("POST", "people", fields))

    def _person(self, name: str) -> "Person":
        return Person(self, name)

    def _advance(self, seconds: float) -> None:
        self.asks("POST", "clock", {"advance": seconds})

    def _faults(self) -> list[dict[str, Any]]:
        everyone = self.asks("GET", "switches")["everyone"]
        return everyone.get("errcode") or []


class Person(verbs.Person):
    """One of that world's people."""

    def __init__(self, wechat: WeChat, name: str) -> None:
        self._wechat = wechat
        self._uuid = ""
        self.name = name

    def openid(self, app: str) -> str:
        return str(self._shown()["openids"][self._wechat.app(app).name])

    def unionid(self, app: str) -> str:
        platform = self._wechat.app(app).open_platform
        return str(self._shown()["unionids"][platform]) if platform else ""

    def scans(self, url: str) -> "Person":
        self._uuid = self._does("scan", url=url)["uuid"]
        return self

    def confirms(self) -> str:
        return str(self._does("confirm", uuid=self._uuid)["redirect"])

    def cancels(self) -> None:
        self._does("cancel", uuid=self._uuid)

    def opens(
        self, url: str, *, from_menu: bool = False, full_service: bool = False
    ) -> str:
        visit = {"from_menu": from_menu, "full_service": full_service}
        return str(self._does("authorize", url=url, **visit)["redirect"])

    def refuses(self, url: str) -> str | None:
        told = self._does("authorize", url=url, allow=False)
        return str(told["redirect"]) if "redirect" in told else None

    def follows(self, app: str) -> "Person":
        self._does("follow", appid=app)
        return self

    def unfollows(self, app: str) -> "Person":
        self._does("unfollow", appid=app)
        return self

    def logs_in(self, app: str) -> str:
        return str(self._does("mp/login", appid=app)["code"])

    def _does(self, call: str, **given: object) -> dict[str, Any]:
        """The answer; Clash where WeChat shows a page of its own."""
        told = self._wechat.asks("POST", call, {**given, "person": self.name})
        if "rule" in told:
            text = "" if told["page"] == BLANK_PAGE else told["page"]
            raise verbs.shows(text, told["code"], told["rule"], told["source"])
        return dict(told)

    def _shown(self) -> dict[str, Any]:
        people = self._wechat.asks("GET", "people")
        return next(one for one in people if one["name"] == self.name)


def _secrets_in(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {k: fields[k] for k in _SECRETS if fields.get(k, MASK) != MASK}


def _app(told: Mapping[str, Any], secrets: Mapping[str, Any]) -> App:
    fields = {k: tuple(v) if isinstance(v, list) else v for k, v in told.items()}
    return App(**{**fields, **secrets})


def _party(told: Mapping[str, Any]) -> Party:
    ids = ("openids", "unionids")
    return Party(**{name: value for name, value in told.items() if name not in ids})


def _ask(method: str, url: str, given: object = None) -> Any:
    body = None if given is None else json.dumps(given).encode()
    # Somebody's own address, and http or https.
    request = Request(url, body, method=method)  # noqa: S310
    try:
        with _opener.open(request, timeout=_SECONDS) as answer:
            return json.load(answer)
    except HTTPError as error:
        with error:
            raise _refusal(url, error) from None
    except (OSError, HTTPException, ValueError) as error:
        why = getattr(error, "reason", None) or error
        raise SimulatorError(f"no simulator answers at {url}: {why}") from None


def _refusal(url: str, error: HTTPError) -> SimulatorError:
    try:
        return _KINDS.get(error.code, SimulatorError)(json.load(error)["error"])
    except (OSError, ValueError, TypeError, KeyError):
        return SimulatorError(f"what answers at {url} is no simulator: {error.code}")
