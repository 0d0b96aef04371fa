"""Return addresses: nothing leaves our origin and the listed ones."""

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from tests.support.vectors import MORE_RETURN_ADDRESSES, ORIGIN, RETURN_ADDRESSES
from tests.unit.security.conftest import SHOP, Judge
from wxlogin.config import Settings
from wxlogin.security.returning import (
    MAX_LENGTH,
    MAX_WHOLE_LENGTH,
    as_browsers_write,
    safe_next,
    safe_return,
    whole_address,
)

ALL = (*RETURN_ADDRESSES, *MORE_RETURN_ADDRESSES)
# Those of them that stay; everything else is refused.
STAY = {
    "/ok",
    "/ok?a=//b",
    "/;@evil.test",
    "/%252f%252fevil.test",
    "https://good.test:0443/",
    "https://good.test?@evil.test",
}


def test_there_are_54_of_them_and_31_leave(lands_at: Judge) -> None:
    stay = (ORIGIN, "no URL")
    leave = [place for place in lands_at(RETURN_ADDRESSES) if place not in stay]
    assert (len(RETURN_ADDRESSES), len(leave)) == (54, 31)


@pytest.mark.parametrize("address", ALL, ids=ascii)
def test_each_address_stays_or_is_refused(https: Settings, address: str) -> None:
    """Security row 13."""
    assert safe_next(address, https) == (address if address in STAY else None)


def test_what_stays_stays_in_a_browser(https: Settings, lands_at: Judge) -> None:
    """Security row 13, judged by the parser that browsers have."""
    kept = [address for address in ALL if safe_next(address, https)]
    assert set(lands_at(kept)) == {ORIGIN}


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/account",
        "/a/b/",
        "/a.b/..c/...",
        "/~user/a:b@c",
        "/%E5%95%86%E5%93%81?q=%E9%9E%8B#top",
        "/?next=https://evil.test/",
        "/search?a[]=1&b=%0D%0A#/route?x",
        "/" + "a" * (MAX_LENGTH - 1),
        f"{ORIGIN}",
        f"{ORIGIN}/",
        f"{ORIGIN}?a=b",
        f"{ORIGIN}:443/a",
        f"{ORIGIN}#top",
        "https://shop.test/cart?id=7",
        "https://a.wild.test/",
        "https://a.b.wild.test/",
        "https://a.port.test:8443/",
        "http://localhost:3000/",
    ],
    ids=ascii,
)
def test_good_addresses_come_back_unchanged(https: Settings, address: str) -> None:
    assert safe_next(address, https) == address


@pytest.mark.parametrize(
    "address",
    [
        "https://wild.test/",
        "https://evilwild.test/",
        "https://.wild.test/",
        "https://a..wild.test/",
        "https://*.wild.test/",
        "https://a.wild.test.evil.test/",
        "https://a.wild.test:8443/",
        "https://a.port.test/",
        "http://a.wild.test/",
        "http://shop.test/",
        "https://shop.test:8443/",
        "https://good@shop.evil.test",
        "https://a.shop.test/",
        "https://localhost:3000/",
        "http://localhost/",
        "http://127.0.0.1:3000/",
    ],
    ids=ascii,
)
def test_a_listed_origin_is_matched_whole(https: Settings, address: str) -> None:
    """Security row 15: scheme, host and port, and the border of a label."""
    assert safe_next(address, https) is None


def test_nothing_is_listed_by_default(development: Settings) -> None:
    assert safe_next("https://shop.test/", development) is None
    assert safe_next("http://127.0.0.1:5000/a", development)
    assert safe_next("http://127.0.0.1:5001/a", development) is None
    assert safe_next("http://localhost:5000/a", development) is None


def test_no_address_is_none(https: Settings) -> None:
    assert safe_next(None, https) is None


def test_an_ipv6_origin(development: Settings) -> None:
    ours = development.model_copy(update={"public_url": "http://[::1]:5000"})
    assert safe_next("http://[::1]:5000/a", ours)
    assert safe_next("http://[::2]:5000/a", ours) is None


# What parsers disagree about, in any order.
_PIECES = st.sampled_from(
    [
        *"/\\:@?#%.;,[]&= \t\r\n\x00\x01\x7f\u3002\u2044\u3000\ud83da",
        *("//", "/.", "/..", "%2e", "%2f", "%5c", "%00", "%09", "%40", "%3a"),
        *("https://", "http:", "javascript:", "good.test", "evil.test", "wild.test"),
        *("a.wild.test", "port.test", ":443", ":8443", "xn--", "0x7f.1", "[::1]"),
    ]
)


@effort(max_examples=20, deadline=None)
@given(st.lists(st.lists(_PIECES, max_size=8).map("".join), min_size=50, max_size=200))
def test_no_mixture_of_pieces_leaves(tries: list[str]) -> None:
    """Security row 13: what passes has no piece that could name another host."""
    settings = Settings(public_url=ORIGIN, env="production", sites=(SHOP,))
    for address in tries:
        if safe_next(address, settings) is None:
            continue
        assert address.isascii() and address.isprintable() and "\\" not in address
        path = address.removeprefix("https://").partition("?")[0].partition("#")[0]
        assert "//" not in path
        if not address.startswith("/"):
            host = path.partition("/")[0].partition(":")[0]
            assert host in ("good.test", "shop.test") or host.endswith(
                (".wild.test", ".port.test")
            )


def test_random_mixtures_judged_by_a_browsers_parser(
    https: Settings, lands_at: Judge
) -> None:
    """Security row 13, many times over with one call of the judge."""
    kept: set[str] = set()

    @effort(max_examples=300, deadline=None, database=None)
    @given(st.lists(_PIECES, max_size=8).map("".join))
    def collect(tail: str) -> None:
        for head in ("", "/", "https://good.test", "https://a.wild.test"):
            if safe_next(head + tail, https):
                kept.add(head + tail)

    collect()
    # A mixture may be no URL at all (`xn--` alone); then a browser goes nowhere.
    allowed = ("https://good.test", "no URL")
    strays = {
        address: place
        for address, place in zip(sorted(kept), lands_at(sorted(kept)), strict=True)
        if place not in allowed
        and not place.endswith((".wild.test", ".port.test:8443"))
    }
    assert kept
    assert not strays


def test_other_scripts_are_written_as_browsers_do() -> None:
    for address in ALL:
        if address.isascii():
            assert as_browsers_write(address) == address
    assert as_browsers_write("/订单/%2e?茶=%26#b") == (
        "/%E8%AE%A2%E5%8D%95/%2e?%E8%8C%B6=%26#b"
    )
    # Half a character is none.
    assert as_browsers_write("/a\ud800") == "/a%3F"


def test_the_last_length_of_a_return_address(https: Settings) -> None:
    begun = "https://shop.test/"
    longest = begun + "a" * (MAX_LENGTH - len(begun))
    whole = begun + "a" * (MAX_WHOLE_LENGTH - len(begun))
    assert safe_next(longest, https) == longest
    assert safe_return(longest, SHOP.origins) == longest
    assert whole_address(whole, https) == whole
    assert safe_next(longest + "a", https) is None
    assert safe_return(longest + "a", SHOP.origins) is None
    assert whole_address(whole + "a", https) is None
