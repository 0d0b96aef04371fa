"""The OpenAPI file of the control API says what there is, and nothing else."""

import json
import re
from collections.abc import Iterator
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

import wxlogin.simulator
from wxlogin.simulator.world.journal import Call
from wxlogin.simulator.world.parties import App
from wxlogin.simulator.world.pushes import Delivery, Request

FILE = Path(wxlogin.simulator.__file__).with_name("openapi.json")
DOCUMENT = json.loads(FILE.read_text("utf-8"))
VERBS = {"GET", "POST", "PUT", "DELETE", "PATCH"}


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in DOCUMENT["paths"].items():
        for verb, operation in item.items():
            yield path, verb.upper(), operation


def routes(client: FlaskClient, prefix: str) -> set[tuple[str, str]]:
    """Path and method of each rule below the prefix."""
    return {
        (re.sub(r"<(\w+)>", r"{\1}", rule.rule.removeprefix(prefix)), verb)
        for rule in client.application.url_map.iter_rules()
        if rule.rule.startswith(prefix)
        for verb in VERBS & (rule.methods or set())
    }


def below(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of the document."""
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value:
        if isinstance(one, dict | list):
            yield from below(one)


def test_it_has_every_call_of_both_servers(client: FlaskClient) -> None:
    told = {(path, verb) for path, verb, _ in operations()}
    beside = "/_sim/worlds/<world_id>"
    assert [each["url"] for each in DOCUMENT["servers"]] == [
        "/_sim",
        "/_sim/worlds/{world}",
    ]
    of_first = {
        (path, verb)
        for path, verb in routes(client, "/_sim")
        if not path.startswith("/worlds/{world_id}")
    }
    assert told == of_first == routes(client, beside)


def test_it_is_served_as_it_lies_there(client: FlaskClient) -> None:
    beside = client.post("/_sim/worlds").get_json()["control"]
    for control in ("/_sim/", beside):
        answer = client.get(f"{control}openapi.json")
        assert answer.mimetype == "application/json"
        assert answer.get_json() == DOCUMENT
        answer.close()
    assert DOCUMENT["openapi"] == "3.1.0"
    assert DOCUMENT["info"]["version"] == version("wxlogin")


def test_every_name_in_it_leads_somewhere() -> None:
    for each in below(DOCUMENT):
        target: Any = DOCUMENT
        for step in each.get("$ref", "#").split("/")[1:]:
            target = target[step]
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names))


def test_bodies_have_the_fields_that_the_calls_know(client: FlaskClient) -> None:
    met = []
    for path, verb, operation in operations():
        # Any name may be a switch; a call that says which it knows is refused here.
        if "requestBody" not in operation or path == "/switches":
            continue
        schema = body_of(operation)
        given = {"no_such": 1} | ({"appid": "oa"} if path == "/console" else {})
        answer = client.open(f"/_sim{path}", method=verb, json=given)
        assert answer.status_code == 400, path
        listed = answer.get_json()["error"].partition("there are ")[2]
        assert set(listed.split(", ")) - {""} == set(schema["properties"]), path
        assert set(schema.get("required", [])) <= set(schema["properties"])
        assert schema["additionalProperties"] is False
        met.append(path)
    assert len(met) == 29


@pytest.mark.parametrize(
    ("schema", "kind"),
    [("App", App), ("Call", Call), ("Push", Delivery), ("PushRequest", Request)],
)
def test_answers_have_the_fields_of_what_they_show(schema: str, kind: type) -> None:
    told = DOCUMENT["components"]["schemas"][schema]
    assert list(told["properties"]) == [field.name for field in fields(kind)]
    assert told["required"] == list(told["properties"])


def body_of(operation: dict[str, Any]) -> dict[str, Any]:
    """The object that a call takes, also where it takes a list of them."""
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    schema = schema.get("oneOf", [schema])[0]
    name = schema.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = DOCUMENT["components"]["schemas"].get(name, schema)
    return found
