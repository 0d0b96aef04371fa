"""docs/events.md names every event, and its code takes and refuses what it should."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.telling import WEBHOOK_SECRET
from wxlogin.accounts.changes import Kind
from wxlogin.telling.webhooks import signature

TEXT = (Path(__file__).parents[3] / "docs" / "events.md").read_text()

# How each language reads the case from its input and says what it thinks of it.
RUNS = {
    "python": (
        [sys.executable, "-c"],
        "\nimport json, sys\ncase = json.load(sys.stdin)\n"
        "args = case['secret'], case['headers'], case['body'].encode()\n"
        "print(json.dumps(is_genuine(*args)))\n",
    ),
    "php": (
        ["php", "-r"],
        "\n$case = json_decode(file_get_contents('php://stdin'), true);\n"
        "$args = [$case['secret'], $case['headers'], $case['body']];\n"
        "echo json_encode(is_genuine(...$args));\n",
    ),
    "js": (
        ["node", "-e"],
        "\nconst input = require('node:fs').readFileSync(0, 'utf8');\n"
        "const { secret, headers, body } = JSON.parse(input);\n"
        "console.log(isGenuine(secret, headers, Buffer.from(body)));\n",
    ),
}


def judges(language: str, *, body: str, secret: str, **headers: str) -> bool:
    command, ending = RUNS[language]
    if shutil.which(command[0]) is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{command[0]} is not installed", pytrace=False)
        pytest.skip(f"{command[0]} is not installed")
    [code] = re.findall(rf"```{language}\n(.*?)```", TEXT, re.S)
    case = {
        "secret": secret,
        "body": body,
        "headers": {name.replace("_", "-"): text for name, text in headers.items()},
    }
    done = subprocess.run(
        [*command, code + ending],
        input=json.dumps(case),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    judged: bool = json.loads(done.stdout)
    return judged


@pytest.mark.parametrize("language", RUNS)
def test_the_code_takes_ours_and_nobody_else_s(language: str) -> None:
    body, moment = '{"type":"user.created","data":{"name":"小明😀"}}', int(time.time())
    signed = signature(WEBHOOK_SECRET, "evt_1", moment, body.encode())
    good = {
        "body": body,
        "secret": WEBHOOK_SECRET,
        "webhook_id": "evt_1",
        "webhook_timestamp": str(moment),
        "webhook_signature": f"v1,AAAA {signed}",
    }
    assert judges(language, **good)
    assert not judges(language, **{**good, "body": body.replace("小", "大")})
    assert not judges(language, **{**good, "webhook_id": "evt_2"})
    assert not judges(language, **{**good, "webhook_signature": "v1,AAAA"})
    foreign = "whsec_" + "A" * 40
    assert not judges(language, **{**good, "secret": foreign})
    old = signature(WEBHOOK_SECRET, "evt_1", moment - 900, body.encode())
    replayed = {"webhook_timestamp": str(moment - 900), "webhook_signature": old}
    assert not judges(language, **{**good, **replayed})


def test_every_kind_of_event_is_named_and_none_besides() -> None:
    named = set(re.findall(r"`(user\.[a-z]+)`", TEXT))
    assert named == {kind.value for kind in Kind}
