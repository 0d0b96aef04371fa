"""`wxlogin oa keep`: an account with a menu and automatic replies of the console loses
none of the texts when its push address is set."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask

from tests.support.journey import Browser
from tests.web.following_door import FollowPage
from tests.web.pushes import Post
from wxlogin.cli import official_account
from wxlogin.config.demo import demo_apps
from wxlogin.flows import kept_replies
from wxlogin.flows.kept_replies import Replies, Rule
from wxlogin.simulator.server import SimulatorServer
from wxlogin.simulator.world import happenings, ids
from wxlogin.simulator.world.consoles import console_from

FOLLOW, ANYTHING = "欢迎光临 茶]]>铺 <&> 😀", "稍后回复您"
PRICE, HOURS = "请看 https://shop.example/price", "九点到六点"
CONSOLE = {
    "menu": [
        {"name": "商城", "type": "view", "value": "https://shop.example/"},
        {
            "name": "关于",
            "below": [
                {"name": "营业时间", "type": "text", "value": HOURS},
                {"name": "海报", "type": "img", "value": "MEDIA"},
            ],
        },
        {"name": "视频", "type": "video", "value": "VIDEO"},
    ],
    "follow": FOLLOW,
    "default": ANYTHING,
    "keywords": [
        {"word": "价格", "reply": PRICE},
        {"word": "图", "reply": {"type": "img", "content": "MEDIA"}},
        {"word": "在吗", "reply": "在的", "match": "equal"},
    ],
}


class Account:
    """The official account `oa`: its owner's console, and what people meet."""

    def __init__(self, service: Flask, simulator: SimulatorServer) -> None:
        self.service, self.world = service, simulator.world
        self.simulator, self.name = simulator, "oa"

    def has(self, **console: Any) -> None:
        self.world.consoles.put(self._app, console_from(console, "console"))

    def keeps(self, *words: str) -> str:
        """`wxlogin oa keep oa …`"""
        runner = self.service.test_cli_runner()
        done = runner.invoke(official_account.oa_group, ["keep", "oa", *words])
        self.status = done.exit_code
        return done.output

    @property
    def _app(self) -> Any:
        return self.world.registry.app(self.name)

    @property
    def menu(self) -> list[str]:
        buttons = self.world.consoles.menu(self._app)
        return [one.name for top in buttons for one in (top.below or (top,))]

    def hears(self, act: Callable[[], object], person: str = "xiaoming") -> list[str]:
        """What the account says to that."""
        before = len(self.world.pushes.chat(self._app, person))
        act()
        said = self.world.pushes.chat(self._app, person)[before:]
        return [line["text"] for line in said if line["from"] != "person"]

    def answers(self, text: str, person: str = "xiaoming") -> list[str]:
        return self.hears(
            lambda: happenings.say(self.world, self._app, person, text), person
        )

    def greets(self, person: str = "xiaoming") -> list[str]:
        def follow() -> None:
            happenings.unfollow(self.world, self._app, person)
            happenings.follow(self.world, self._app, person)

        return self.hears(follow, person)

    def taps(self, name: str) -> list[str]:
        buttons = self.world.consoles.menu(self._app)
        every = [one for top in buttons for one in (top.below or (top,))]
        [button] = [one for one in every if one.name == name]
        return self.hears(
            lambda: happenings.tap(self.world, self._app, "xiaoming", button)
        )

    def sets_its_address(self) -> Post:
        return Post(self.service, self.simulator)


@pytest.fixture
def account(app: Flask, simulator: SimulatorServer) -> Account:
    account = Account(app, simulator)
    account.has(**CONSOLE)
    return account


@pytest.fixture
def address(account: Account) -> Iterator[Callable[[], Post]]:
    made: list[Post] = []

    def set_it() -> Post:
        made.append(account.sets_its_address())
        return made[-1]

    yield set_it
    for one in made:
        one.__exit__()


def test_no_text_is_lost_and_the_list_of_the_lost_is_right(
    account: Account, address: Callable[[], Post]
) -> None:
    """case 19"""
    before = {word: account.answers(word) for word in ("价格多少", "在吗", "你好")}
    assert before == {"价格多少": [PRICE], "在吗": ["在的"], "你好": [ANYTHING]}
    greeting, hours = account.greets(), account.taps("营业时间")
    assert (greeting, hours) == ([FOLLOW], [HOURS])

    told = account.keeps()
    assert account.status == 0
    lost = told.split("\nlost")[1].split("\n\n")[0]
    assert [line.split("  ")[0] for line in lost.splitlines()[1:]] == [
        "menu: 关于 > 海报",
        "menu: 视频",
        "keywords: 图",
    ]
    assert "a picture" in lost and "a video" in lost

    with address():
        assert account.menu == ["商城", "营业时间"]
        assert {word: account.answers(word, "lihua") for word in before} == before
        assert account.greets() == greeting
        assert account.taps("营业时间") == hours
        assert account.taps("商城") == []


def test_without_it_the_address_stops_them(
    account: Account, address: Callable[[], Post]
) -> None:
    with address():
        assert (account.menu, account.greets(), account.answers("价格")) == ([], [], [])


def test_a_dry_run_changes_nothing(account: Account) -> None:
    told = account.keeps("--dry-run")
    assert "menu: 关于 > 营业时间" in told and "A dry run" in told
    assert account.world.consoles.made_menu(account._app) is None
    with account.service.app_context():
        assert kept_replies.of(account._app.appid) is None


