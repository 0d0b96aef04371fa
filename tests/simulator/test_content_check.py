"""/wxa/msg_sec_check and /wxa/media_check_async: is it fit to be shown?"""

import re
from typing import Any

import pytest

from wxlogin.simulator import World
from wxlogin.simulator.world.ids import openid

from .conftest import MP, MP2, OA, Program, errcode
from .receiver import Receiver

TEXT, MEDIA = "/wxa/msg_sec_check", "/wxa/media_check_async"
LIHUA = openid(MP, "lihua")
PICTURE = "https://shop.example/avatars/1.jpg"


@pytest.fixture
def visited(program: Program) -> Program:
    """The program that 李华 has just been in."""
    program.gets_code("lihua")
    return program


def ask(program: Program, path: str, given: dict[str, Any]) -> dict[str, Any]:
    return program.posts(path, given, {"access_token": program.token()})


def ask_text(program: Program, **changes: Any) -> dict[str, Any]:
    given = {"version": 2, "openid": LIHUA, "scene": 1, "content": "你好"} | changes
    return ask(program, TEXT, {k: v for k, v in given.items() if v is not None})


def ask_media(program: Program, **changes: Any) -> dict[str, Any]:
    given = {
        "media_url": PICTURE,
        "media_type": 2,
        "version": 2,
        "scene": 1,
        "openid": LIHUA,
    } | changes
    return ask(program, MEDIA, {k: v for k, v in given.items() if v is not None})


@pytest.mark.fact(
    "`/wxa/msg_sec_check` and `/wxa/media_check_async`: the verdict at once, or "
    "pushed; only within two hours of a visit"
)
def test_a_verdict_in_wechats_words(visited: Program) -> None:
    told = ask_text(visited)
    assert list(told) == ["errcode", "errmsg", "detail", "trace_id", "result"]
    assert re.fullmatch(r"\w{8}-\w{8}-\w{8}", told.pop("trace_id"))
    assert told == {
        "errcode": 0,
        "errmsg": "ok",
        "detail": [
            {
                "strategy": "content_model",
                "errcode": 0,
                "suggest": "pass",
                "label": 100,
                "prob": 90,
            },
            {"strategy": "keyword", "errcode": 0},
        ],
        "result": {"suggest": "pass", "label": 100},
    }


@pytest.mark.parametrize(
    ("given", "suggest", "label"),
    [
        ({"content": "这是违规内容！"}, "risky", 20006),
        ({"nickname": "a risky-sample b"}, "risky", 20006),
        ({"title": "可疑内容"}, "review", 21000),
        ({"signature": "review-sample, risky-sample"}, "risky", 20006),
        ({"content": "违规"}, "pass", 100),
        ({"version": "2"}, "pass", 100),
    ],
)
def test_words(
    visited: Program, given: dict[str, Any], suggest: str, label: int
) -> None:
    told = ask_text(visited, **given)
    assert told["result"] == {"suggest": suggest, "label": label}
    assert told["detail"][0]["suggest"] == suggest


@pytest.mark.fact(
    "`/wxa/msg_sec_check` and `/wxa/media_check_async`: the verdict at once, or "
    "pushed; only within two hours of a visit"
)
def test_a_switch_says_it_of_all(visited: Program, world: World) -> None:
    world.switch(("person", "lihua"), content_check="review")
    assert ask_text(visited, content="违规内容")["result"]["suggest"] == "review"
    world.switch(("person", "lihua"), content_check=None)
    assert ask_text(visited)["result"]["suggest"] == "pass"


