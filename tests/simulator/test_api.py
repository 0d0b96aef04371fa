"""What all calls of a server have in common, whatever they are for."""

import json
import re

import pytest
from flask.testing import FlaskClient


@pytest.mark.parametrize("path", ["/cgi-bin/no/such", "/wxa/business/nosuch"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_path_is_40066_as_json_with_status_200(
    client: FlaskClient, path: str, method: str
) -> None:
    answer = client.open(path, method=method)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json; encoding=utf-8"
    told = json.loads(answer.data)
    assert told["errcode"] == 40066
    # No comma in front of the rid outside /sns/.
    assert re.fullmatch(
        r"invalid url rid: [0-9a-f]{8}(-[0-9a-f]{8}){2}", told["errmsg"]
    )


def test_it_is_noted_and_may_be_spoiled(client: FlaskClient) -> None:
    switch = {"path": "/wxa/nosuch", "errcode": -1}
    client.put("/_sim/switches", json={"errcode": switch, "content_type": "image/jpeg"})
    answer = client.get("/wxa/nosuch?access_token=MARKER")
    assert json.loads(answer.data)["errcode"] == -1
    assert answer.headers["Content-Type"] == "image/jpeg"
    (call,) = client.get("/_sim/calls").get_json()
    assert (call["path"], call["errcode"]) == ("/wxa/nosuch", -1)
    assert call["params"] == {"access_token": "•••"}
