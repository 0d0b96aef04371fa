"""One walk through a running demo, as text: what browsers, programs and operators get.

`wxlogin demo` is started in an empty folder and spoken to as strangers do: pages in
three languages, sign-ins by QR code, inside WeChat and from a native app, a site's
sign-in, what is refused, the commands that print people, the database after its
migrations. Whatever is random or tells a moment is masked, so that two checkouts can
be compared.
"""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import requests

WECHAT = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.50(0x18003230)"
)
DESKTOP = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0 Safari"
_PAGES = (
    "/",
    "/nothing",
    "/login?next=/me",
    "/login?next=https://evil.example/",
    "/login/embed",
    "/login/qr?app=none",
    "/login/callback/web",
    "/login/callback/web?code=a&state=b",
    "/me",
    "/logout",
    "/api/me",
    "/auth",
    "/healthz",
    "/readyz",
    "/oauth2/authorize",
    "/oauth2/authorize?client_id=none",
    "/oauth2/userinfo",
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/static/wxlogin.css",
)
_POSTS = (
    "/logout",
    "/me/delete",
    "/me/identities",
    "/api/attempts",
    "/api/mobile/app/login",
    "/api/nothing",
    "/oauth2/token",
    "/oauth2/revoke",
)
_COMMANDS = ("export -", "users", "doctor", "merges list", "conflicts list")
_SAME = {"Sec-Fetch-Site": "same-origin"}
_MASKS = (
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|\+00:00)?", "MOMENT"),
    (r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", "MOMENT"),
    (r"(?<=state=)[\w-]+", "STATE"),
    (r"(?<=nonce[-=])[\w-]+", "NONCE"),
    (r"(?<=code_challenge=)[\w-]+", "CHALLENGE"),
    (r"wxlogin_at-[\w=.-]+", "wxlogin_at-NONCE"),
    (r"(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{16,}([.=][\w-]{5,})*", "TOKEN"),
    (r"(?<![\w-])([\w-]{22}|[0-9a-f]{16})(?![\w-])", "TOKEN"),
    (r"\d+(\.\d+)? (ms|MB|GB)\b", "AMOUNT"),
)


@dataclass(frozen=True)
class Ports:
    """Where a demo listens."""

    service: int
    simulator: int
    shop: int

    @classmethod
    def free(cls) -> "Ports":
        sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
        ports = [each.getsockname()[1] for each in sockets]
        for each in sockets:
            each.close()
        return cls(*ports)

    def masked(self, text: str) -> str:
        for name, port in vars(self).items():
            text = text.replace(str(port), name.upper())
        for pattern, word in _MASKS:
            text = re.sub(pattern, word, text)
        return text

    def environment(self, folder: Path) -> dict[str, str]:
        ports = {
            "PORT": str(self.service),
            "SIMULATOR_PORT": str(self.simulator),
            "SHOP_PORT": str(self.shop),
        }
        return {**os.environ, **ports, "WXLOGIN_INSTANCE": str(folder)}


def _wxlogin() -> str:
    return str(Path(sys.executable).with_name("wxlogin"))


@contextmanager
def demo(folder: Path, ports: Ports) -> Iterator[None]:
    """`wxlogin demo`, ready to be spoken to."""
    process = subprocess.Popen(
        [_wxlogin(), "demo"],
        env=ports.environment(folder),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for port in (ports.service, ports.shop, ports.simulator):
            _answers(port)
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


def _answers(port: int) -> None:
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"nothing answers at {port}")


