"""/wxa/getwxacodeunlimit: a code that can be read, and what is refused."""

import json
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import zxingcpp
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from wxlogin.simulator import World

from .conftest import MP, OA, Program, errcode

PATH = "/wxa/getwxacodeunlimit"


def ask(program: Program, **given: object) -> TestResponse:
    query = {"access_token": program.token()}
    wanted = {"scene": "s"} | given
    answer = program.client.post(PATH, json=wanted, query_string=query)
    assert answer.status_code == 200
    return answer


def refused(answer: TestResponse) -> int:
    assert answer.headers["Content-Type"] == "application/json; encoding=utf-8"
    return errcode(json.loads(answer.data))


def image_of(answer: TestResponse) -> Image.Image:
    return Image.open(BytesIO(answer.data))


def read(image: Image.Image) -> dict[str, str]:
    """What a camera reads: the query of the link."""
    white = Image.new("RGBA", image.size, "white")
    white.alpha_composite(image.convert("RGBA"))
    (found,) = zxingcpp.read_barcodes(white.convert("RGB"))
    link = urlsplit(found.text)
    assert (link.netloc, link.path) == ("localhost", "/phone/mp")
    return dict(parse_qsl(link.query, keep_blank_values=True))


def test_a_jpeg_that_holds_page_and_scene(program: Program) -> None:
    scene = "aZ0!#$&'()*+,/:;=?@-._~0123456789"[:32]
    answer = ask(program, scene=scene, page="pages/scan/scan")
    assert answer.headers["Content-Type"] == "image/jpeg"
    image = image_of(answer)
    assert (image.format, image.size) == ("JPEG", (430, 430))
    assert read(image) == {
        "appid": MP,
        "page": "pages/scan/scan",
        "scene": scene,
        "env": "release",
    }


@pytest.mark.parametrize("width", [280, 431, 1280])
def test_as_wide_as_asked(program: Program, width: int) -> None:
    image = image_of(ask(program, width=width))
    assert image.size == (width, width)
    assert read(image)["scene"] == "s"


def test_a_clear_ground_is_a_png(program: Program) -> None:
    colour = {"r": 180, "g": "20", "b": 0}
    answer = ask(program, is_hyaline=True, line_color=colour)
    assert answer.headers["Content-Type"] == "image/png"
    image = image_of(answer)
    assert image.format == "PNG"
    assert image.convert("RGBA").getpixel((0, 0)) == (255, 255, 255, 0)
    colours = {pixel for _, pixel in image.convert("RGBA").getcolors() or []}
    assert (180, 20, 0, 255) in colours
    assert read(image)["scene"] == "s"


def test_without_a_page_and_with_a_wrong_name_the_home_page_opens(
    program: Program,
) -> None:
    for given in ({}, {"page": ""}, {"path": "pages/scan/scan"}):
        assert read(image_of(ask(program, **given)))["page"] == "pages/index/index"


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"scene": ""}, 40169),
        ({"scene": "x" * 33}, 40169),
        ({"scene": "%" * 33}, 40169),
        ({"scene": "a%20b"}, 40129),
        ({"scene": "订单"}, 40129),
        ({"scene": "a b"}, 40129),
        ({"scene": "a\n"}, 40129),
        ({"scene": "a{}"}, 40129),
        ({"scene": 1}, 47001),
        ({"scene": None}, 47001),
        ({"is_hyaline": 1}, 47001),
        ({"is_hyaline": "true", "scene": ""}, 47001),
        ({"check_path": 0}, 47001),
        ({"check_path": "false"}, 47001),
        ({"width": "430"}, 47001),
        ({"width": True}, 47001),
        ({"auto_color": 1}, 47001),
        ({"line_color": "black"}, 47001),
        ({"page": 5}, 47001),
        ({"env_version": 1}, 47001),
        ({"page": "/pages/scan/scan"}, 41030),
        ({"page": "/pages/scan/scan", "check_path": False}, 41030),
        ({"page": "pages/scan/scan?a=1", "check_path": False}, 41030),
        ({"page": "\ud83d", "check_path": False}, 41030),
        ({"page": "pages/new/new"}, 41030),
        ({"page": "pages/new/new", "env_version": "trial"}, 41030),
        ({"page": "pages/new/new", "scene": "%"}, 40129),
        ({"width": 279}, 40097),
        ({"width": 1281}, 40097),
        ({"env_version": "beta"}, 40097),
        ({"line_color": {"r": 256}}, 40097),
        ({"line_color": {"r": "x"}}, 40097),
    ],
)
@pytest.mark.fact(
    "`/wxa/getwxacodeunlimit`: what scene and page may be; an error is JSON, or is "
    "called a picture"
)
def test_refusals(program: Program, given: dict[str, Any], wanted: int) -> None:
    assert refused(ask(program, **given)) == wanted


