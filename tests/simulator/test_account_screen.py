"""An official account on the phone: what a person sees of it and may do there."""

import html
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from wxlogin.simulator import World
from wxlogin.simulator.pages.account import pieces
from wxlogin.simulator.world.account_codes import AccountCode, plain
from wxlogin.simulator.world.push_answers import OUT_OF_ORDER

from .conftest import consent_link
from .receiver import Receiver, reply, sealed

PATH = "/phone/account"
WHO = {"app": "oa", "person": "lihua"}
CONSOLE = {
    "appid": "oa",
    "menu": [
        {"name": "商城", "type": "view", "value": "https://shop.example/"},
        {
            "name": "帮助",
            "below": [
                {"name": "电话", "type": "text", "value": "400 000 0000"},
                {"name": "图", "type": "img", "value": "MEDIA"},
            ],
        },
    ],
    "follow": "欢迎",
    "default": "稍后回复",
    "keywords": [
        {"word": "价格", "reply": "十元"},
        {"word": "hi", "reply": "Hello", "match": "equal"},
    ],
}


@pytest.fixture
def receiver(world: World) -> Receiver:
    return Receiver(world)


@pytest.fixture
def code(world: World) -> AccountCode:
    return world.account_codes.make(world.registry.app("oa"), "login_8f2c", 600)


def opens(client: FlaskClient, **more: str) -> str:
    return client.get(PATH, query_string=WHO | more).text


def acts(client: FlaskClient, **form: str) -> TestResponse:
    return client.post(PATH, data=WHO | form)


def lines(page: str) -> list[tuple[str, str]]:
    """Who said what, as the page has it."""
    found = re.findall(r'<li class="[^"]*" data-from="(\w+)">(.*?)</li>', page, re.S)
    return [(who, _words(inside)) for who, inside in found]


def _words(inside: str) -> str:
    bubble = re.search(r"<p [^>]*>(.*?)</p>|<span>(.*?)</span>", inside, re.S)
    assert bubble, inside
    return html.unescape(re.sub("<[^>]+>", "", bubble[1] or bubble[2])).strip()


def sets_console(client: FlaskClient) -> None:
    assert client.put("/_sim/console", json=CONSOLE).status_code == 200


def test_the_accounts_are_a_part_of_the_phone(client: FlaskClient) -> None:
    camera = client.get("/phone?person=lihua").text
    assert 'data-tab="account" href="/phone/account?person=lihua"' in camera
    listed = client.get(PATH, query_string={"person": "lihua"}).text
    assert 'data-state="accounts"' in listed
    assert re.findall(r'data-account="(\w+)"', listed) == ["oa", "lone"]
    assert listed.count("not followed") == 2
    for state, query in (("choose", {"app": "oa"}), ("profile", WHO)):
        client.delete_cookie("wxsim_person")
        page = client.get(PATH, query_string=query).text
        assert f'data-state="{state}"' in page
    for wrong in ({"app": "mp"}, {"app": "none"}):
        assert client.get(PATH, query_string=WHO | wrong).status_code == 404


def test_follow_and_unfollow(client: FlaskClient, receiver: Receiver) -> None:
    assert 'data-follow="oa"' in opens(client)
    answer = acts(client, action="follow")
    assert (answer.status_code, answer.location) == (
        303,
        "/phone/account?app=oa&person=lihua",
    )
    assert 'data-unfollow="oa"' in opens(client)
    acts(client, action="follow")
    acts(client, action="unfollow")
    assert [told["Event"] for told in receiver.told] == ["subscribe", "unsubscribe"]
    assert 'data-state="profile"' in opens(client)


def test_a_message_and_what_comes_back(
    client: FlaskClient, receiver: Receiver, world: World
) -> None:
    acts(client, action="follow")
    openid = receiver.told[0]["FromUserName"]
    receiver.answers = [sealed(receiver.app, reply(receiver.app, openid, "你<好>"))]
    acts(client, action="say", content=" 登录 ")
    assert receiver.told[-1]["Content"] == "登录"
    assert lines(opens(client)) == [("person", "登录"), ("account", "你<好>")]
    receiver.answers = ["?"]
    acts(client, action="say", content="x")
    assert lines(opens(client))[-1] == ("wechat", OUT_OF_ORDER)
    # Nobody writes nothing, or to what one does not follow.
    acts(client, action="say", content="  ")
    acts(client, action="unfollow")
    acts(client, action="say", content="late")
    assert receiver.told[-1]["Event"] == "unsubscribe"


