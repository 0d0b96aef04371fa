"""Every request that the documents print is one that is answered, in JSON."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import MapAdapter

from tests.docs.blocks import EVERY_PAGE, Block, json_in, mentions, of_kind

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_REQUEST = re.compile(rf"^({'|'.join(METHODS)}) (\S+)", re.M)
_OURS = re.compile(
    r"https?://(?:login(?:\.shop)?\.example|127\.0\.0\.1:5000|shop\.example/wx)"
    r"(/(?:oauth2|\.well-known|api|me)\b[\w./<>-]*+)(?!…)"
)
# Of others: what one-api and new-api were written for, and a page of WeChat's.
FOREIGN = ("/api/wechat/", "/dl/business/")


def asked(there: MapAdapter, method: str, address: str) -> None:
    # Some pages show the service below a path of a site.
    path = re.sub("^/wx(?=/)", "", urlsplit(address).path)
    there.match(re.sub(r"<[^>]*>|…", "x", path), method=method)


@pytest.mark.parametrize("block", of_kind("http"), ids=str)
def test_a_request_is_answered(block: Block, service_routes: MapAdapter):
    for method, address in _REQUEST.findall(block.text):
        asked(service_routes, method, address)
    json_in(re.sub(r"   # .*", "", block.text))


@pytest.mark.parametrize("page", EVERY_PAGE, ids=lambda page: page.name)
def test_a_request_in_a_sentence_is_answered(
    page: Path, service_routes: MapAdapter, simulator_routes: MapAdapter
):
    for method in METHODS:
        for address in (text.split()[0] for text in mentions(page, method)):
            if address.startswith(FOREIGN):
                continue
            try:
                asked(service_routes, method, address)
            except HTTPException:
                asked(simulator_routes, method, address)


@pytest.mark.parametrize("page", EVERY_PAGE, ids=lambda page: page.name)
def test_an_address_of_ours_is_there(page: Path, service_routes: MapAdapter):
    """Those that programs of others are given: whichever method they use."""
    for address in _OURS.findall(page.read_text("utf-8")):
        path = re.sub("<[^>]*>", "x", address)
        assert service_routes.allowed_methods(path), address


@pytest.mark.parametrize("answers", ["sh", "console"])
def test_an_answer_is_json(answers: str):
    for block in of_kind(answers):
        for answer in re.findall(r"^(?:→ )?(\{.*(?:\n +.*)*)", block.text, re.M):
            assert json_in(answer)


def test_a_request_that_nobody_answers_is_noticed(service_routes: MapAdapter):
    with pytest.raises(NotFound):
        asked(service_routes, "GET", "/api/mee")
    with pytest.raises(MethodNotAllowed):
        asked(service_routes, "DELETE", "https://shop.example/wx/api/me")