def test_the_texts(program: Program) -> None:
    for given, text in (
        ({"scene": ""}, "invalid length for scene, or the data is not json string"),
        ({"scene": "%"}, "invalid scene"),
        ({"page": "x"}, "invalid page"),
        ({"width": 1}, "invalid args"),
    ):
        told = json.loads(ask(program, **given).data)
        assert told["errmsg"].startswith(f"{text} rid: ")


def test_a_program_before_its_release(program: Program) -> None:
    program.client.put("/_sim/apps", json={"name": "mp", "pages": []})
    page = {"page": "pages/scan/scan"}
    assert refused(ask(program, **page)) == 41030
    unchecked = ask(program, **page, check_path=False, env_version="trial")
    assert read(image_of(unchecked)) == {
        "appid": MP,
        "scene": "s",
        "env": "trial",
        **page,
    }


@pytest.mark.parametrize(
    ("sent", "wanted"),
    [
        ({"data": b""}, 44002),
        ({"data": {"scene": "s"}}, 47001),
        ({"data": b'"scene"'}, 47001),
        ({"json": {}}, 40169),
        ({"json": {"page": "pages/scan/scan"}}, 40169),
    ],
)
def test_bodies(program: Program, sent: dict[str, Any], wanted: int) -> None:
    query = {"access_token": program.token()}
    assert refused(program.client.post(PATH, query_string=query, **sent)) == wanted


def test_tokens_and_method(program: Program, client: FlaskClient) -> None:
    assert refused(client.get(PATH)) == 43002
    for token, wanted in (
        ("", 41001),
        ("x", 40014),
        (Program(client, "oa", OA).token(), 48001),
    ):
        answer = client.post(
            PATH, json={"scene": "s"}, query_string={"access_token": token}
        )
        assert refused(answer) == wanted


def test_an_error_in_the_place_of_a_picture_says_so_in_a_header(
    program: Program, world: World
) -> None:
    assert "LogicRet" not in ask(program).headers
    assert ask(program, scene="").headers["LogicRet"] == "40169"
    query = {"access_token": "98_" + "x" * 100}
    answer = program.client.post(PATH, json={"scene": "s"}, query_string=query)
    assert answer.headers["LogicRet"] == "40001"
    # The length that was reported with the header.
    assert len(answer.data) == 118
    assert "LogicRet" not in program.client.get("/wxa/checksession").headers
    world.switch(wxacode="error:image/jpeg")
    assert ask(program).headers["LogicRet"] == "41030"
    assert program.client.get("/_sim/calls").get_json()[-1]["errcode"] == 41030


def test_a_token_in_a_form_is_none(program: Program) -> None:
    answer = program.client.post(PATH, data={"access_token": program.token()})
    assert refused(answer) == 41001


def test_the_quota_counts_equal_codes(program: Program, world: World) -> None:
    world.switch(quota={"path": PATH, "calls": 2})
    assert image_of(ask(program)).size == image_of(ask(program)).size
    answer = ask(program)
    assert refused(answer) == 45009
    assert json.loads(answer.data)["errmsg"].startswith(
        "reach max api daily quota limit rid: "
    )
    world.advance(60)
    assert image_of(ask(program)).format == "JPEG"


@pytest.mark.parametrize("kind", ["image/jpeg", "text/plain", "application/json"])
@pytest.mark.fact(
    "`/wxa/getwxacodeunlimit`: what scene and page may be; an error is JSON, or is "
    "called a picture"
)
def test_an_error_in_a_pictures_clothes(
    program: Program, world: World, kind: str
) -> None:
    world.switch(wxacode=f"error:{kind}")
    answer = ask(program)
    assert answer.headers["Content-Type"] == kind
    assert errcode(json.loads(answer.data)) == 41030


def test_empty_half_and_other_pictures(program: Program, world: World) -> None:
    whole = ask(program).data
    world.switch(wxacode="empty")
    assert ask(program).data == b""
    world.switch(wxacode="half")
    half = ask(program)
    assert half.headers["Content-Type"] == "image/jpeg"
    assert half.data == whole[: len(whole) // 2]
    with pytest.raises(OSError, match="truncated"):
        image_of(half).load()
    world.switch(wxacode="png")
    other = ask(program)
    assert other.headers["Content-Type"] == "image/jpeg"
    assert image_of(other).format == "PNG"
    assert read(image_of(other))["scene"] == "s"
    assert (
        program.client.put("/_sim/switches", json={"wxacode": "x"}).status_code == 400
    )


def test_what_is_noted(program: Program) -> None:
    ask(program, scene="MARKER", page="pages/scan/scan", check_path=True)
    *_, noted = program.client.get("/_sim/calls").get_json()
    assert noted["path"] == PATH
    assert noted["appid"] == MP
    assert noted["params"] == {
        "access_token": "•••",
        "scene": "•••",
        "page": "pages/scan/scan",
        "check_path": "true",
    }
