"""Harmless questions to WeChat, and where the simulator would answer otherwise.

The questions and the simulator's answers are recorded in `check.toml`. None of them can
succeed. What comes back is read for its status, type, errcode and errmsg, and is never
shown as it came: an answer may hold what was asked, and an address a secret.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from .refusals import MASK, SimulatorError

#: Where WeChat answers servers.
REAL = "https://api.weixin.qq.com"

_FILE = Path(__file__).with_name("check.toml")
_SECONDS = 10
_MOST_BYTES = 65_536
_RID = re.compile(r"(,?) rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$")


@dataclass(frozen=True)
class Question:
    """One call; `{appid}` and `{secret}` stand in its values. Its answer beside it."""

    name: str
    path: str
    errcode: int
    errmsg: str
    source: str
    method: str = "GET"
    kinds: tuple[str, ...] = ()
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    json: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def expected(self) -> dict[str, str]:
        """What the simulator answers, in words to be compared."""
        sns = self.path.startswith("/sns/")
        return {
            "status": "200",
            "Content-Type": "text/plain" if sns else "application/json; encoding=utf-8",
            "errcode": str(self.errcode),
            "errmsg": json.dumps(self.errmsg),
            "behind it": ", rid: …" if sns else " rid: …",
        }


@dataclass(frozen=True)
class Outcome:
    """A question with what differs: by name, WeChat's and the simulator's."""

    question: Question
    differs: Mapping[str, tuple[str, str]]


def questions(kind: str) -> list[Question]:
    """Those for an app of this kind, in the order in which they are asked."""
    found = tomllib.loads(_FILE.read_text("utf-8"))["questions"]
    every = [Question(**each) for each in found]
    return [each for each in every if not each.kinds or kind in each.kinds]


def outcomes(
    kind: str, appid: str, secret: str, at: str = REAL, ca_file: Path | None = None
) -> Iterator[Outcome]:
    """Ask one question after another. Raises SimulatorError where nobody answers."""
    own = {"{appid}": appid, "{secret}": secret}
    with requests.Session() as session:
        # Nobody's password file adds a header to what is asked.
        session.auth = lambda request: request
        for question in questions(kind):
            got = _asked(session, question, own, at, ca_file)
            wanted = question.expected()
            differs = {
                name: (_masked(got[name], secret), wanted[name])
                for name in wanted
                if got[name] != wanted[name]
            }
            yield Outcome(question, differs)


def _asked(
    session: requests.Session,
    question: Question,
    own: Mapping[str, str],
    at: str,
    ca_file: Path | None,
) -> dict[str, str]:
    def filled(values: Mapping[str, str]) -> dict[str, str]:
        return {name: own.get(value, value) for name, value in values.items()}

    try:
        with session.request(
            question.method,
            at + question.path,
            params=filled(question.query),
            data=filled(question.form) or None,
            json=filled(question.json) or None,
            headers=dict(question.headers),
            timeout=_SECONDS,
            allow_redirects=False,
            stream=True,
            verify=str(ca_file) if ca_file else True,
        ) as answer:
            body = b""
            for piece in answer.iter_content(4096):
                body += piece
                if len(body) > _MOST_BYTES:
                    break
            status, kind = answer.status_code, answer.headers.get("Content-Type", "")
    except (requests.RequestException, OSError) as error:
        # Its text has the whole address in it, and so the secret.
        said = type(error).__name__
        raise SimulatorError(
            f"no answer from {at} to {question.name!r} ({said})"
        ) from None
    return {"status": str(status), "Content-Type": kind, **_read(body)}


def _read(body: bytes) -> dict[str, str]:
    """What a body says, in the words of `Question.expected`."""
    try:
        told: Any = json.loads(body.decode("utf-8", "replace"), strict=False)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        return {"errcode": "no JSON object", "errmsg": "–", "behind it": "–"}
    if "errcode" not in told:
        return {"errcode": "none", "errmsg": "–", "behind it": "–"}
    errmsg = str(told.get("errmsg", ""))
    rid = _RID.search(errmsg)
    return {
        "errcode": str(told["errcode"]),
        "errmsg": json.dumps(errmsg[: rid.start()] if rid else errmsg),
        "behind it": f"{rid[1]} rid: …" if rid else "nothing",
    }


def _masked(text: str, secret: str) -> str:
    shown = "".join(c if c.isprintable() else " " for c in text)
    return (shown.replace(secret, MASK) if secret else shown)[:200]