def test_the_chat_comes_alone_and_when_it_is_new(
    client: FlaskClient, world: World
) -> None:
    world.pushes.say(world.registry.app("oa"), "lihua", "account", "one")
    part = client.get(f"{PATH}/chat", query_string=WHO).text
    assert "<html" not in part
    assert lines(part) == [("account", "one")]
    version = re.search(r'data-version="(\d+)"', part)
    world.pushes.say(world.registry.app("oa"), "lihua", "account", "two")
    again = client.get(f"{PATH}/chat", query_string=WHO).text
    assert version and version[0] not in again
    assert client.get(f"{PATH}/chat", query_string={"app": "oa"}).status_code == 404


def test_a_link_opens_in_wechats_browser_as_that_person(
    client: FlaskClient, world: World
) -> None:
    acts(client, action="follow")
    link = "http://localhost" + consent_link()
    said = f'<a href="{link}">确认</a>'
    world.pushes.say(world.registry.app("oa"), "lihua", "account", said)
    page = opens(client)
    found = re.search(r'data-link="([^"]+)">确认<', page)
    assert found and html.unescape(found[1]) == link
    there = acts(client, url=link)
    assert there.status_code == 303
    assert there.location.startswith("/phone/authorize?link=")
    assert parse_qs(urlsplit(there.location).query)["person"] == ["lihua"]
    # A follower who comes from the account's chat is not asked.
    back = client.get(there.location)
    assert back.location.startswith("http://127.0.0.1:5000/login/callback/oa?code=")
    assert client.get_cookie("wxsim_person").value == "lihua"  # type: ignore[union-attr]
    assert acts(client, url="javascript:alert(1)").status_code == 200
    # The person's own words are no link.
    world.pushes.say(world.registry.app("oa"), "lihua", "person", "http://a.example/")
    assert 'data-link="http://a.example/"' not in opens(client)


@pytest.mark.parametrize(
    ("message", "links"),
    [
        ("plain", []),
        ("看 https://a.example/x?y=1&z=2。好", [("https://a.example/x?y=1&z=2",) * 2]),
        ("(http://a.example/b).", [("http://a.example/b",) * 2]),
        (
            '<a href="https://a.example/">点 这里</a>!',
            [("点 这里", "https://a.example/")],
        ),
        ("<A data-x HREF='http://a.example/'>1</A>", [("1", "http://a.example/")]),
        ('<a href="javascript:x">no</a>', []),
        ("ftp://a.example", []),
        ("http://", []),
    ],
)
def test_what_is_a_link(message: str, links: list[tuple[str, str]]) -> None:
    found = list(pieces(message))
    assert [tuple(piece) for piece in found if piece.url] == links
    if not links:
        assert [piece.words for piece in found] == [message]


def test_the_camera_lists_codes_on_show(
    client: FlaskClient, code: AccountCode, world: World
) -> None:
    camera = client.get("/phone?person=lihua").text
    assert 'data-account-code="login_8f2c"' in camera
    assert "/cgi-bin/showqrcode?ticket=" in camera
    world.advance(600)
    assert "data-account-code" not in client.get("/phone?person=lihua").text


def test_scanning_with_the_camera(
    client: FlaskClient, code: AccountCode, receiver: Receiver
) -> None:
    pasted = client.get(
        "/phone/open", query_string={"link": code.url, "person": "lihua"}
    )
    page = client.get(pasted.location).text
    assert 'data-state="profile"' in page
    assert receiver.told == []
    assert f'name="code" value="{code.url}"' in page
    acts(client, action="follow", code=code.url)
    assert receiver.told[-1]["EventKey"] == "qrscene_login_8f2c"
    assert receiver.told[-1]["Ticket"] == code.ticket
    again = client.get(pasted.location)
    assert again.location == "/phone/account?app=oa&person=lihua"
    assert receiver.told[-1]["Event"] == "SCAN"


def test_a_code_that_opens_nothing(
    client: FlaskClient, code: AccountCode, receiver: Receiver, world: World
) -> None:
    def scanned(link: str) -> str:
        query = {"link": link, "person": "lihua"}
        return client.get(f"{PATH}/scan", query_string=query).text

    client.delete_cookie("wxsim_person")
    asks = client.get(f"{PATH}/scan", query_string={"link": code.url}).text
    assert 'data-state="choose"' in asks
    world.advance(600)
    assert 'data-problem="expired"' in scanned(code.url)
    assert 'data-problem="unknown"' in scanned("http://weixin.qq.com/q/none")
    assert receiver.told == []


