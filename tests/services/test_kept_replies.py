"""What an account says by itself, on each database."""

from tests.support.people import accounts_app
from wxlogin.flows import kept_replies
from wxlogin.flows.kept_replies import Replies, Rule

APPID = "wx0000000000000a02"


def test_what_is_kept_comes_back_whole_and_is_replaced(database_url: str) -> None:
    rules = tuple(
        Rule((f"价格{n}😀",), ("在吗",), ("茶]]>铺 <&> 😀\x00" * 40,), at_random=True)
        for n in range(300)
    )
    with accounts_app(database_url):
        assert kept_replies.of(APPID) is None
        # More than 64 kB.
        first = Replies("欢迎", "稍后", rules, {"wxlogin_1": "九点"})
        kept_replies.keep(APPID, first)
        assert kept_replies.of(APPID) == first
        kept_replies.keep(APPID, Replies("新"))
        kept_replies.keep(APPID.upper(), Replies("别人的"))
        assert kept_replies.of(APPID) == Replies("新")
        assert kept_replies.forget(APPID)
        assert not kept_replies.forget(APPID)
        assert kept_replies.of(APPID.upper()) == Replies("别人的")