def test_it_may_be_run_again_at_any_time(
    account: Account, address: Callable[[], Post]
) -> None:
    account.keeps()
    account.keeps()
    account.has(**(CONSOLE | {"follow": "新的欢迎"}))
    # The menu of the call stands in the place of the console's.
    told = account.keeps()
    assert "menu: 关于 > 营业时间" in told
    with address():
        # Now WeChat tells the replies as switched off.
        assert "as it was kept before" in account.keeps()
        assert account.taps("营业时间") == [HOURS]
        assert account.greets() == ["新的欢迎"]
        assert account.answers("在吗") == ["在的"]
        assert "Forgotten" in account.keeps("--forget")
        assert account.taps("营业时间") == account.greets() == []
        assert "Nothing was kept" in account.keeps("--forget")


def test_who_comes_too_late_is_told_so_and_may_keep_it_yet(
    account: Account, address: Callable[[], Post]
) -> None:
    with address():
        told = account.keeps("--dry-run")
        assert "address is set already: --switched-off" in told
        account.keeps("--switched-off")
        assert account.greets() == [FOLLOW]
        assert account.menu == ["商城", "营业时间"]


def test_an_account_that_may_make_no_menu_keeps_its_replies(
    account: Account, address: Callable[[], Post]
) -> None:
    switch = account.world.switch
    switch(errcode={"path": "/cgi-bin/menu/create", "errcode": 48001, "times": 9})
    told = account.keeps()
    assert account.status == 1
    assert "The menu was not made: the account has no right" in told
    with address():
        assert account.greets() == [FOLLOW]
    path = "/cgi-bin/get_current_selfmenu_info"
    switch(errcode={"path": path, "errcode": 48001, "times": 9})
    told = account.keeps("--dry-run")
    assert "The menu: the account has no right to that call (48001)" in told
    assert "reply to a follow" in told


def test_a_reply_is_one_that_wechat_reads(
    account: Account, address: Callable[[], Post]
) -> None:
    """case 21: cut between two characters, sealed under the push's nonce, text/xml."""
    account.has(**(CONSOLE | {"follow": "长" * 700}))
    assert "cut after 2,048 bytes" in account.keeps()
    with address() as wechat:
        assert account.greets() == ["长" * 682]
        answer, letter = wechat.answers[-1], wechat.letters[-1]
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    nonce = parse_qs(urlsplit(letter.url).query)["nonce"][0]
    assert f"<Nonce><![CDATA[{nonce}]]></Nonce>" in answer.text
    assert re.search(r"<TimeStamp>\d{10}</TimeStamp>", answer.text)


def test_several_texts_are_one_message_or_one_of_them(
    app: Flask, simulator: SimulatorServer
) -> None:
    said = ("一", "二", "三")
    rules = (
        Rule(("都",), (), said),
        Rule((), ("挑",), said, at_random=True),
    )
    account = Account(app, simulator)
    with app.app_context():
        kept_replies.keep(account._app.appid, Replies(rules=rules))
    with account.sets_its_address() as wechat:
        assert account.answers("都要") == ["一\n\n二\n\n三"]
        picked = [account.answers("挑")[0] for _ in range(8)]
        assert set(picked) <= {*said} and len(set(picked)) > 1
        # The same again for what comes again, signed anew.
        before = wechat.simulator.world.pushes.chat(account._app, "lihua")
        wechat.pushes("text", "lihua", content="挑", faults=("duplicate",))
        one, other = wechat.simulator.world.pushes.chat(account._app, "lihua")
        assert (before, one) == ([], other)
        assert account.answers("挑的") == []


def test_only_an_account_of_ours_has_a_console(account: Account) -> None:
    runner = account.service.test_cli_runner()
    for name in ("web", "nobody"):
        done = runner.invoke(official_account.oa_group, ["keep", name])
        assert "no official_account named" in str(done.exception)


def test_the_question_of_a_sign_in_goes_first(
    account: Account, address: Callable[[], Post]
) -> None:
    account.keeps()
    page = FollowPage(Browser(account.service))
    with address() as wechat:
        page.opens()
        [question] = account.hears(lambda: wechat.pushes("subscribe", key=page.ticket))
        assert page.ticket in question and page.state == "scanned"
        # Somebody else's code is a follow like any other.
        assert account.hears(
            lambda: wechat.pushes("subscribe", key="theirs", person="lihua"), "lihua"
        ) == [FOLLOW]


def test_the_reply_to_any_message_comes_once_in_an_hour(
    account: Account, address: Callable[[], Post]
) -> None:
    account.keeps()
    with address() as wechat:
        assert account.answers("你好") == [ANYTHING]
        # What WeChat delivers again has the same answer.
        assert wechat.again(wechat.letters[-1]).data == wechat.answers[-1].data
        assert account.answers("有人吗") == []
        assert account.answers("你好", "lihua") == [ANYTHING]
        # The ticket's end is the database's matter: here it is over.
        person = ids.openid(account._app.appid, "xiaoming")
        with account.service.app_context():
            assert kept_replies._said.take(f"{account._app.appid}\x1f{person}")
        assert account.answers("有人吗") == [ANYTHING]


def test_where_others_get_the_rest_it_is_not_said(
    app_for: Callable[..., Flask], simulator: SimulatorServer
) -> None:
    oa = demo_apps()[1].model_copy(update={"oa_rest": "customer_service"})
    account = Account(app_for(apps=[oa], simulator="on"), simulator)
    account.has(**CONSOLE)
    account.keeps()
    with account.sets_its_address():
        assert account.answers("你好") == []
        last = account.world.pushes.done()[-1].reply
        assert last["MsgType"] == "transfer_customer_service"
        assert account.answers("价格") == [PRICE]
