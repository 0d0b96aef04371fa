"""What /api/openapi.json says is what there is, whatever is sent.

Every call is made with bodies and parameters that fit the document, and with some that
do not: no answer is a fault of ours or one that the document has no word for, and what
does not fit is refused.
"""

import pytest
from flask import Flask

from wxlogin.web import openapi

DOCUMENT = "/api/openapi.json"


# Its modules are imported where they are used: that takes a worker half a second.
@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_whatever_is_sent(app_for, settings_for, simulator, mode: str) -> None:
    from schemathesis import GenerationMode

    from tests.web.contract import knowing_caller, settings_of_all

    app = app_for(**settings_of_all(settings_for().apps))
    caller = knowing_caller(app, simulator)
    for operation in caller.operations(GenerationMode(mode)):
        caller.calls(operation, GenerationMode(mode), times=5)
    good = {call for call, status in caller.answers if status < 300}
    # Not everything ends at the first check.
    assert mode == "negative" or len(good) > 15


def test_every_call_below_api_is_in_the_document(app: Flask) -> None:
    told = app.test_client().get(DOCUMENT).get_json()["paths"]
    rules = [r for r in app.url_map.iter_rules() if r.rule.startswith("/api/")]
    assert rules
    for rule in rules:
        view = app.view_functions[rule.endpoint]
        assert openapi.operation_of(view) is not None, rule
        assert view.__doc__, rule
    assert len(told) > 30


def test_every_page_may_read_it_and_it_is_made_once(app: Flask) -> None:
    client = app.test_client()
    first = client.get(DOCUMENT)
    assert first.headers["Access-Control-Allow-Origin"] == "*"
    assert first.get_json()["openapi"] == "3.1.0"
    assert first.get_json()["servers"] == [{"url": "http://127.0.0.1:5000"}]
    assert client.get(DOCUMENT).data == first.data


def test_what_it_says_of_one_call(app: Flask) -> None:
    told = app.test_client().get(DOCUMENT).get_json()
    call = told["paths"]["/api/site/users/{uid}/groups"]["put"]
    assert call["operationId"] == "put_api_site_users_uid_groups"
    assert call["security"] == [{"site": []}]
    assert [one["name"] for one in call["parameters"]] == ["uid"]
    assert set(call["responses"]) == {"200", "default"}
    refused = call["responses"]["default"]["content"]
    assert list(refused) == ["application/problem+json"]
    kinds = told["components"]["schemas"]["Event"]["properties"]["type"]["enum"]
    assert "user.merged" in kinds
