"""Bodies that nobody wrote by hand, rightly signed: real pushes with something changed.

`fuzz` sends them and keeps the figures; the same seed makes the same bodies. One of
ten is kept in the database and worked on, too.
"""

import ctypes
import gc
import itertools
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from unittest.mock import patch

from werkzeug.test import TestResponse

from tests.web.pushes import Hand, in_json, in_xml, settle
from wxlogin.flows import push
from wxlogin.simulator.world.push_letter import written

ID, ACCOUNT = "ousmv0Tz_2eG1mSkMdPfaai-bQxS", "gh_0123456789ab"
EVENTS = [
    {"Event": "subscribe", "EventKey": "qrscene_login_8f_2c", "Ticket": "gQ=="},
    {"Event": "unsubscribe", "EventKey": ""},
    {"Event": "SCAN", "EventKey": "a" * 22, "Ticket": "gQ=="},
    {"Event": "LOCATION", "Latitude": "23.1", "Longitude": "113.3"},
    {"Event": "scancode_push", "ScanCodeInfo": {"ScanType": "qr", "ScanResult": "1"}},
    {"Event": "user_authorization_revoke", "OpenID": ID, "RevokeInfo": "205"},
    {"Event": "user_authorization_cancellation", "OpenID": ID},
    {"Event": "user_info_modified", " OpenID": ID},
    {"Event": "wxa_media_check", "trace_id": "t", "result": {"suggest": "risky"}},
    {"MsgType": "text", "Content": "验证码482913。", "MsgId": 24000000000000001},
    {"MsgType": "image", "PicUrl": "https://mmbiz.qpic.cn/x", "MsgId": "7"},
    {"action": "CheckContainerPath"},
]
# What readers stumble over.
PIECES = (
    *(b"\0", b"\x02", b"\x1d", b"\xff", b"\xe5\xb0", b"\xed\xa0\x80", b"\xef\xbf\xbe"),
    *(b"\xef\xbb\xbf", b"\xff\xfe", "１".encode(), b"&", b"&a;", b"&#0;", b"&#x2;"),
    *(b"&#xD800;", b"&#99999999;", b"&#x110000;", b"<", b">", b"<!--", b"-->", b"<?"),
    *(b"?>", b"<![CDATA[", b"]]>", b"<xml>", b"</xml>", b"<a:b>", b" xmlns='a'"),
    *(b"<Encrypt>", b"</Encrypt>", b"<Encrypt>AAAA</Encrypt>", b"<result>", b"result"),
    *(b"<result><suggest>", b'"', b"{", b"}", b"[", b"\\", b"\\ud800", b"\\u0000"),
    *(b"\\u", b",", b":", b"null", b"NaN", b"1e999", b"-0", b"9" * 400, b" " * 400),
    *(b"\t\r\n", b"FromUserName", b"OpenID", b"CreateTime", b"qrscene_"),
    *(b"<!DOCTYPE x>", b'<!DOCTYPE x [<!ENTITY a "b">]>'),
)
BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
# So many pushes are also kept and worked on; the rest ends at the database's door.
KEPT_ONE_IN = 10


def bodies(chance: random.Random) -> Iterator[bytes]:
    """Messages, XML and JSON, most of them with some bytes changed."""
    while True:
        told = {"ToUserName": ACCOUNT, "FromUserName": ID, "MsgType": "event"}
        told |= {"CreateTime": 1700000000 + chance.randrange(10**6)}
        body = written(told | chance.choice(EVENTS), chance.choice(("xml", "json")))
        for _ in range(chance.choice((0, 1, 1, 2, 3, 8))):
            body = chance.choice(CHANGES)(chance, body)
        # Of nothing at all a sealed push is refused (security row 83).
        yield body[:38_000] or b" "


def _flipped(chance: random.Random, body: bytes) -> bytes:
    at = chance.randrange(len(body) + 1)
    return body[:at] + chance.randbytes(1) + body[at + 1 :]


def _cut(chance: random.Random, body: bytes) -> bytes:
    one, two = sorted(chance.randrange(len(body) + 1) for _ in range(2))
    return body[:one] + body[two:]


