"""What programs may call, as an OpenAPI 3.1 document.

It is made of the views: address and method from the route, the sentence from the
docstring, everything else from `operation` above the view, with the shapes of
`shapes`. So nothing is written twice, and a call that says nothing of itself is found
by a test.

In it: all below /api, and of OpenID Connect what servers call. What browsers open and
what our own pages ask is no contract.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from importlib.metadata import version
from typing import Any, TypeVar

from flask import Flask
from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from werkzeug.http import HTTP_STATUS_CODES

from wxlogin.config import Settings
from wxlogin.security.cookies import cookie_name
from wxlogin.web.shapes import Problem

View = TypeVar("View", bound=Callable[..., Any])
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
FILE = "multipart/form-data"
PROBLEM = "application/problem+json"
_MARK = "wxlogin_operation"
_VERBS = {"GET", "POST", "PUT", "DELETE"}
_ONE_FILE = {
    "type": "object",
    "properties": {"file": {"type": "string", "contentMediaType": "image/*"}},
    "required": ["file"],
}


class Key(Enum):
    """How a caller proves itself, as the document calls it."""

    #: client_id and secret of a site in SITES, by HTTP Basic.
    site = "site"
    #: OPERATOR_KEY.
    operator = "operator"
    #: The token of a native app or mini program.
    program = "program"
    #: The browser's session.
    session = "session"
    #: An access token of OpenID Connect.
    access_token = "access_token"  # noqa: S105  a name


@dataclass(frozen=True)
class operation:
    """Says of the view below it what programs may rely on."""

    #: By status: a shape, or None where there is no body.
    answers: dict[int, Any]
    #: Any one of them will do; none: anybody calls.
    keys: tuple[Key, ...] = field(default=(), kw_only=True)
    #: The body's shape.
    body: Any = field(default=None, kw_only=True)
    #: How it is written; FILE is one picture.
    media: str = field(default=JSON, kw_only=True)
    #: A sentence for each parameter.
    query: dict[str, str] = field(default_factory=dict, kw_only=True)
    #: The shape of all other answers.
    refusal: Any = field(default=Problem, kw_only=True)

    def __call__(self, view: View) -> View:
        setattr(view, _MARK, self)
        return view


def operation_of(view: Callable[..., Any]) -> operation | None:
    """What `operation` says of this view."""
    found: operation | None = getattr(view, _MARK, None)
    return found


def document(app: Flask, settings: Settings) -> dict[str, Any]:
    """The OpenAPI document of this service."""
    calls = list(_calls(app))
    shapes = _Shapes(one for _, _, _, one in calls)
    paths: dict[str, dict[str, Any]] = {}
    for path, verb, view, one in calls:
        told = {
            "operationId": re.sub(r"\W+", "_", f"{verb} {path}").strip("_"),
            **_sentences(view),
            **_parameters(path, one),
            **_body(verb, one, shapes),
            "responses": _responses(one, shapes),
            "security": [{key.value: []} for key in one.keys],
        }
        paths.setdefault(path, {})[verb] = told
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "wxlogin",
            "version": version("wxlogin"),
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": settings.public_url}],
        "paths": paths,
        "components": {
            "securitySchemes": _ways_to_prove(settings),
            "schemas": shapes.schemas,
        },
    }


class _Untitled(GenerateJsonSchema):
    """Schemas whose members are not named a second time."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


class _Shapes:
    """The schemas of all shapes, each once, by the name of its type."""

    def __init__(self, operations: Iterable[operation]) -> None:
        named: dict[str, Any] = {}
        for one in operations:
            for shape in (*one.answers.values(), one.body, one.refusal):
                if shape is not None:
                    named.setdefault(repr(shape), shape)
        self._schemas, told = TypeAdapter.json_schemas(
            [(name, "validation", TypeAdapter(shape)) for name, shape in named.items()],
            ref_template="#/components/schemas/{model}",
            schema_generator=_Untitled,
        )
        self.schemas: dict[str, Any] = told.get("$defs", {})

    def of(self, shape: Any) -> dict[str, Any]:
        return self._schemas[repr(shape), "validation"]


def _calls(app: Flask) -> Iterator[tuple[str, str, Callable[..., Any], operation]]:
    """Path, method in small letters, view, and what it says of itself."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda each: each.rule):
        view = app.view_functions[rule.endpoint]
        if (one := operation_of(view)) is not None:
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
            for verb in sorted(_VERBS & (rule.methods or set())):
                yield path, verb.lower(), view, one


def _sentences(view: Callable[..., Any]) -> dict[str, str]:
    first, _, more = (view.__doc__ or "").partition("\n\n")
    told = {"summary": " ".join(first.split())}
    return {**told, "description": " ".join(more.split())} if more.strip() else told


def _parameters(path: str, one: operation) -> dict[str, Any]:
    text = {"type": "string"}
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": text}
        for name in re.findall(r"\{(\w+)\}", path)
    ]
    for name, sentence in one.query.items():
        asked = {"name": name, "in": "query", "schema": text}
        found.append({**asked, "description": sentence})
    return {"parameters": found} if found else {}


def _body(verb: str, one: operation, shapes: _Shapes) -> dict[str, Any]:
    if verb == "get" or (one.body is None and one.media != FILE):
        return {}
    schema = _ONE_FILE if one.media == FILE else shapes.of(one.body)
    return {
        "requestBody": {"content": {one.media: {"schema": schema}}, "required": True}
    }


def _responses(one: operation, shapes: _Shapes) -> dict[str, Any]:
    media = PROBLEM if one.refusal is Problem else JSON
    told: dict[str, Any] = {}
    for status, shape in one.answers.items():
        told[str(status)] = {"description": HTTP_STATUS_CODES[status]}
        if shape is not None:
            content = {JSON: {"schema": shapes.of(shape)}}
            told[str(status)]["content"] = content
    refused = {media: {"schema": shapes.of(one.refusal)}}
    told["default"] = {"description": "A refusal.", "content": refused}
    return told


def _ways_to_prove(settings: Settings) -> dict[str, Any]:
    bearer = {"type": "http", "scheme": "bearer"}
    return {
        Key.site.value: {
            "type": "http",
            "scheme": "basic",
            "description": "client_id and secret of a site in SITES.",
        },
        Key.operator.value: {**bearer, "description": "OPERATOR_KEY."},
        Key.program.value: {
            **bearer,
            "description": "The token of a native app or a mini program.",
        },
        Key.access_token.value: {
            **bearer,
            "description": "An access token of OpenID Connect.",
        },
        Key.session.value: {
            "type": "apiKey",
            "in": "cookie",
            "name": cookie_name(settings, "session"),
            "description": "The browser's session.",
        },
    }