def test_the_plain_code_opens_the_chat_in_silence(
    client: FlaskClient, receiver: Receiver, world: World
) -> None:
    acts(client, action="follow")
    url = plain(world.registry.app("oa")).url
    opened = client.get("/phone/open", query_string={"link": url, "person": "lihua"})
    assert client.get(opened.location).status_code == 303
    assert len(receiver.told) == 1


def test_the_consoles_menu_works_without_an_address(client: FlaskClient) -> None:
    sets_console(client)
    acts(client, action="follow")
    page = opens(client)
    assert re.findall(r'data-button="([^"]+)"', page) == ["商城", "帮助", "电话", "图"]
    assert acts(client, button="0").location == "https://shop.example/"
    acts(client, button="1.0")
    acts(client, button="1.1")
    said = [("account", "欢迎"), ("account", "400 000 0000"), ("account", "[img]")]
    assert lines(opens(client)) == said
    for nowhere in ("7", "1.7", "0.0", "x", "", "-1", "²"):
        assert acts(client, button=nowhere).status_code == 303
    assert lines(opens(client)) == said


def test_the_consoles_replies(client: FlaskClient, world: World) -> None:
    sets_console(client)
    acts(client, action="follow")

    def answer(message: str) -> str:
        acts(client, action="say", content=message)
        who, said = lines(opens(client))[-1]
        return said if who == "account" else ""

    assert answer("什么价格?") == "十元"
    assert answer("hi") == "Hello"
    assert answer("hi there") == "稍后回复"
    # To any message once an hour.
    assert answer("hello") == ""
    world.advance(3600)
    assert answer("hello") == "稍后回复"


@pytest.mark.fact(
    "`/cgi-bin/menu/create`: how many buttons of which types; the menu stays while "
    "a push address is set"
)
def test_menu_and_replies_vanish_with_an_address(
    client: FlaskClient, world: World
) -> None:
    sets_console(client)
    shown = client.get("/_sim/console?appid=oa").get_json()["shown"]
    assert [button["name"] for button in shown] == ["商城", "帮助"]
    Receiver(world)
    acts(client, action="follow")
    acts(client, action="say", content="hi")
    page = opens(client)
    assert "data-button" not in page
    assert lines(page) == [("person", "hi")]
    assert acts(client, button="0").location.startswith(PATH)
    told = client.get("/_sim/console?appid=oa").get_json()
    assert (told["shown"], told["follow"]["content"]) == ([], "欢迎")
    # They are only asleep.
    client.put("/_sim/apps", json={"name": "oa", "push_url": ""})
    assert 'data-button="商城"' in opens(client)
    client.post("/_sim/reset")
    assert client.get("/_sim/console?appid=oa").get_json()["menu"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"menu": [{"name": "a"}]},
        {"menu": [{"name": "a", "type": "click", "value": "k"}]},
        {"menu": [{"name": "a", "type": "text", "value": "b"}] * 4},
        {"menu": [{"name": "a", "below": [{"name": "b", "below": []}]}]},
        {"menu": "a"},
        {"follow": 1},
        {"keywords": [{"word": "a"}]},
        {"keywords": [{"word": "a", "reply": "b", "match": "like"}]},
        {"replies": []},
    ],
)
def test_a_wrong_console_is_refused(client: FlaskClient, wrong: object) -> None:
    given = {"appid": "oa"} | wrong  # type: ignore[operator]
    assert client.put("/_sim/console", json=given).status_code == 400


def test_no_foreign_page_scans_for_somebody(
    client: FlaskClient, code: AccountCode, receiver: Receiver
) -> None:
    acts(client, action="follow")
    query = {"link": code.url, "person": "lihua"}
    for site, status in (("cross-site", 400), ("none", 303), ("same-origin", 303)):
        answer = client.get(
            f"{PATH}/scan", query_string=query, headers={"Sec-Fetch-Site": site}
        )
        assert answer.status_code == status
    assert [told["Event"] for told in receiver.told] == ["subscribe", "SCAN", "SCAN"]


def test_foreign_pages_and_wrong_forms(client: FlaskClient) -> None:
    foreign = {"Origin": "https://evil.example"}
    form = WHO | {"action": "follow"}
    assert client.post(PATH, data=form, headers=foreign).status_code == 400
    assert acts(client, action="dance").status_code == 400
    assert client.post(PATH, data={"app": "oa"}).status_code == 404
    assert 'data-state="profile"' in opens(client)