class Walker:
    """A person with a browser and a phone, or a program; `seen` is what came."""

    def __init__(self, ports: Ports, *, agent: str, language: str) -> None:
        self.ports = ports
        self.service = f"http://127.0.0.1:{ports.service}"
        self.shop = f"http://127.0.0.1:{ports.shop}"
        self.in_wechat = "MicroMessenger" in agent
        self.http = requests.Session()
        self.http.headers.update({"User-Agent": agent, "Accept-Language": language})
        self.seen: list[str] = []

    def asks(self, method: str, url: str, **more: Any) -> requests.Response:
        url = urljoin(self.service, url)
        more = {"allow_redirects": False, "timeout": 20, **more}
        answer = self.http.request(method, url, **more)
        heads = "\n".join(_heads(answer))
        picture = answer.headers.get("Content-Type", "").startswith("image/")
        body = "(a picture)" if picture else answer.content.decode()
        told = f"== {method} {url}\n{answer.status_code}\n{heads}\n\n{body}"
        self.seen.append(self.ports.masked(told))
        return answer

    def goes(self, url: str, *, most: int = 10) -> None:
        """Goes where redirects lead; WeChat's part is the person's."""
        answer = self.asks("GET", url)
        while answer.is_redirect and most:
            url = urljoin(answer.url, answer.headers["Location"])
            if "/connect/" in url:
                url = self._consents(url)
            answer, most = self.asks("GET", url), most - 1

    def waits_for_the_picture(self) -> None:
        """It is fetched beside the sign-in."""
        for _ in range(100):
            answer = self.http.get(f"{self.service}/api/me", timeout=20)
            if answer.json().get("avatar"):
                return
            time.sleep(0.1)

    def _consents(self, url: str) -> str:
        if self.in_wechat:
            return self.phone("authorize", url=url, person="xiaoming")["redirect"]
        found = re.search(r"/connect/qrcode/([\w-]+)", self.http.get(url).text)
        said = {"uuid": found[1] if found else "", "person": "xiaoming"}
        self.phone("scan", **said)
        return self.phone("confirm", **said)["redirect"]

    def phone(self, what: str, **said: str) -> dict[str, str]:
        url = f"http://localhost:{self.ports.simulator}/_sim/{what}"
        answer = requests.post(url, json=said, timeout=20)
        answer.raise_for_status()
        return dict(answer.json())


def _heads(answer: requests.Response) -> Iterator[str]:
    for name, value in sorted(answer.headers.items()):
        if name == "Allow":
            value = ", ".join(sorted(value.split(", ")))
        if name not in ("Date", "Content-Length", "X-Request-Id"):
            yield f"{name}: {value}"


def _visits(person: Walker) -> list[str]:
    for path in _PAGES:
        person.asks("GET", path)
        person.asks("GET", path, headers={"Accept": "application/json"})
    for path in _POSTS:
        person.asks("POST", path, headers=_SAME)
        person.asks("POST", path, json={"app": "web", "code": "x"})
    person.goes(
        "/login/h5?next=/healthz" if person.in_wechat else "/login/qr?next=/healthz"
    )
    person.waits_for_the_picture()
    person.asks("GET", "/me")
    person.asks("GET", "/api/me")
    person.goes(f"{person.shop}/login")
    person.asks("GET", f"{person.shop}/")
    person.asks("POST", "/logout", headers=_SAME)
    person.asks("GET", "/me")
    return person.seen


def _program(ports: Ports) -> list[str]:
    """A native app: its code, its own retry, and a thief's."""
    program = Walker(ports, agent="okhttp/4.12", language="zh")
    given = program.phone("app/login", appid="wx0000000000000a05", person="lihua")
    for attempt in ("a" * 22, "a" * 22, "b" * 22):
        said = {"code": given["code"], "attempt": attempt}
        answer = program.asks("POST", "/api/mobile/app/login", json=said)
    program.asks("GET", "/api/me", headers={"Authorization": "Bearer none"})
    assert answer.status_code == 400
    return program.seen


def walk(folder: Path) -> Iterator[str]:
    """Each answer that came, masked."""
    ports = Ports.free()
    with demo(folder, ports):
        for language in ("zh-CN", "en", "ja"):
            for agent in (DESKTOP, WECHAT):
                yield from _visits(Walker(ports, agent=agent, language=language))
        yield from _program(ports)
        for words in _COMMANDS:
            done = subprocess.run(
                [_wxlogin(), *words.split()],
                env=ports.environment(folder),
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            told = f"== wxlogin {words}: {done.returncode}\n{done.stdout}{done.stderr}"
            yield ports.masked(told.replace(str(folder), "FOLDER"))
    with sqlite3.connect(folder / "wxlogin.db") as database:
        for (text,) in database.execute("select sql from sqlite_master order by name"):
            yield f"schema {text}"