def _pasted(chance: random.Random, body: bytes) -> bytes:
    at = chance.randrange(len(body) + 1)
    return body[:at] + chance.choice(PIECES) + body[at:]


def _repeated(chance: random.Random, body: bytes) -> bytes:
    one, two = sorted(chance.randrange(len(body) + 1) for _ in range(2))
    many = chance.choice((2, 2, 20, 3000))
    return body[:one] + (body[one:two] * many)[:40_000] + body[two:]


def _valued(chance: random.Random, body: bytes) -> bytes:
    """Another value in a place where one stands."""
    for value in chance.sample((ACCOUNT.encode(), ID.encode(), b"event", b"1700"), 4):
        if value in body:
            return body.replace(value, chance.choice(PIECES) * chance.randrange(1, 9))
    return body


def _headed(chance: random.Random, body: bytes) -> bytes:
    return chance.choice((BOMB, *PIECES)) + body


CHANGES: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    *(_flipped, _cut, _pasted, _pasted, _repeated, _valued, _headed),
)


@dataclass
class Figures:
    """What came of it; memory in bytes, after the first tenth and at the end."""

    answers: Counter[int] = field(default_factory=Counter)
    #: Wrong answers, with the body.
    wrong: list[tuple[int, bytes]] = field(default_factory=list)
    #: Seconds of processor that one request took, and its body.
    slowest: tuple[float, bytes] = (0.0, b"")
    before: int = 0
    after: int = 0

    def note(self, answer: TestResponse, seconds: float, body: bytes) -> None:
        self.answers[answer.status_code] += 1
        self.slowest = max(self.slowest, (seconds, body))
        refused = answer.status_code == 400 and b"<!DOCTYPE" in body
        if answer.status_code != 200 and not refused:
            self.wrong.append((answer.status_code, body))

    def __str__(self) -> str:
        told = ", ".join(f"{many} × {status}" for status, many in self.answers.items())
        return (
            f"{told}; {len(self.wrong)} wrong; slowest "
            f"{self.slowest[0] * 1000:.0f} ms of processor; memory "
            f"{self.before >> 20} MB, then {self.after >> 20} MB"
        )


def fuzz(hands: list[Hand], count: int, seed: int = 1) -> Figures:
    """Sends so many bodies, through these hands in turn."""
    # The same bodies each time, not secrets.
    chance, figures = random.Random(seed), Figures()  # noqa: S311
    with patch.object(push, "_take", _seldom(push._take)):
        _send(hands, count, chance, figures)
    for hand in hands:
        settle(hand.app)
    figures.after = memory()
    return figures


def _seldom(take: Callable[..., int | None]) -> Callable[..., int | None]:
    numbers = itertools.count()
    return lambda job: None if next(numbers) % KEPT_ONE_IN else take(job)


def _send(
    hands: list[Hand], count: int, chance: random.Random, figures: Figures
) -> None:
    for number, body in zip(range(count), bodies(chance), strict=False):
        if number == count // 10:
            figures.before = memory()
        hand = hands[number % len(hands)]
        hand.at = int(time.time())
        began = time.thread_time()
        answer = hand.sends(body, _envelope(chance, body))
        figures.note(answer, time.thread_time() - began, body)


def _envelope(chance: random.Random, body: bytes) -> Callable[[str], bytes]:
    """Around a sealed text, at times with what a compatible push has outside."""
    if chance.random() < 0.5:
        return chance.choice((in_xml, in_json))
    front = body[:2000]
    if chance.random() < 0.5:
        return lambda text: front + in_xml(text)
    outside = json.dumps({"Content": front.decode("latin-1")})[:-1]
    return lambda text: f'{outside},"Encrypt":"{text}"}}'.encode()


def memory() -> int:
    """Resident bytes of this process, without what is free and only kept at hand: large
    bodies of many sizes leave holes in the heap."""
    gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    with open("/proc/self/statm") as told:
        return int(told.read().split()[1]) * 4096
