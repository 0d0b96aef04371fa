"""An app's server that pushes reach without a network, and that reads them itself."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree

from wxlogin.simulator import World
from wxlogin.simulator.world.parties import App
from wxlogin.simulator.world.push_answers import Answer
from wxlogin.simulator.world.push_crypto import seal, signature, unseal
from wxlogin.simulator.world.push_letter import Letter
from wxlogin.simulator.world.push_post import NoAnswer

URL = "https://shop.example/push"


@dataclass
class Receiver:
    """`answers` are given in turn, the last one for ever; `letters` came in."""

    world: World
    name: str = "oa"
    answers: list[Answer | str | None] = field(default_factory=lambda: ["success"])
    letters: list[Letter] = field(default_factory=list)
    paused: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.world.registry.put_apps({"name": self.name, "push_url": URL})
        self.world.pushes.post = self.post
        self.world.pushes.pause = self.pause
        self.world.pushes.start = lambda job: job()

    @property
    def app(self) -> App:
        return self.world.registry.app(self.name)

    def post(self, letter: Letter, seconds: float) -> Answer:
        assert seconds == 5
        self.letters.append(letter)
        answer = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        if answer is None:
            raise NoAnswer("no answer within 5 s")
        if isinstance(answer, str):
            return Answer(200, {}, answer.encode())
        return answer

    def pause(self, seconds: float) -> None:
        """The world's clock goes on, nobody waits."""
        self.paused.append(seconds)
        self.world.advance(seconds)

    @property
    def told(self) -> list[dict[str, Any]]:
        """The messages, read and proved as a server in safe mode does."""
        return [opened(self.app, letter) for letter in self.letters]


def query(letter: Letter) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(letter.url).query, keep_blank_values=True))


def opened(app: App, letter: Letter) -> dict[str, Any]:
    """A safe push: both signatures, the key, the appid, the form."""
    asked, outer = query(letter), parsed(letter.body)
    signed = app.token, asked["timestamp"], asked["nonce"]
    assert asked["signature"] == signature(*signed)
    assert asked["encrypt_type"] == "aes"
    assert asked["msg_signature"] == signature(*signed, outer["Encrypt"])
    assert outer["ToUserName"] == app.original_id
    message, appid = unseal(outer["Encrypt"], app.aes_key)
    assert appid == app.appid
    return parsed(message)


def parsed(body: bytes) -> dict[str, Any]:
    if body.startswith(b"{"):
        read: dict[str, Any] = json.loads(body)
        return read
    return dict(_children(ElementTree.fromstring(body)))  # noqa: S314  our own


def _children(root: ElementTree.Element) -> Iterator[tuple[str, Any]]:
    for child in root:
        yield child.tag, dict(_children(child)) if len(child) else child.text or ""


def reply(app: App, to: str, content: str = "你好", **changes: str | None) -> str:
    """A passive reply; None leaves an element out."""
    texts = {
        "ToUserName": to,
        "FromUserName": app.original_id,
        "CreateTime": "1700000000",
        "MsgType": "text",
        "Content": content,
    } | changes
    return f"<xml>{_written(texts)}</xml>"


def sealed(app: App, message: str, **changes: str | None) -> str:
    """The envelope of an answer, in the form of the app's pushes."""
    encrypt = seal(message.encode(), app.aes_key, app.appid)
    stamp, nonce = changes.pop("TimeStamp", "1700000000") or "", "n1"
    texts = {
        "Encrypt": encrypt,
        "MsgSignature": signature(app.token, stamp, nonce, encrypt),
        "TimeStamp": stamp,
        "Nonce": nonce,
    } | changes
    if app.push_format == "json":
        return json.dumps(texts | {"TimeStamp": int(stamp)})
    return f"<xml>{_written(texts)}</xml>"


def _written(texts: dict[str, str | None]) -> str:
    pairs = [(name, text) for name, text in texts.items() if text is not None]
    return "".join(f"<{n}><![CDATA[{t}]]></{n}>" for n, t in pairs)