@pytest.mark.parametrize("ask_it", [ask_text, ask_media])
@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"version": "3"}, 47001),
        ({"version": True}, 47001),
        ({"scene": "1", "openid": "x"}, 47001),
        ({"openid": 5}, 47001),
        ({"access_token": "x"}, 47001),
        ({"openid ": "x"}, 47001),
        ({"scene": 5, "openid": "x"}, 40129),
        ({"scene": None}, 40129),
        ({"openid": None}, 40003),
        ({"openid": "oNobody"}, 40003),
        ({"openid": openid(MP2, "lihua")}, 43104),
        ({"openid": openid(MP, "jose")}, 61010),
    ],
)
def test_refusals(
    visited: Program, ask_it: Any, given: dict[str, Any], wanted: int
) -> None:
    assert errcode(ask_it(visited, **given)) == wanted


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"content": None}, 44002),
        ({"content": ""}, 44002),
        ({"content": 5}, 47001),
        ({"content": "好" * 2501}, 47001),
        ({"content": "好" * 2500}, 0),
        ({"version": 3}, 47001),
    ],
)
def test_texts(visited: Program, given: dict[str, Any], wanted: int) -> None:
    assert errcode(ask_text(visited, **given)) == wanted


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"media_url": None}, 44002),
        ({"media_type": 3}, 47001),
        ({"media_type": None}, 47001),
        ({"version": None}, 47001),
        ({"version": 1}, 47001),
        ({"media_type": 1}, 0),
    ],
)
def test_media(visited: Program, given: dict[str, Any], wanted: int) -> None:
    assert errcode(ask_media(visited, **given)) == wanted


@pytest.mark.fact(
    "`/wxa/msg_sec_check` and `/wxa/media_check_async`: the verdict at once, or "
    "pushed; only within two hours of a visit"
)
def test_a_visit_counts_for_two_hours(visited: Program, world: World) -> None:
    world.advance(7100)
    assert errcode(ask_text(visited)) == 0
    world.advance(101)
    told = ask_text(visited)
    assert (errcode(told), told["errmsg"][:15]) == (61010, "code is expired")
    visited.phone("phone", "lihua")
    assert errcode(ask_text(visited)) == 0


def test_as_of_old(program: Program) -> None:
    told = ask(program, TEXT, {"content": "违规内容"})
    assert told["errmsg"].startswith("risky content rid: ")
    assert errcode(told) == 87014
    good = {"errcode": 0, "errmsg": "ok"}
    assert ask(program, TEXT, {"content": "可疑内容"}) == good


def test_only_programs_and_only_so_often(visited: Program, world: World) -> None:
    account = Program(visited.client, "oa", OA)
    for path in (TEXT, MEDIA):
        assert errcode(ask(account, path, {})) == 48001
        query = {"access_token": visited.token()}
        assert b"43002" in visited.client.get(path, query_string=query).data
        assert b"44002" in visited.client.post(path, query_string=query).data
        assert b"47001" in visited.client.post(path, query_string=query, data="[]").data
    world.switch(quota={"path": TEXT, "calls": 0})
    assert errcode(ask_text(visited)) == 45011
    assert errcode(ask_media(visited)) == 0


@pytest.mark.parametrize("form", ["xml", "json"])
@pytest.mark.fact(
    "`/wxa/msg_sec_check` and `/wxa/media_check_async`: the verdict at once, or "
    "pushed; only within two hours of a visit"
)
def test_the_verdict_over_a_picture_is_pushed(
    visited: Program, world: World, form: str
) -> None:
    receiver = Receiver(world, "mp")
    visited.client.put("/_sim/apps", json={"name": "mp", "push_format": form})
    good = ask_media(visited)
    assert list(good) == ["errcode", "errmsg", "trace_id"]
    bad = ask_media(
        visited, media_url=f"{PICTURE}?a=%E8%BF%9D%E8%A7%84%E5%86%85%E5%AE%B9"
    )
    one, two = receiver.told
    assert one["FromUserName"] not in ("", LIHUA)
    assert (one["Event"], one["appid"]) == ("wxa_media_check", MP)
    assert (one["trace_id"], str(one["version"])) == (good["trace_id"], "2")
    assert one["result"] == {"suggest": "pass", "label": "100"}
    assert two["trace_id"] == bad["trace_id"]
    assert two["result"] == {"suggest": "risky", "label": "20006"}
    if form == "json":
        (model,) = two["detail"]
        assert model == {
            "strategy": "content_model",
            "errcode": 0,
            "suggest": "risky",
            "label": "20006",
            "prob": 90,
        }


def test_without_an_address_nobody_hears_of_it(visited: Program, world: World) -> None:
    assert errcode(ask_media(visited)) == 0
    assert world.pushes.done() == []


def test_what_is_noted(visited: Program) -> None:
    ask_text(visited, content="MARKER")
    noted = visited.client.get("/_sim/calls").text
    assert TEXT in noted
    assert "MARKER" not in noted
