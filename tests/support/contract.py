"""The calls of /api/openapi.json, made up by the document itself."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

DOCUMENT = "/api/openapi.json"
ALWAYS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def _config() -> SchemathesisConfig:
    # Too large, or over already, is a refusal as well.
    refused = {"negative_data_rejection": {"expected-statuses": ["4XX"]}}
    return SchemathesisConfig.from_dict({"checks": refused})


class Caller:
    """Somebody with every key, who knows names and ids that are there.

    `keys`: headers by the name of a security scheme; "" for calls without one. `known`:
    paths that lead somewhere, which every other call of that form takes.
    """

    def __init__(
        self, app: Flask, keys: dict[str, dict[str, str]], known: dict[str, str]
    ) -> None:
        document = app.test_client().get(DOCUMENT).get_json()
        # The keys that a call needs. It always has them: whether it is refused
        # without is asked elsewhere.
        self._keys: dict[str, dict[str, str]] = {}
        for path, item in document["paths"].items():
            for verb, operation in item.items():
                ways = [name for way in operation.pop("security") for name in way]
                held = next((keys[name] for name in ways or [""] if name in keys), {})
                self._keys[f"{verb.upper()} {path}"] = held
        self.schema = schemathesis.openapi.from_dict(document, config=_config())
        self.schema.app = app
        self.known = known
        self.answers: dict[tuple[str, int], int] = {}
        self._turn = count()

    def operations(
        self, mode: GenerationMode
    ) -> Iterator[APIOperation[Any, Any, Any, Any]]:
        """All calls; in the negative mode those that can be given what does not fit:
        any text fits a path or a query."""
        for found in self.schema.get_all_operations():
            has_body = "requestBody" in found.ok().definition.raw
            if mode is GenerationMode.POSITIVE or has_body:
                yield found.ok()

    def calls(
        self,
        operation: APIOperation[Any, Any, Any, Any],
        mode: GenerationMode,
        *,
        times: int,
        database: Any = None,
    ) -> None:
        """Makes the call so often, each time differently, and checks each answer."""
        checks = [*ALWAYS]
        if mode is GenerationMode.NEGATIVE:
            checks.append(negative_data_rejection)

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=times,
            deadline=None,
            database=database,
            derandomize=database is None,
            phases=[Phase.explicit, Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        def one(case: Case) -> None:
            self._call(case, checks)

        one()

    def _call(self, case: Case, checks: list[Any]) -> None:
        if next(self._turn) % 2:
            for name, value in self.known.items():
                start, _, parameter = name.partition("{")
                if case.operation.path.startswith(start) and parameter:
                    case.path_parameters[parameter.rstrip("}")] = value
        answer = case.call(headers=self._keys[case.operation.label])
        said = (case.operation.label, answer.status_code)
        self.answers[said] = self.answers.get(said, 0) + 1
        case.validate_response(answer, checks=checks)
