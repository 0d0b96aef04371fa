"""Which addresses count as one (security rows 97 and 102), and which are near."""

import pytest

from wxlogin.security.networks import are_near, group_of, is_inner, masked

SAME = {
    "203.0.113.7": [
        "203.0.113.7",
        " 203.0.113.7 ",
        "203.0.113.7:51000",
        "::ffff:203.0.113.7",
        "::FFFF:CB00:7107",
        "0:0:0:0:0:ffff:203.0.113.7",
        "[::ffff:203.0.113.7]:51000",
        "64:ff9b::203.0.113.7",
        "64:ff9b::cb00:7107",
        "2002:cb00:7107::1",
        "2002:cb00:7107:ffff::9",
    ],
    "2001:db8:1:2::/64": [
        "2001:db8:1:2::1",
        "2001:db8:1:2:ffff:ffff:ffff:ffff",
        "2001:0DB8:0001:0002:0000:0000:0000:0009",
        "[2001:db8:1:2::1]",
        "[2001:db8:1:2::1]:443",
        "2001:db8:1:2::1%eth0",
    ],
    "unknown": ["", "  ", "unknown"],
}


@pytest.mark.parametrize(
    ("group", "address"), [(group, one) for group, all_ in SAME.items() for one in all_]
)
def test_every_spelling_counts_as_one(group, address):
    assert group_of(address) == group


@pytest.mark.parametrize(
    "other",
    [
        "203.0.113.8",
        "::ffff:203.0.113.8",
        "64:ff9b::203.0.113.8",
        "2001:db8:1:3::1",
        "_hidden",
        "x" * 10_000,
    ],
)
def test_others_count_by_themselves(other):
    assert group_of(other) not in SAME
    assert len(group_of(other)) <= 64


@pytest.mark.parametrize(
    ("address", "inner"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("10.0.0.7", True),
        ("::ffff:172.17.0.1", True),
        ("fd00::7", True),
        ("", True),
        ("8.8.8.8", False),
        ("2606:4700::1", False),
        ("::ffff:8.8.8.8", False),
    ],
)
def test_where_a_proxy_of_ours_would_be(address, inner):
    assert is_inner(address) is inner


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7", "203.0.113.250:51000"),
        ("203.0.113.7", "::ffff:203.0.113.9"),
        ("203.0.113.7", "64:ff9b::203.0.113.9"),
        ("127.0.0.1", "127.0.0.1"),
        ("2001:db8:1:200::1", "2001:db8:1:2ff:ffff::9"),
        ("[2001:db8:1:200::1]:443", "2001:db8:1:201::1%eth0"),
    ],
)
def test_who_is_near(one, other):
    """security row 74"""
    assert are_near(one, other) and are_near(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("203.0.113.7", "203.0.112.7"),
        ("203.0.113.7", "2001:db8::1"),
        ("2001:db8:1:200::1", "2001:db8:1:300::1"),
        ("::ffff:203.0.113.7", "::ffff:198.51.100.9"),
        ("", ""),
        ("unknown", "unknown"),
        ("unix:", "127.0.0.1"),
        ("203.0.113.7, 198.51.100.9", "203.0.113.7, 198.51.100.9"),
    ],
)
def test_who_is_not(one, other):
    """security row 74: what is no address is near nothing, itself included"""
    assert not are_near(one, other) and not are_near(other, one)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("203.0.113.7", "203.0.113.x"),
        ("::ffff:203.0.113.7", "203.0.113.x"),
        ("2001:db8:1:200::1", "2001:db8:1:x"),
        ("::1", "0:0:0:x"),
        ("unknown", ""),
    ],
)
def test_an_address_for_somebody_elses_eyes(address, shown):
    assert masked(address) == shown
