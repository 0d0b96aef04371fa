"""`wxlogin users list`, `find` and `show`: whom a question is about."""

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from tests.support.people import People, two_that_merge, user_of
from wxlogin.accounts import people as accounts
from wxlogin.accounts import phones
from wxlogin.cli import main
from wxlogin.db import transaction
from wxlogin.service import running
from wxlogin.sites import members
from wxlogin.wechat.open_data import PhoneNumber

Command = Callable[..., Result]


def uids(result: Result) -> list[str]:
    return [one["uid"] for one in json.loads(result.stdout)["users"]]


@pytest.fixture
def three(guests: People) -> dict[str, str]:
    """小明, 李华 and 100% by name, a second apart: their uids."""
    guests.signs_in("web", "openid-ming", "unionid-ming", name="小明😀 Ming")
    guests.signs_in("mp", "openid-hua", "unionid-hua", name="李华")
    guests.signs_in("web", "openid-per", name="100%")
    return {
        "ming": user_of("web", "openid-ming").uid,
        "hua": user_of("mp", "openid-hua").uid,
        "per": user_of("web", "openid-per").uid,
    }


def test_users_are_listed_page_by_page(wxlogin: Command, three: dict[str, str]) -> None:
    first = wxlogin("users", "list", "--limit", "2", "--json")
    assert uids(first) == [three["ming"], three["hua"]]
    after = json.loads(first.stdout)["after"]
    rest = wxlogin("users", "list", "--after", after, "--json")
    assert uids(rest) == [three["per"]]
    assert json.loads(rest.stdout)["after"] is None
    told = wxlogin("users", "list", "--limit", "2").stdout
    assert "小明😀 Ming" in told and f"--after {three['hua']}" in told
    assert wxlogin("users", "list", "--after", "nobody").exit_code == 1


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("小明", "ming"),
        ("ming", "ming"),
        ("%", "per"),
        ("openid-hua", "hua"),
        ("unionid-ming", "ming"),
        ("13800138000", "hua"),
        ("+86 138-0013-8000", "hua"),
        ("customer 7", "ming"),
    ],
)
def test_a_user_is_found_by_what_a_person_tells(
    wxlogin: Command, three: dict[str, str], text: str, who: str
) -> None:
    hua, ming = user_of("mp", "openid-hua"), user_of("web", "openid-ming")
    (identity,) = accounts.account(hua.id).identities
    number, sealer = PhoneNumber("86", "13800138000"), running().sealer
    transaction(
        lambda s: phones.store(
            s, identity.id, number, sealer=sealer, at=identity.first_seen_at
        )
    )
    members.set_external_id("teashop", ming.id, "customer 7")
    assert uids(wxlogin("users", "find", text, "--json")) == [three[who]]


@pytest.mark.parametrize("text", ["openid", "OPENID-HUA", "_", "138", "王", "\\"])
def test_who_is_not_there_is_not_found(
    wxlogin: Command, three: dict[str, str], text: str
) -> None:
    found = wxlogin("users", "find", text)
    assert found.exit_code == 1
    assert found.stdout == "Nobody.\n"


def test_nothing_finds_nobody(wxlogin: Command, guests: People) -> None:
    assert wxlogin("users", "find", " ").exit_code == 2


def test_who_was_merged_away_is_found_as_who_it_is_today(
    wxlogin: Command, guests: People
) -> None:
    two_that_merge(guests)
    (uid,) = uids(wxlogin("users", "list", "--json"))
    (former,) = accounts.find_user(uid).former_uids
    assert uids(wxlogin("users", "find", former, "--json")) == [uid]


def test_a_site_narrows_the_list(wxlogin: Command, three: dict[str, str]) -> None:
    ming = user_of("web", "openid-ming")
    members.set_external_id("teashop", ming.id, "42")
    members.set_external_id("other", user_of("mp", "openid-hua").id, "43")
    listed = wxlogin("users", "list", "--site", "teashop", "--json")
    assert uids(listed) == [three["ming"]]
    assert wxlogin("users", "find", "43", "--site", "teashop").exit_code == 1
    assert wxlogin("users", "list", "--site", "nowhere").exit_code == 2


def test_show_tells_of_each_thing_that_is_stored(
    wxlogin: Command, three: dict[str, str]
) -> None:
    members.set_external_id("teashop", user_of("web", "openid-ming").id, "42")
    told = wxlogin("users", "show", three["ming"]).stdout
    for fact in ("Identities: 1", "Sites: 1", "teashop", "42", "History: 1"):
        assert fact in told
    assert "Nothing of: phones, pictures" in told
    copy = json.loads(wxlogin("users", "show", three["ming"], "--json").stdout)
    assert copy["sites"][0]["external_id"] == "42"


@pytest.mark.parametrize(
    "words", [("merges", "list"), ("conflicts", "list"), ("keys", "list")]
)
def test_lists_are_json_for_scripts(
    wxlogin: Command, guests: People, words: tuple[str, ...]
) -> None:
    assert json.loads(wxlogin(*words, "--json").stdout) == []
    two_that_merge(guests)
    found = json.loads(wxlogin("merges", "list", "--json").stdout)
    assert found[0]["cause"] == "unionid" and found[0]["at"].endswith("+00:00")


def test_json_is_json_on_every_terminal(wxlogin: Command, guests: People) -> None:
    guests.signs_in("web", "o1", name="小明😀")
    words = ("users", "find", "o1", "--json")
    told = CliRunner(charset="ascii").invoke(main, words).stdout
    assert json.loads(told)["users"][0]["nickname"] == "小明😀"
